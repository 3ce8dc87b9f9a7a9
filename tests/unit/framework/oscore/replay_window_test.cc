#include "framework/oscore/replay_window.h"

#include <random>
#include <set>
#include <span>

#include <gtest/gtest.h>

#include "framework/oscore/option.h"

namespace osprey::oscore {
namespace {

constexpr size_t kSizes[] = {1, 2, 31, 32, 33, 63, 64, 65, 127, 128, 129, 1000, 1024, 4096};

// What RFC 6347 §4.1.2.6 says, remembering every number ever seen.
class Model {
 public:
  explicit Model(size_t size) : size_(size) {}

  void initialise_empty() {
    is_set_ = true;
    seen_.clear();
    floor_ = 0;
  }
  void initialise_at(uint64_t piv) {
    is_set_ = true;
    seen_ = {piv};
    floor_ = piv;
  }
  bool may_accept(uint64_t piv) const {
    if (!is_set_ || piv < floor_ || seen_.count(piv) != 0) return false;
    return seen_.empty() || piv > *seen_.rbegin() || *seen_.rbegin() - piv < size_;
  }
  bool try_record(uint64_t piv) {
    if (!may_accept(piv)) return false;
    seen_.insert(piv);
    return true;
  }
  uint64_t newest() const { return seen_.empty() ? 0 : *seen_.rbegin(); }

