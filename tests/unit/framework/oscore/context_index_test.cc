#include "framework/oscore/context_index.h"

#include <algorithm>
#include <deque>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/support/contexts.h"

namespace osprey::oscore {
namespace {

// Contexts with the kids 0 to 2^24, made when asked for.
std::unique_ptr<SecurityContext> numbered(uint32_t number) {
  ContextParameters parameters;
  parameters.recipient_id = {static_cast<uint8_t>(number), static_cast<uint8_t>(number >> 8),
                             static_cast<uint8_t>(number >> 16)};
  DerivedKeys keys;
  keys.sender_key.space(parameters.aead->key_len);
  keys.recipient_key.space(parameters.aead->key_len);
  keys.common_iv = Nonce(std::vector<uint8_t>(parameters.aead->nonce_len));
  return std::make_unique<SecurityContext>(parameters, keys);
}

class ContextIndexTest : public ::testing::Test {
 protected:
  SecurityContext* find(const SecurityContext& context) {
    return index_.find(context.recipient_id(), {});
  }
  ContextIndex index_{ContextIndex::Key::kKid, 1};
  Quiescence nobody_{0};
};

TEST_F(ContextIndexTest, StaysAtMostThreeQuartersFull) {
  std::vector<std::unique_ptr<SecurityContext>> contexts;
  for (uint32_t i = 0; i < 3000; ++i) {
    contexts.push_back(numbered(i));
    index_.insert(*contexts.back());
    ASSERT_LE(contexts.size(), index_.capacity() / 4 * 3);
    ASSERT_LE(index_.capacity(), std::max<size_t>(16, 4 * contexts.size()));
  }
  for (const auto& context : contexts) EXPECT_EQ(find(*context), context.get());
}

TEST_F(ContextIndexTest, HoldsWhatIsExpectedWithoutGrowing) {
  const std::pair<size_t, size_t> rows[] = {
      {0, 16},   {1, 16},   {12, 16},  {13, 32},  {24, 32},     {25, 64},     {48, 64},
      {49, 128}, {64, 128}, {96, 128}, {97, 256}, {1000, 2048}, {1536, 2048}, {1537, 4096}};
  for (const auto& [expected, capacity] : rows) {
    ContextIndex index(ContextIndex::Key::kKid, 1);
    index.expect(expected);
    EXPECT_EQ(index.capacity(), capacity) << expected;
    std::vector<std::unique_ptr<SecurityContext>> contexts;
    for (uint32_t i = 0; i < expected; ++i) {
      contexts.push_back(numbered(i));
      index.insert(*contexts.back());
    }
    EXPECT_EQ(index.capacity(), capacity) << expected;
  }
}

TEST_F(ContextIndexTest, ExpectingLessChangesNothing) {
  index_.expect(1000);
  index_.expect(10);
  EXPECT_EQ(index_.capacity(), 2048u);
}

// Goal: a table through which contexts pass for ever neither grows nor fills up with what is gone,
// and loses none. Method: 100 stay, one after the other of 50,000 passes through.
TEST_F(ContextIndexTest, WhatIsGoneTakesNoRoomForEver) {
  std::vector<std::unique_ptr<SecurityContext>> staying;
  for (uint32_t i = 0; i < 100; ++i) {
    staying.push_back(numbered(i));
    index_.insert(*staying.back());
  }
  std::deque<std::unique_ptr<SecurityContext>> passing;
  for (uint32_t i = 100; i < 50'000; ++i) {
    passing.push_back(numbered(i));
    index_.insert(*passing.back());
    if (passing.size() > 20) {
      index_.remove(*passing.front());
      ASSERT_EQ(find(*passing.front()), nullptr);
      passing.pop_front();
    }
    ASSERT_LE(index_.capacity(), 256u);
    index_.reclaim(nobody_);
    if (i % 64 == 0) {
      for (const auto& context : staying) ASSERT_EQ(find(*context), context.get());
    }
  }
}

// Thousands of lookups that end at nothing, in a table that was full once.
TEST_F(ContextIndexTest, AfterEverythingIsGoneLookupsStillEnd) {
  std::vector<std::unique_ptr<SecurityContext>> contexts;
  for (uint32_t i = 0; i < 1000; ++i) {
    contexts.push_back(numbered(i));
    index_.insert(*contexts.back());
  }
  std::shuffle(contexts.begin(), contexts.end(), std::mt19937(1));
  for (const auto& context : contexts) index_.remove(*context);
  for (const auto& context : contexts) EXPECT_EQ(find(*context), nullptr);
}

// What a reader that began before the growth still walks is the old array, unchanged.
TEST_F(ContextIndexTest, OldArraysWaitForTheirReaders) {
  Quiescence readers(1);
  readers.enter(0);
  std::vector<std::unique_ptr<SecurityContext>> contexts;
  for (uint32_t i = 0; i < 100; ++i) {
    contexts.push_back(numbered(i));
    index_.insert(*contexts.back());
    index_.reclaim(readers);
  }
  EXPECT_GT(index_.num_retired(), 1u);
  readers.enter(0);
  index_.reclaim(readers);
  EXPECT_EQ(index_.num_retired(), 0u);
}

TEST(ContextIndexByIdContext, TellsIdContextsApart) {
  ContextIndex index(ContextIndex::Key::kKidAndIdContext, 1);
  const auto aa = test::server_context({.id_context = "aa"});
  const auto empty = test::server_context({.id_context = ""});
  index.insert(*aa);
  index.insert(*empty);
  const uint8_t byte = 0xaa;
  EXPECT_EQ(index.find(aa->recipient_id(), Bytes(&byte, 1)), aa.get());
  EXPECT_EQ(index.find(aa->recipient_id(), {}), empty.get());
  EXPECT_EQ(index.find({}, Bytes(&byte, 1)), nullptr);
  index.remove(*aa);
  EXPECT_EQ(index.find(aa->recipient_id(), Bytes(&byte, 1)), nullptr);
}

}  // namespace
}  // namespace osprey::oscore
