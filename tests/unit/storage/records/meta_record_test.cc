#include "storage/records/meta_record.h"

#include "storage/epoch_file.h"
#include "tests/unit/storage/records/support.h"

namespace osprey::storage {
namespace {

std::vector<uint8_t> bytes_of(const MetaRecord& record) {
  return written([&](Writer& out) { write_meta_record(out, record); });
}

MetaRecord random_meta(Random& random) {
  MetaRecord record;
  std::ranges::copy(random.bytes(16), record.store_id.begin());
  std::ranges::copy(random.bytes(8), record.kek_id.begin());
  record.epoch = static_cast<uint32_t>(random.up_to(kMaxEpoch));
  record.epoch_of_doubt = static_cast<uint32_t>(random.up_to(kMaxEpoch));
  record.stop_token = random.up_to(UINT64_MAX);
  record.num_contexts = random.up_to(UINT64_MAX);
  return record;
}

TEST(MetaRecord, IsTheseBytes) {
  MetaRecord record;
  record.store_id.fill(0x5a);
  record.kek_id.fill(0x4b);
  record.epoch = 0x0e0c02;
  record.epoch_of_doubt = 0x0e0c01;
  record.stop_token = 0x0102030405060708;
  record.num_contexts = 10'000'000;
  EXPECT_EQ(to_hex(bytes_of(record)),
            "00000001"
            "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"
            "4b4b4b4b4b4b4b4b"
            "000e0c02"
            "000e0c01"
            "0102030405060708"
            "0000000000989680");
  EXPECT_EQ(bytes_of(record).size(), kMetaRecordLen);
}

TEST(MetaRecord, ComesBack) {
  Random random(2);
  for (int i = 0; i < 500; ++i) {
    const MetaRecord record = random_meta(random);
    const auto parsed = parse_meta_record(bytes_of(record));
    ASSERT_TRUE(parsed) << error_of(parsed);
    EXPECT_EQ(*parsed, record);
  }
}

TEST(MetaRecord, NewerFormatIsNamedWithBothVersions) {
  auto bytes = bytes_of({});
  bytes[3] = 7;
  bytes.push_back(0);  // whatever else a newer one has
  const auto parsed = parse_meta_record(bytes);
  EXPECT_NE(error_of(parsed).find("version 7; this one knows up to 1"), std::string::npos)
      << error_of(parsed);
  EXPECT_EQ(error_of(parsed).find("damaged"), std::string::npos) << error_of(parsed);
}

TEST(MetaRecord, AnythingElseIsDamage) {
  auto version_0 = bytes_of({});
  version_0[3] = 0;
  auto longer = bytes_of({});
  longer.push_back(0);
  auto epoch = bytes_of({});
  epoch[4 + 16 + 8 + 1] = 0x10;  // 2^20
  auto epoch_of_doubt = bytes_of({});
  epoch_of_doubt[4 + 16 + 8 + 4 + 1] = 0x10;
  for (const auto& bytes : {version_0, longer, epoch, epoch_of_doubt}) {
    const auto parsed = parse_meta_record(bytes);
    EXPECT_NE(error_of(parsed).find("damaged"), std::string::npos) << error_of(parsed);
  }
  const auto whole = bytes_of({});
  for (size_t len = 0; len < whole.size(); ++len) {
    EXPECT_FALSE(parse_meta_record(Bytes(whole).first(len))) << len;
  }
}

TEST(MetaRecordDeathTest, WritingAnotherFormatIsABug) {
  EXPECT_DEATH(bytes_of({.format_version = kFormatVersion + 1}), "CHECK failed");
  EXPECT_DEATH(bytes_of({.epoch = kMaxEpoch + 1}), "CHECK failed");
  EXPECT_DEATH(bytes_of({.epoch_of_doubt = kMaxEpoch + 1}), "CHECK failed");
}

}  // namespace
}  // namespace osprey::storage
