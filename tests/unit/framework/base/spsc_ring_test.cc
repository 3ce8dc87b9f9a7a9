#include "framework/base/spsc_ring.h"

#include <array>
#include <deque>
#include <optional>
#include <random>
#include <thread>

#include <gtest/gtest.h>

namespace osprey {
namespace {

bool push(SpscRing<uint64_t>& ring, uint64_t value) {
  return ring.push([&](uint64_t& item) { item = value; });
}

std::optional<uint64_t> pop(SpscRing<uint64_t>& ring) {
  std::optional<uint64_t> value;
  ring.pop([&](const uint64_t& item) { value = item; });
  return value;
}

TEST(SpscRing, HoldsItsCapacityAndRefusesMore) {
  for (const size_t capacity : {1, 2, 4, 128}) {
    SpscRing<uint64_t> ring(capacity);
    EXPECT_TRUE(ring.empty());
    for (uint64_t i = 0; i < capacity; ++i) EXPECT_TRUE(push(ring, i));
    EXPECT_FALSE(push(ring, 99));
    for (uint64_t i = 0; i < capacity; ++i) EXPECT_EQ(pop(ring), i);
    EXPECT_EQ(pop(ring), std::nullopt);
    EXPECT_TRUE(ring.empty());
  }
}

// Goal: first in, first out, round the ring many times. Method: the same steps on a deque.
TEST(SpscRing, IsAQueueOfFixedLength) {
  for (const size_t capacity : {1, 2, 8, 64}) {
    std::mt19937 random(static_cast<uint32_t>(capacity));
    SpscRing<uint64_t> ring(capacity);
    std::deque<uint64_t> model;
    for (uint64_t step = 0; step < 20'000; ++step) {
      if (random() % 2 == 0) {
        const bool fits = model.size() < capacity;
        ASSERT_EQ(push(ring, step), fits);
        if (fits) model.push_back(step);
      } else {
        std::optional<uint64_t> expected;
        if (!model.empty()) {
          expected = model.front();
          model.pop_front();
        }
        ASSERT_EQ(pop(ring), expected);
      }
      ASSERT_EQ(ring.empty(), model.empty());
    }
  }
}

TEST(SpscRing, RefusedItemIsNotWritten) {
  SpscRing<uint64_t> ring(1);
  push(ring, 1);
  bool is_called = false;
  EXPECT_FALSE(ring.push([&](uint64_t&) { is_called = true; }));
  EXPECT_FALSE(is_called);
}

TEST(SpscRingDeathTest, CapacityIsAPowerOfTwo) {
  EXPECT_DEATH(SpscRing<int>(0), "CHECK failed");
  EXPECT_DEATH(SpscRing<int>(3), "CHECK failed");
}

struct Item {
  uint64_t number = 0;
  std::array<uint64_t, 8> copies{};  // torn if the ring publishes before it has written
};

// Goal: between two threads nothing is lost, doubled, reordered or torn (run under TSan as well).
TEST(SpscRing, TwoThreadsPassEveryItemOnceAndWhole) {
  constexpr uint64_t kItems = 200'000;
  SpscRing<Item> ring(64);
  std::thread producer([&] {
    for (uint64_t i = 0; i < kItems;) {
      const bool pushed = ring.push([&](Item& item) {
        item.number = i;
        item.copies.fill(i);
      });
      if (pushed) {
        ++i;
      } else {
        std::this_thread::yield();
      }
    }
  });
  uint64_t expected = 0;
  uint64_t num_torn = 0;
  while (expected < kItems) {
    const bool popped = ring.pop([&](const Item& item) {
      num_torn += item.number != expected;
      for (const uint64_t copy : item.copies) num_torn += copy != expected;
    });
    if (popped) {
      ++expected;
    } else {
      std::this_thread::yield();
    }
  }
  producer.join();
  EXPECT_EQ(num_torn, 0u);
  EXPECT_TRUE(ring.empty());
}

}  // namespace
}  // namespace osprey