 private:
  size_t size_;
  bool is_set_ = false;
  uint64_t floor_ = 0;
  std::set<uint64_t> seen_;
};

// A number of the kind that traffic, loss, reordering and attackers make.
uint64_t next_piv(std::mt19937_64& random, const Model& model, size_t size) {
  const uint64_t newest = model.newest();
  const auto below = [&](uint64_t distance) { return newest - std::min(newest, distance); };
  uint64_t piv = 0;
  switch (random() % 8) {
    case 0:
    case 1: piv = newest + 1; break;                            // in order
    case 2: piv = newest; break;                                // a duplicate
    case 3: piv = below(random() % (size + 2)); break;          // reordered, or just too old
    case 4: piv = below(random() % (4 * size + 4)); break;      // old
    case 5: piv = newest + 1 + random() % (size + 2); break;    // some lost
    case 6: piv = newest + random() % (3 * size + 200); break;  // many lost
    default: piv = random() % 64 == 0 ? random() >> 24 : newest + 2; break;  // a leap
  }
  return std::min(piv, kMaxSequenceNumber);
}

// Goal: the ring of bits is the sliding window of the RFC. Method: random runs, compared at every
// step with a model that forgets nothing; numbers around the edges are probed as well.
void compare_with_model(size_t size, uint64_t seed, bool starts_empty) {
  SCOPED_TRACE("size " + std::to_string(size) + ", seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  ReplayWindow window(size);
  Model model(size);
  if (starts_empty) {
    window.initialise_empty();
    model.initialise_empty();
  } else {
    const uint64_t piv = random() >> (24 + random() % 40);
    window.initialise_at(piv);
    model.initialise_at(piv);
  }
  for (int step = 0; step < 2'000; ++step) {
    const uint64_t piv = next_piv(random, model, size);
    const uint64_t newest = model.newest();
    for (const uint64_t probe : {piv, newest, newest + 1, newest - size, newest - size + 1}) {
      if (probe > kMaxSequenceNumber) continue;
      ASSERT_EQ(window.may_accept(probe), model.may_accept(probe))
          << "step " << step << ": " << probe << " with newest " << newest;
    }
    ASSERT_EQ(window.try_record(piv), model.try_record(piv)) << "step " << step << ": " << piv;
    ASSERT_FALSE(window.try_record(piv));
  }
}

TEST(ReplayWindow, IsTheSlidingWindowOfTheRfc) {
  for (const size_t size : kSizes) {
    for (uint64_t seed = 0; seed < 6; ++seed) {
      compare_with_model(size, seed, seed % 2 == 0);
      if (HasFatalFailure()) return;
    }
  }
}

TEST(ReplayWindow, UnsetAcceptsNothing) {
  for (const size_t size : kSizes) {
    ReplayWindow window(size);
    EXPECT_FALSE(window.is_set());
    EXPECT_EQ(window.size(), size);
    for (const uint64_t piv : {uint64_t{0}, uint64_t{1}, kMaxSequenceNumber}) {
      EXPECT_FALSE(window.may_accept(piv));
      EXPECT_FALSE(window.try_record(piv));
    }
    EXPECT_FALSE(window.is_set());
  }
}

TEST(ReplayWindow, EmptyAcceptsEverythingOnce) {
  for (const size_t size : kSizes) {
    ReplayWindow window(size);
    window.initialise_empty();
    EXPECT_TRUE(window.is_set());
    EXPECT_TRUE(window.may_accept(0));
    EXPECT_TRUE(window.may_accept(kMaxSequenceNumber));
    EXPECT_TRUE(window.try_record(0));
    EXPECT_FALSE(window.try_record(0));
  }
}

// B.1.2: that number is seen, all below refused, all above open.
TEST(ReplayWindow, InitialisedAtANumberOpensAboveIt) {
  for (const size_t size : kSizes) {
    for (const uint64_t piv : {uint64_t{0}, uint64_t{5}, uint64_t{64}, uint64_t{4096},
                               uint64_t{1000000}, kMaxSequenceNumber}) {
      ReplayWindow window(size);
      window.initialise_at(piv);
      EXPECT_TRUE(window.is_set());
      EXPECT_FALSE(window.may_accept(piv));
      for (uint64_t below = 1; below <= std::min<uint64_t>(piv, size + 2); ++below) {
        ASSERT_FALSE(window.may_accept(piv - below)) << size << ": " << piv << " - " << below;
      }
      EXPECT_TRUE(window.may_accept(piv + 1));
      EXPECT_TRUE(window.may_accept(piv + 2 * size));
    }
  }
}

TEST(ReplayWindow, WhatIsBelowTheStartStaysRefusedWhileTheWindowMoves) {
  for (const size_t size : kSizes) {
    ReplayWindow window(size);
    window.initialise_at(10'000);
    for (uint64_t piv = 10'002; piv < 10'000 + 3 * size; piv += 2) {
      ASSERT_TRUE(window.try_record(piv));
      for (uint64_t below = 10'000 - std::min<uint64_t>(size, 100); below <= 10'000; ++below) {
        ASSERT_FALSE(window.may_accept(below)) << size;
      }
    }
  }
}

TEST(ReplayWindow, LeftEdgeIsNewestMinusSizePlusOne) {
  for (const size_t size : kSizes) {
    ReplayWindow window(size);
    window.initialise_empty();
    ASSERT_TRUE(window.try_record(100'000));
    EXPECT_FALSE(window.may_accept(100'000 - size));
    if (size > 1) {
      EXPECT_TRUE(window.may_accept(100'000 - size + 1));
    }
  }
}

TEST(ReplayWindow, LookingChangesNothing) {
  ReplayWindow window(32);
  window.initialise_empty();
  ASSERT_TRUE(window.try_record(40));
  for (uint64_t piv = 0; piv < 200; ++piv) static_cast<void>(window.may_accept(piv));
  EXPECT_TRUE(window.may_accept(39));
  EXPECT_TRUE(window.may_accept(41));
  EXPECT_FALSE(window.may_accept(8));
}

TEST(ReplayWindow, ReachesTheLastNumberOf40Bits) {
  for (const size_t size : kSizes) {
    ReplayWindow window(size);
    window.initialise_empty();
    ASSERT_TRUE(window.try_record(0));
    ASSERT_TRUE(window.try_record(kMaxSequenceNumber));
    EXPECT_FALSE(window.try_record(kMaxSequenceNumber));
    EXPECT_FALSE(window.try_record(0));
    EXPECT_FALSE(window.try_record(kMaxSequenceNumber - size));
    if (size > 1) {
      EXPECT_TRUE(window.try_record(kMaxSequenceNumber - size + 1));
      EXPECT_FALSE(window.try_record(kMaxSequenceNumber - size + 1));
      EXPECT_EQ(window.try_record(kMaxSequenceNumber - 1), size > 2);
    }
  }
}

TEST(ReplayWindow, InitialisingAgainForgetsTheOldState) {
  ReplayWindow window(128);
  window.initialise_at(5'000);
  window.initialise_empty();
  EXPECT_TRUE(window.try_record(0));
  window.initialise_at(7);
  EXPECT_FALSE(window.may_accept(6));
  EXPECT_TRUE(window.may_accept(8));
}

// Goal: a window that was saved and restored is the window. Method: at random moments of a random
// run, go on with a restored one beside the original; both are compared with the model that
// forgets nothing, so that a ring full of old bits would be seen.
void compare_restored(size_t size, uint64_t seed) {
  SCOPED_TRACE("size " + std::to_string(size) + ", seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  ReplayWindow window(size);
  Model model(size);
  if (seed % 2 == 0) {
    window.initialise_empty();
    model.initialise_empty();
  } else {
    const uint64_t piv = random() >> (24 + random() % 40);
    window.initialise_at(piv);
    model.initialise_at(piv);
  }
  for (int round = 0; round < 20; ++round) {
    ReplayWindow restored(size);
    if (random() % 2 == 0) restored.initialise_at(random() >> 24);  // whatever it was before
    restored.restore(window.next(), window.words());
    ASSERT_TRUE(restored.is_set());
    const uint64_t newest = model.newest();
    for (uint64_t piv = newest - std::min<uint64_t>(newest, 2 * size + 70); piv <= newest + 2;
         ++piv) {
      ASSERT_EQ(restored.may_accept(piv), model.may_accept(piv))
          << "round " << round << ": " << piv;
    }
    for (int step = 0; step < 40; ++step) {
      const uint64_t piv = next_piv(random, model, size);
      const bool accepted = model.try_record(piv);
      ASSERT_EQ(window.try_record(piv), accepted) << "round " << round << ": " << piv;
      ASSERT_EQ(restored.try_record(piv), accepted) << "round " << round << ": " << piv;
    }
  }
}

TEST(ReplayWindow, RestoredIsTheWindowThatWasSaved) {
  for (const size_t size : kSizes) {
    for (uint64_t seed = 0; seed < 6; ++seed) {
      compare_restored(size, seed);
      if (HasFatalFailure()) return;
    }
  }
  std::mt19937_64 random(7);
  for (int i = 0; i < 100; ++i) {
    compare_restored(1 + random() % kMaxReplayWindow, random());
    if (HasFatalFailure()) return;
  }
}

TEST(ReplayWindow, BitsOutsideTheWindowDoNotMatter) {
  ReplayWindow window(5);  // of a ring of 64
  for (const uint64_t outside : {uint64_t{0}, ~uint64_t{0}}) {
    const uint64_t seen = (outside & ~uint64_t{0b11111 << 4}) | 0b10001 << 4;  // 8 and 4, next 9
    window.restore(9, std::span(&seen, 1));
    EXPECT_FALSE(window.may_accept(3));
    EXPECT_FALSE(window.may_accept(4));
    EXPECT_TRUE(window.may_accept(5));
    EXPECT_FALSE(window.may_accept(8));
    ASSERT_TRUE(window.try_record(60));
    for (uint64_t piv = 56; piv < 60; ++piv) EXPECT_TRUE(window.may_accept(piv)) << piv;
    EXPECT_FALSE(window.may_accept(55));
  }
}

TEST(ReplayWindow, WordsAreAsManyAsTheSizeNeeds) {
  EXPECT_EQ(ReplayWindow(1).words().size(), 1u);
  EXPECT_EQ(ReplayWindow(64).words().size(), 1u);
  EXPECT_EQ(ReplayWindow(65).words().size(), 2u);
  EXPECT_EQ(ReplayWindow(129).words().size(), 4u);
  EXPECT_EQ(ReplayWindow(4096).words().size(), 64u);
}

TEST(ReplayWindowDeathTest, RestoringAnotherSizeIsABug) {
  ReplayWindow window(65);
  const uint64_t one_word = 0;
  EXPECT_DEATH(window.restore(9, std::span(&one_word, 1)), "CHECK failed");
}

TEST(ReplayWindowDeathTest, OtherSizesAreABug) {
  EXPECT_DEATH(ReplayWindow(0), "CHECK failed");
  EXPECT_DEATH(ReplayWindow(kMaxReplayWindow + 1), "CHECK failed");
}

}  // namespace
}  // namespace osprey::oscore
