#include "storage/records/meta_record.h"

#include <algorithm>

#include "framework/base/check.h"
#include "framework/base/reader.h"
#include "storage/epoch_file.h"
#include "storage/records/errors.h"
#include "storage/records/fields.h"

namespace osprey::storage {

void write_meta_record(Writer& out, const MetaRecord& record) {
  CHECK(record.format_version == kFormatVersion);
  CHECK(record.epoch <= kMaxEpoch && record.epoch_of_doubt <= kMaxEpoch);
  out.uint(record.format_version, 4);
  out.bytes(record.store_id);
  out.bytes(record.kek_id);
  out.uint(record.epoch, 4);
  out.uint(record.epoch_of_doubt, 4);
  out.uint(record.stop_token, 8);
  out.uint(record.num_contexts, 8);
}

Result<MetaRecord> parse_meta_record(Bytes value) {
  Reader reader(value);
  const auto version = reader.uint(4);
  if (version && *version > kFormatVersion) {
    return fail_newer("the database", *version, kFormatVersion);
  }
  if (version != kFormatVersion || value.size() != kMetaRecordLen) {
    return fail_damaged("the database's metadata");
  }
  MetaRecord record;
  std::ranges::copy(*reader.take(record.store_id.size()), record.store_id.begin());
  std::ranges::copy(*reader.take(record.kek_id.size()), record.kek_id.begin());
  record.epoch = static_cast<uint32_t>(*reader.uint(4));
  record.epoch_of_doubt = static_cast<uint32_t>(*reader.uint(4));
  record.stop_token = *reader.uint(8);
  record.num_contexts = *reader.uint(8);
  if (record.epoch > kMaxEpoch || record.epoch_of_doubt > kMaxEpoch) {
    return fail_damaged("the database's metadata");
  }
  return record;
}

}  // namespace osprey::storage
