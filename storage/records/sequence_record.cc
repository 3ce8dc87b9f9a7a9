#include "storage/records/sequence_record.h"

#include "framework/base/check.h"
#include "storage/records/errors.h"
#include "storage/records/fields.h"

namespace osprey::storage {
namespace {

constexpr uint8_t kVersion = 1;
static_assert(kSequenceRecordLen == 1 + 2 * kNumberLen);

}  // namespace

void write_sequence_record(Writer& out, const SequenceRecord& record) {
  CHECK(record.next <= record.limit);
  out.u8(kVersion);
  write_number(out, record.next);
  write_number(out, record.limit);
}

Result<SequenceRecord> parse_sequence_record(Bytes value) {
  Reader reader(value);
  const auto version = reader.u8();
  if (version && *version > kVersion) return fail_newer("own numbers", *version, kVersion);
  const auto next = read_number(reader);
  const auto limit = read_number(reader);
  if (version != kVersion || !next || !limit || *next > *limit || !reader.empty()) {
    return fail_damaged("own numbers");
  }
  return SequenceRecord{.next = *next, .limit = *limit};
}

}  // namespace osprey::storage
