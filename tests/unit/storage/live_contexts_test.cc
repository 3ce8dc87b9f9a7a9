#include "storage/live_contexts.h"

#include "storage/records/window_record.h"
#include "tests/unit/storage/store_world.h"

namespace osprey::storage {
namespace {

using oscore::ContextParameters;
using oscore::ContextTable;
using oscore::kMaxSequenceNumber;
using oscore::ReplayWindow;
using oscore::SecurityContext;

constexpr uint64_t start_of(uint64_t epoch) { return epoch * kEpochLen; }

TEST(FirstRange, IsAboveEverythingThatMayHaveBeenUsed) {
  const struct {
    const char* name;
    std::optional<SequenceRecord> saved;
    Standing standing;
    uint64_t first;
    uint64_t limit;
  } kCases[] = {
      {"fresh, new epoch", {}, {5, 5, false}, start_of(5), start_of(5) + 32},
      {"fresh, continued", {}, {5, 5, true}, start_of(5), start_of(5) + 32},
      {"fresh, continued after a raise", {}, {6, 5, true}, start_of(6), start_of(6) + 32},
      {"continued exactly",
       SequenceRecord{start_of(5) + 7, start_of(5) + 64},
       {5, 5, true},
       start_of(5) + 7,
       start_of(5) + 64},
      {"continued in an epoch between doubt and now",
       SequenceRecord{start_of(5) + 7, start_of(5) + 64},
       {6, 5, true},
       start_of(5) + 7,
       start_of(5) + 64},
      {"continued, nothing left",
       SequenceRecord{start_of(6), start_of(6)},
       {6, 5, true},
       start_of(6),
       start_of(6)},
      {"continued, but the record is older than the doubt",
       SequenceRecord{start_of(4) + 7, start_of(4) + 64},
       {5, 5, true},
       start_of(5),
       start_of(5) + 32},
      {"continued, used up to the very beginning of the doubt",
       SequenceRecord{start_of(5) - 1, start_of(5)},
       {5, 5, true},
       start_of(5),
       start_of(5) + 32},
      {"in doubt: the exact next number counts for nothing",
       SequenceRecord{start_of(4) + 7, start_of(4) + 64},
       {5, 5, false},
       start_of(5),
       start_of(5) + 32},
      {"in doubt, with a record of this epoch",
       SequenceRecord{start_of(5), start_of(5) + 64},
       {5, 5, false},
       start_of(5) + 64,
       start_of(5) + 64},
      {"in doubt, with a record that ends with the epoch before",
       SequenceRecord{start_of(4), start_of(5)},
       {5, 5, false},
       start_of(5),
       start_of(5) + 32},
      {"floor of a key that came back, this epoch",
       SequenceRecord{start_of(5) + 1, start_of(5) + 1},
       {5, 5, false},
       start_of(5) + 1,
       start_of(5) + 1},
      {"floor above the store's epoch",
       SequenceRecord{start_of(9) + 3, start_of(9) + 3},
       {5, 5, false},
       start_of(9) + 3,
       start_of(9) + 3},
      {"the last number is used up",
       SequenceRecord{kMaxSequenceNumber + 1, kMaxSequenceNumber + 1},
       {kMaxEpoch, kMaxEpoch, false},
       kMaxSequenceNumber + 1,
       kMaxSequenceNumber + 1},
      {"the last number is left",
       SequenceRecord{kMaxSequenceNumber, kMaxSequenceNumber + 1},
       {kMaxEpoch, kMaxEpoch, true},
       kMaxSequenceNumber,
       kMaxSequenceNumber + 1},
  };
  for (const auto& c : kCases) {
    const auto range = first_range(c.saved, c.standing);
    EXPECT_EQ(range.first, c.first) << c.name;
    EXPECT_EQ(range.limit, c.limit) << c.name;
  }
}

// Goal: what cannot be read is not taken for nothing (I1): all of the epoch counts as used.
TEST(SavedNumbers, UnreadableRecordUsesUpTheEpoch) {
  std::array<uint8_t, kSequenceRecordLen> record;
  Writer writer(record);
  write_sequence_record(writer, {start_of(5) + 1, start_of(5) + 2});
  const Standing standing{5, 5, true};
  EXPECT_FALSE(saved_numbers({}, standing));
  EXPECT_EQ(saved_numbers(record, standing)->next, start_of(5) + 1);
  const SequenceRecord used_up{start_of(6), start_of(6)};
  EXPECT_EQ(saved_numbers(Bytes(record).first(5), standing), used_up);
  record[0] = 9;  // a newer version
  EXPECT_EQ(saved_numbers(record, standing), used_up);
  EXPECT_EQ(first_range(used_up, standing).limit, start_of(6));
}

class LiveContextsTest : public ::testing::Test {
 protected:
  static ContextRecord record_of(const ContextParameters& parameters, bool enabled = true) {
    return {parameters.duplicate(), derive_keys(parameters), enabled};
  }
  SecurityContext* bring_in(const ContextRecord& record, const SavedState& saved = {},
                            const Standing& standing = {5, 5, true}) {
    const auto context = live_.bring_in(record, saved, standing);
    EXPECT_TRUE(context) << error_of(context);
    return context ? *context : nullptr;
  }

