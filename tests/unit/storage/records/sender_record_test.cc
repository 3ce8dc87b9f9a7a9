#include "storage/records/sender_record.h"

#include "tests/unit/storage/records/support.h"

namespace osprey::storage {
namespace {

constexpr uint64_t kEnd = uint64_t{1} << 40;

std::vector<uint8_t> bytes_of(const SenderRecord& record) {
  return written([&](Writer& out) { write_sender_record(out, record); });
}

ContextKey sample_key() {
  KeyWrap wrap = key_wrap();
  const ContextRecord record = record_of(sample_parameters());
  return context_key(record.parameters, record.keys, wrap);
}

TEST(SenderRecord, LiveHoldsTheContextsKey) {
  const auto bytes = bytes_of(LiveSender{sample_key()});
  EXPECT_EQ(bytes[0], 1);
  EXPECT_TRUE(equal(Bytes(bytes).subspan(1), sample_key().view()));
  const auto parsed = parse_sender_record(bytes);
  ASSERT_TRUE(parsed) << error_of(parsed);
  ASSERT_TRUE(std::holds_alternative<LiveSender>(*parsed));
  EXPECT_EQ(std::get<LiveSender>(*parsed).context_key, sample_key());
}

TEST(SenderRecord, LongestKeyFits) {
  std::vector<uint8_t> key = {7, 1, 2, 3, 4, 5, 6, 7, 1, 255};
  key.resize(kMaxContextKeyLen, 0xee);
  const auto bytes = bytes_of(LiveSender{ContextKey(key)});
  EXPECT_EQ(bytes.size(), kMaxSenderRecordLen);
  EXPECT_TRUE(parse_sender_record(bytes));
}

TEST(SenderRecord, RetiredHoldsTheFloor) {
  EXPECT_EQ(to_hex(bytes_of(RetiredSender{kEnd})), "02010000000000");
  for (const uint64_t floor : {uint64_t{0}, uint64_t{1}, uint64_t{0xfffff}, kEnd - 1, kEnd}) {
    const auto parsed = parse_sender_record(bytes_of(RetiredSender{floor}));
    ASSERT_TRUE(parsed) << error_of(parsed);
    ASSERT_TRUE(std::holds_alternative<RetiredSender>(*parsed));
    EXPECT_EQ(std::get<RetiredSender>(*parsed).floor, floor);
  }
}

TEST(SenderRecord, AnythingElseIsDamage) {
  for (const char* hex : {
           "",    // nothing
           "00",  // type
           "01",  // no key
           "01"
           "0102"
           "00"
           "11223344556677",  // the key's digest cut
           "01"
           "0102"
           "02"
           "1122334455667788",  // neither with nor without an ID Context
           "01"
           "0102"
           "0102aa"
           "1122334455667788",  // the ID Context cut
           "01"
           "080102030405060708"
           "00"
           "1122334455667788",  // no ID is that long
           "02"
           "0000000000",  // the floor cut
           "02"
           "00000000000000",  // left over
           "02"
           "010000000001",  // above 2^40
       }) {
    const auto parsed = parse_sender_record(*from_hex(hex));
    EXPECT_NE(error_of(parsed).find("damaged"), std::string::npos) << hex << error_of(parsed);
  }
}

TEST(SenderRecord, CutAnywhereIsDamage) {
  for (const SenderRecord& record :
       {SenderRecord(LiveSender{sample_key()}), SenderRecord(RetiredSender{9})}) {
    const auto bytes = bytes_of(record);
    for (size_t len = 0; len < bytes.size(); ++len) {
      EXPECT_FALSE(parse_sender_record(Bytes(bytes).first(len))) << len;
    }
  }
}

TEST(SenderRecord, NewerTypeIsNamedAsSuch) {
  const auto parsed = parse_sender_record(std::vector<uint8_t>{3, 1, 2});
  EXPECT_NE(error_of(parsed).find("newer Osprey"), std::string::npos) << error_of(parsed);
}

TEST(SenderRecordDeathTest, WritingWhatWouldNotComeBackIsABug) {
  EXPECT_DEATH(bytes_of(RetiredSender{kEnd + 1}), "CHECK failed");
  EXPECT_DEATH(bytes_of(LiveSender{}), "CHECK failed");
}

}  // namespace
}  // namespace osprey::storage
