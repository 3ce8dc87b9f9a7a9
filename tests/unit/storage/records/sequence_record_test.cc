#include "storage/records/sequence_record.h"

#include "tests/unit/storage/records/support.h"

namespace osprey::storage {
namespace {

constexpr uint64_t kEnd = uint64_t{1} << 40;

std::vector<uint8_t> bytes_of(SequenceRecord record) {
  return written([&](Writer& out) { write_sequence_record(out, record); });
}

TEST(SequenceRecord, IsTheseBytes) {
  const auto bytes = bytes_of({.next = 0x0102030405, .limit = kEnd});
  EXPECT_EQ(to_hex(bytes),
            "01"
            "000102030405"
            "010000000000");
  EXPECT_EQ(bytes.size(), kSequenceRecordLen);
}

TEST(SequenceRecord, EveryRangeComesBack) {
  Random random(1);
  for (int i = 0; i < 2'000; ++i) {
    const uint64_t limit = random.up_to(kEnd);
    const SequenceRecord record{.next = random.up_to(limit), .limit = limit};
    const auto parsed = parse_sequence_record(bytes_of(record));
    ASSERT_TRUE(parsed) << error_of(parsed);
    EXPECT_EQ(*parsed, record);
  }
}

TEST(SequenceRecord, WhatIsNoRangeIsDamage) {
  for (const char* hex : {
           "01"
           "000000000002"
           "000000000001",  // next above limit
           "01"
           "000000000000"
           "010000000001",  // limit above 2^40
           "01"
           "010000000001"
           "010000000001",  // both
           "00"
           "000000000000"
           "000000000001",  // version
           "01"
           "000000000000"
           "00000000000100",  // left over
       }) {
    const auto parsed = parse_sequence_record(*from_hex(hex));
    EXPECT_NE(error_of(parsed).find("damaged"), std::string::npos) << hex << error_of(parsed);
  }
}

TEST(SequenceRecord, CutAnywhereIsDamage) {
  const auto bytes = bytes_of({.next = 7, .limit = 9});
  for (size_t len = 0; len < bytes.size(); ++len) {
    EXPECT_FALSE(parse_sequence_record(Bytes(bytes).first(len))) << len;
  }
}

TEST(SequenceRecord, NewerVersionIsNamedAsSuch) {
  const auto parsed = parse_sequence_record(std::vector<uint8_t>{2, 0});
  EXPECT_NE(error_of(parsed).find("version 2; this one knows up to 1"), std::string::npos)
      << error_of(parsed);
}

TEST(SequenceRecordDeathTest, WritingWhatIsNoRangeIsABug) {
  EXPECT_DEATH(bytes_of({.next = 2, .limit = 1}), "CHECK failed");
  EXPECT_DEATH(bytes_of({.next = 0, .limit = kEnd + 1}), "CHECK failed");
}

}  // namespace
}  // namespace osprey::storage
