#include "framework/oscore/sequence.h"

#include <gtest/gtest.h>

#include "framework/oscore/context_store.h"
#include "tests/unit/support/contexts.h"

namespace osprey::oscore {
namespace {

TEST(SenderSequence, HasNothingUntilSomethingIsReserved) {
  SenderSequence sequence;
  EXPECT_FALSE(sequence.take().has_value());
  sequence.reserve({5, 5});
  EXPECT_FALSE(sequence.take().has_value());
}

TEST(SenderSequence, TakesEachNumberOfItsRangeOnceInOrder) {
  SenderSequence sequence;
  sequence.reserve({3, 6});
  EXPECT_EQ(sequence.take(), 3u);
  EXPECT_EQ(sequence.next(), 4u);
  EXPECT_EQ(sequence.limit(), 6u);
  EXPECT_EQ(sequence.take(), 4u);
  EXPECT_EQ(sequence.take(), 5u);
  EXPECT_FALSE(sequence.take().has_value());
  EXPECT_EQ(sequence.next(), 6u);
}

TEST(SenderSequence, RangesOnlyGoUp) {
  SenderSequence sequence;
  sequence.reserve({0, 2});
  ASSERT_EQ(sequence.take(), 0u);
  sequence.reserve({10, 11});  // the rest of the old range is given up
  EXPECT_EQ(sequence.take(), 10u);
  sequence.reserve({11, 12});
  EXPECT_EQ(sequence.take(), 11u);
  EXPECT_FALSE(sequence.take().has_value());
}

// RFC 8613 §7.2.1: 2^40 - 1 is the last number; then the context is used up.
TEST(SenderSequence, LastNumberIsUsedAndThenNoMore) {
  SenderSequence sequence;
  sequence.reserve({kMaxSequenceNumber - 1, kMaxSequenceNumber + 1});
  EXPECT_EQ(sequence.take(), kMaxSequenceNumber - 1);
  EXPECT_EQ(sequence.take(), kMaxSequenceNumber);
  EXPECT_FALSE(sequence.take().has_value());
  sequence.reserve({kMaxSequenceNumber + 1, kMaxSequenceNumber + 1});
  EXPECT_FALSE(sequence.take().has_value());
}

// I1: rather dead than one number twice.
TEST(SenderSequenceDeathTest, GoingDownDies) {
  SenderSequence sequence;
  sequence.reserve({10, 20});
  ASSERT_EQ(sequence.take(), 10u);
  EXPECT_DEATH(sequence.reserve({10, 20}), "CHECK failed");
  EXPECT_DEATH(sequence.reserve({0, 5}), "CHECK failed");
}

TEST(SenderSequenceDeathTest, MoreThan40BitsDies) {
  SenderSequence sequence;
  EXPECT_DEATH(sequence.reserve({0, kMaxSequenceNumber + 2}), "CHECK failed");
}

TEST(TakeSequenceNumber, ReservesWhenTheRangeIsUsedUpAndTellsWhenThereIsNone) {
  const auto context = test::client_context();
  test::OneRange source({7, 9});
  EXPECT_EQ(take_sequence_number(*context, source), 7u);
  EXPECT_EQ(take_sequence_number(*context, source), 8u);
  EXPECT_FALSE(take_sequence_number(*context, source).has_value());
  test::NoNumbers none;
  EXPECT_FALSE(take_sequence_number(*context, none).has_value());
  test::OneRange more({9, 10});
  EXPECT_EQ(take_sequence_number(*context, more), 9u);
}

// Goal: a source that is too busy to hear of a need hears of it again, and then no more.
TEST(TakeSequenceNumber, TellsOfANeedUntilItIsHeard) {
  class Deaf final : public SequenceSource {
   public:
    std::optional<SequenceRange> reserve_sender_sequence(SecurityContext& /*context*/) override {
      return std::nullopt;
    }
    bool expect_need(SecurityContext& /*context*/) override { return ++times_told == 3; }
    int times_told = 0;
  };
  const auto context = test::client_context();
  context->sequence().reserve({0, 32});
  Deaf source;
  const auto take = [&](int count) {
    for (int i = 0; i < count; ++i) EXPECT_TRUE(take_sequence_number(*context, source));
  };
  take(15);
  EXPECT_EQ(source.times_told, 0);
  take(2);
  EXPECT_EQ(source.times_told, 2);
  take(15);
  EXPECT_EQ(source.times_told, 3);
}

TEST(TakeSequenceNumberDeathTest, AStoreThatHandsOutARangeAgainIsCaught) {
  const auto context = test::client_context();
  test::OneRange source({7, 8});
  ASSERT_EQ(take_sequence_number(*context, source), 7u);
  test::OneRange again({7, 8});
  EXPECT_DEATH(static_cast<void>(take_sequence_number(*context, again)), "CHECK failed");
}

}  // namespace
}  // namespace osprey::oscore
