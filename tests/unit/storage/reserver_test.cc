#include "storage/reserver.h"

#include "tests/unit/storage/store_world.h"

namespace osprey::storage {
namespace {

using oscore::kMaxSequenceNumber;
using oscore::SecurityContext;
using oscore::SequenceRange;

constexpr uint64_t start_of(uint64_t epoch) { return epoch * kEpochLen; }

TEST(NextChunk, GrowsFrom32To65536) {
  uint32_t chunk = 0;
  for (uint32_t expected = 32; expected <= 65'536; expected *= 2) {
    chunk = next_chunk(chunk);
    EXPECT_EQ(chunk, expected);
  }
  EXPECT_EQ(next_chunk(chunk), 65'536u);
}

TEST(NextRange, StaysInTheContextsEpochUntilThatIsUsedUp) {
  const struct {
    const char* name;
    uint64_t limit;
    uint32_t chunk_len;
    uint32_t epoch;
    std::optional<SequenceRange> range;
  } kCases[] = {
      {"goes on", start_of(5) + 32, 32, 5, {{start_of(5) + 32, start_of(5) + 64}}},
      {"goes on in an older epoch than the store's",
       start_of(3) + 32,
       64,
       5,
       {{start_of(3) + 32, start_of(3) + 96}}},
      {"goes on in a newer one", start_of(7) + 1, 32, 5, {{start_of(7) + 1, start_of(7) + 33}}},
      {"ends with the epoch", start_of(6) - 5, 32, 5, {{start_of(6) - 5, start_of(6)}}},
      {"used up, the store is further", start_of(4), 32, 5, {{start_of(5), start_of(5) + 32}}},
      {"used up, the store is there just now",
       start_of(5),
       32,
       5,
       {{start_of(5), start_of(5) + 32}}},
      {"used up with the store's", start_of(6), 32, 5, {}},
      {"used up above the store's", start_of(8), 32, 5, {}},
      {"never had one", 0, 32, 1, {{start_of(1), start_of(1) + 32}}},
      {"the last numbers",
       kMaxSequenceNumber,
       32,
       kMaxEpoch,
       {{kMaxSequenceNumber, kMaxSequenceNumber + 1}}},
      {"none are left", kMaxSequenceNumber + 1, 32, kMaxEpoch, {}},
  };
  for (const auto& c : kCases) {
    const auto range = next_range(c.limit, c.chunk_len, c.epoch);
    ASSERT_EQ(range.has_value(), c.range.has_value()) << c.name;
    if (!range) continue;
    EXPECT_EQ(range->first, c.range->first) << c.name;
    EXPECT_EQ(range->limit, c.range->limit) << c.name;
  }
}

// A store that is open for serving, without its thread, and contexts of it.
class ReserverTest : public ::testing::Test {
 protected:
  ReserverTest() : directory_(3) {
    auto opened = OpenedStore::open(directory_.path(), OpenMode::kServe, directory_.options());
    EXPECT_TRUE(opened) << error_of(opened);
    store_ = std::move(*opened);
    reserver_.emplace(*store_);
    for (uint32_t i = 0; i < 3; ++i) {
      contexts_.push_back(std::move(*SecurityContext::derive(numbered_context(i))));
      set_limit(i, start_of(1) + 32);
    }
  }

  void set_limit(uint32_t i, uint64_t limit) { contexts_[i]->reserved().publish(limit); }
  uint64_t limit(uint32_t i) { return contexts_[i]->reserved().limit(); }
  StoreLink::NumbersRequest request(uint32_t i) { return {contexts_[i].get(), limit(i)}; }
  std::optional<SequenceRecord> saved(uint32_t i) {
    const auto value = store_->database().get(Family::kSequences,
                                              context_key(*contexts_[i], store_->wrap()).view());
    EXPECT_TRUE(value) << error_of(value);
    if (!value || !*value) return std::nullopt;
    return *parse_sequence_record(as_bytes(std::string_view(**value)));
  }

  StoreDirectory directory_;
  std::unique_ptr<OpenedStore> store_;
  std::optional<Reserver> reserver_;
  std::vector<std::unique_ptr<SecurityContext>> contexts_;
};

TEST_F(ReserverTest, WhatIsPublishedIsInTheDatabase) {
  const StoreLink::NumbersRequest requests[] = {request(0), request(1)};
  ASSERT_TRUE(reserver_->serve(requests));
  for (const uint32_t i : {0u, 1u}) {
    EXPECT_EQ(limit(i), start_of(1) + 64);
    EXPECT_EQ(saved(i), (SequenceRecord{start_of(1) + 32, start_of(1) + 64}));
  }
  EXPECT_FALSE(saved(2));
  EXPECT_EQ(reserver_->num_reservations(), 2u);
  const StoreLink::NumbersRequest next[] = {request(0)};
  ASSERT_TRUE(reserver_->serve(next));
  EXPECT_EQ(limit(0), start_of(1) + 128) << "the second chunk is twice the first";
}

TEST_F(ReserverTest, WhoHasMoreByNowOrIsRemovedIsPassedOver) {
  const StoreLink::NumbersRequest stale{contexts_[0].get(), limit(0) - 1};
  contexts_[1]->reserved().is_closed = true;
  const StoreLink::NumbersRequest requests[] = {stale, request(1)};
  ASSERT_TRUE(reserver_->serve(requests));
  EXPECT_EQ(limit(0), start_of(1) + 32);
  EXPECT_EQ(limit(1), start_of(1) + 32);
  EXPECT_FALSE(saved(0));
  EXPECT_FALSE(saved(1));
}

// Goal: a context that asks twice in one group gets one chunk, durable as published, also when the
// epoch is raised between the two.
TEST_F(ReserverTest, DuplicatesInOneGroupGetOneChunk) {
  set_limit(0, start_of(2));
  set_limit(1, start_of(2));
  const StoreLink::NumbersRequest requests[] = {request(0), request(0), request(1), request(0),
                                                request(2)};
  ASSERT_TRUE(reserver_->serve(requests));
  EXPECT_EQ(store_->standing().epoch, 2u);
  EXPECT_EQ(store_->standing().epoch_of_doubt, 1u) << "nothing was lost";
  EXPECT_EQ(limit(0), start_of(2) + 32);
  EXPECT_EQ(limit(1), start_of(2) + 32);
  EXPECT_EQ(limit(2), start_of(1) + 64) << "goes on where it is";
  EXPECT_EQ(saved(0), (SequenceRecord{start_of(2), start_of(2) + 32}));
  EXPECT_EQ(saved(1), (SequenceRecord{start_of(2), start_of(2) + 32}));
  EXPECT_EQ(contexts_[0]->reserved().chunk_len, 32u);
  EXPECT_EQ(reserver_->num_reservations(), 3u);
}

// Goal: a write that fails publishes nothing, and the same requests succeed when the disk is back.
TEST_F(ReserverTest, FailingWritePublishesNothing) {
  const StoreLink::NumbersRequest requests[] = {request(0), request(1)};
  {
    const FullDisk full;
    const auto served = reserver_->serve(requests);
    EXPECT_TRUE(contains(error_of(served), "File too large")) << error_of(served);
    EXPECT_FALSE(store_->database().failure().empty());
    EXPECT_FALSE(reserver_->serve(requests));
    EXPECT_FALSE(store_->reopen_database()) << "the disk is still full";
  }
  EXPECT_EQ(limit(0), start_of(1) + 32);
  EXPECT_EQ(limit(1), start_of(1) + 32);
  EXPECT_EQ(reserver_->num_reservations(), 0u);
  const auto reopened = store_->reopen_database();
  ASSERT_TRUE(reopened) << error_of(reopened);
  ASSERT_TRUE(reserver_->serve(requests));
  EXPECT_EQ(limit(0), start_of(1) + 64);
  EXPECT_EQ(saved(1), (SequenceRecord{start_of(1) + 32, start_of(1) + 64}));
}

// Goal: what may be lost or half there after a failure counts as after a crash, but a disk that
// stays full does not use up the epochs.
TEST_F(ReserverTest, ReopenedStoreIsInDoubtAndAFullDiskTakesNoEpochs) {
  {
    const FullDisk full;
    const StoreLink::NumbersRequest requests[] = {request(0)};
    EXPECT_FALSE(reserver_->serve(requests));
    for (int i = 0; i < 5; ++i) EXPECT_FALSE(store_->reopen_database());
  }
  ASSERT_TRUE(store_->reopen_database());
  EXPECT_EQ(store_->standing().epoch, 2u);
  EXPECT_EQ(store_->standing().epoch_of_doubt, 2u);
  EXPECT_FALSE(store_->standing().continues);
}

// Goal: one context that can get no more does not hold up the others. Method: the first is at the
// end of all numbers.
TEST_F(ReserverTest, ContextWithoutNumbersDoesNotHoldUpTheOthers) {
  set_limit(0, kMaxSequenceNumber + 1);
  const StoreLink::NumbersRequest requests[] = {request(0), request(1), request(0), request(2)};
  ASSERT_TRUE(reserver_->serve(requests));
  ASSERT_TRUE(reserver_->refusal());
  EXPECT_EQ(limit(0), kMaxSequenceNumber + 1);
  EXPECT_EQ(limit(1), start_of(1) + 64);
  EXPECT_EQ(limit(2), start_of(1) + 64);
  EXPECT_EQ(store_->standing().epoch, 1u);
  const StoreLink::NumbersRequest next[] = {request(1)};
  ASSERT_TRUE(reserver_->serve(next));
  EXPECT_FALSE(reserver_->refusal());
}

// Goal: an epoch that was raised when the database failed is used, not passed over: a full disk
// with room for the small files must not eat the epochs.
TEST_F(ReserverTest, EpochThatIsDurableIsNotRaisedAgain) {
  set_limit(0, start_of(2));
  const StoreLink::NumbersRequest requests[] = {request(0)};
  for (int i = 0; i < 3; ++i) {
    // The epoch's files are written, the database is not: it takes no writes after the first.
    std::optional<FullDisk> full(std::in_place);
    Database::Batch batch = store_->database().batch();
    batch.put(Family::kMeta, as_bytes(std::string_view("x")), as_bytes(std::string_view("y")));
    EXPECT_FALSE(store_->database().write(batch, Durability::kSynced));
    full.reset();
    ASSERT_TRUE(reserver_->serve(requests));
    EXPECT_TRUE(reserver_->refusal());
    EXPECT_EQ(limit(0), start_of(2));
  }
  ASSERT_TRUE(store_->reopen_database());
  EXPECT_EQ(store_->standing().epoch, 3u) << "one was raised in vain, one by the reopening";
}

}  // namespace
}  // namespace osprey::storage