  Quiescence readers_{1};
  ContextTable table_{7};
  LiveContexts live_{table_, readers_};
};

TEST_F(LiveContextsTest, BringsInOnceAndNothingDisabled) {
  const ContextRecord record = record_of(numbered_context(1));
  SecurityContext* context = bring_in(record);
  ASSERT_NE(context, nullptr);
  EXPECT_EQ(bring_in(record), context);
  EXPECT_EQ(live_.find(record), context);
  EXPECT_EQ(bring_in(record_of(numbered_context(2), false)), nullptr);
  EXPECT_EQ(table_.size(), 1u);
}

// Goal: a context is found among any number that share its Recipient ID. Method: twenty with one
// Recipient ID, of which some have an ID Context and some demand it.
TEST_F(LiveContextsTest, FindsEachOfManyThatShareTheirIds) {
  std::vector<ContextRecord> records;
  for (uint8_t i = 0; i < 20; ++i) {
    ContextParameters parameters = numbered_context(i);
    parameters.recipient_id = {9};
    if (i % 4 >= 1) parameters.id_context.emplace(size_t{i} % 3, uint8_t{7});
    parameters.require_kid_context = i % 4 == 2;
    records.push_back(record_of(parameters));
    ASSERT_NE(bring_in(records.back()), nullptr);
  }
  for (const ContextRecord& record : records) {
    ASSERT_NE(live_.find(record), nullptr);
    EXPECT_EQ(live_.find(record)->name(), record.parameters.name);
  }
  for (const ContextRecord& record : records) {
    live_.take_out(*live_.find(record));
    EXPECT_EQ(live_.find(record), nullptr);
  }
}

TEST_F(LiveContextsTest, WindowsAreBelievedOnlyOfWhatIsContinued) {
  ReplayWindow seen;
  seen.initialise_at(40);
  ASSERT_TRUE(seen.try_record(44));
  std::array<uint8_t, kMaxWindowRecordLen> space;
  Writer writer(space);
  write_window_record(writer, seen, 5);
  const struct {
    const char* name;
    Standing standing;
    bool is_set;
  } kCases[] = {{"continued", {5, 5, true}, true},
                {"continued after a raise", {6, 5, true}, true},
                {"in doubt", {6, 6, false}, false},
                {"in doubt, same epoch", {5, 5, false}, false},
                {"saved before the last doubt", {6, 6, true}, false}};
  uint32_t number = 0;
  for (const auto& c : kCases) {
    const SecurityContext* context =
        bring_in(record_of(numbered_context(number++)), {{}, writer.written()}, c.standing);
    ASSERT_NE(context, nullptr);
    EXPECT_EQ(context->window().is_set(), c.is_set) << c.name;
    EXPECT_EQ(context->window().may_accept(43), c.is_set) << c.name;
    EXPECT_FALSE(context->window().may_accept(44)) << c.name;
    EXPECT_FALSE(context->window().may_accept(39)) << c.name;
  }
}

// Goal: what was taken out is freed when no worker can hold it, and not before.
TEST_F(LiveContextsTest, TakenOutIsKeptUntilReadersHaveGoneRound) {
  readers_.enter(0);
  live_.take_out(*bring_in(record_of(numbered_context(1))));
  EXPECT_EQ(table_.size(), 0u);
  EXPECT_TRUE(live_.has_retired());
  EXPECT_TRUE(live_.take_unused().empty());
  readers_.enter(0);
  live_.wait_for_grace();
  const auto unused = live_.take_unused();
  ASSERT_EQ(unused.size(), 1u);
  EXPECT_TRUE(unused[0]->reserved().is_closed);
  EXPECT_FALSE(live_.has_retired());
}

}  // namespace
}  // namespace osprey::storage
