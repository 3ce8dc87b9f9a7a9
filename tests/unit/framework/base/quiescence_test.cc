#include "framework/base/quiescence.h"

#include <memory>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace osprey {
namespace {

TEST(Quiescence, WithoutReadersPassesAtOnce) {
  Quiescence none(0);
  EXPECT_TRUE(none.has_passed(none.begin_grace()));
  Quiescence all_outside(3);
  EXPECT_TRUE(all_outside.has_passed(all_outside.begin_grace()));
}

TEST(Quiescence, WaitsForTheTurnThatHadBegun) {
  Quiescence readers(1);
  readers.enter(0);
  const auto ticket = readers.begin_grace();
  EXPECT_FALSE(readers.has_passed(ticket));
  EXPECT_FALSE(readers.has_passed(ticket));  // asking changes nothing
  readers.enter(0);
  EXPECT_TRUE(readers.has_passed(ticket));
  readers.enter(0);
  EXPECT_TRUE(readers.has_passed(ticket));  // and stays so
}

TEST(Quiescence, WhoeverLeavesIsNotWaitedFor) {
  Quiescence readers(2);
  readers.enter(0);
  readers.enter(1);
  const auto ticket = readers.begin_grace();
  readers.leave(0);
  EXPECT_FALSE(readers.has_passed(ticket));
  readers.leave(1);
  EXPECT_TRUE(readers.has_passed(ticket));
}

TEST(Quiescence, WaitsForEveryReader) {
  constexpr size_t kReaders = 5;
  for (size_t late = 0; late < kReaders; ++late) {
    Quiescence readers(kReaders);
    for (size_t reader = 0; reader < kReaders; ++reader) readers.enter(reader);
    const auto ticket = readers.begin_grace();
    for (size_t reader = 0; reader < kReaders; ++reader) {
      if (reader != late) readers.enter(reader);
    }
    EXPECT_FALSE(readers.has_passed(ticket));
    readers.enter(late);
    EXPECT_TRUE(readers.has_passed(ticket));
  }
}

// A turn that began between two tickets holds what the second one is for, and not the first.
TEST(Quiescence, TicketsPassInOrder) {
  Quiescence readers(1);
  readers.enter(0);
  const auto first = readers.begin_grace();
  readers.enter(0);
  const auto second = readers.begin_grace();
  EXPECT_LT(first, second);
  EXPECT_TRUE(readers.has_passed(first));
  EXPECT_FALSE(readers.has_passed(second));
  readers.leave(0);
  EXPECT_TRUE(readers.has_passed(second));
  readers.enter(0);
  EXPECT_TRUE(readers.has_passed(second));
}

struct Published {
  uint64_t a = 0;
  uint64_t b = 0;  // always a + 1; both 0 once freed
};

// Goal: nothing is freed under a reader, whether it goes from turn to turn or leaves in between.
// Method: a writer replaces one object over and over, and poisons and frees the old one after its
// grace period; readers check it. Run under TSan and ASan as well.
TEST(Quiescence, NothingIsFreedUnderAReader) {
  constexpr uint64_t kReplacements = 3000;
  constexpr size_t kReaders = 2;
  Quiescence readers(kReaders);
  std::atomic<Published*> current = new Published{1, 2};
  std::atomic<bool> is_over = false;
  std::atomic<uint64_t> num_wrong = 0;
  std::vector<std::thread> threads;
  for (size_t reader = 0; reader < kReaders; ++reader) {
    threads.emplace_back([&, reader] {
      for (uint64_t turn = 0; !is_over.load(std::memory_order_relaxed); ++turn) {
        readers.enter(reader);
        for (int i = 0; i < 8; ++i) {
          const Published* object = current.load(std::memory_order_acquire);
          num_wrong += object->b != object->a + 1;
        }
        if (turn % (2 + reader) == 0) readers.leave(reader);
        if (turn % 16 == 0) std::this_thread::yield();
      }
      readers.leave(reader);
    });
  }
  for (uint64_t i = 2; i < kReplacements; ++i) {
    std::unique_ptr<Published> old(
        current.exchange(new Published{i, i + 1}, std::memory_order_acq_rel));
    const auto ticket = readers.begin_grace();
    while (!readers.has_passed(ticket)) std::this_thread::yield();
    *old = {};
  }
  is_over = true;
  for (std::thread& thread : threads) thread.join();
  delete current.load();
  EXPECT_EQ(num_wrong, 0u);
}

}  // namespace
}  // namespace osprey
