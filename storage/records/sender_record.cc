#include "storage/records/sender_record.h"

#include "framework/base/check.h"
#include "storage/records/errors.h"
#include "storage/records/fields.h"

namespace osprey::storage {
namespace {

constexpr uint8_t kLive = 1;
constexpr uint8_t kRetired = 2;

void write_fields(Writer& out, const LiveSender& live) {
  CHECK(is_context_key(live.context_key.view()));
  out.u8(kLive);
  out.bytes(live.context_key.view());
}

void write_fields(Writer& out, const RetiredSender& retired) {
  out.u8(kRetired);
  write_number(out, retired.floor);
}

std::optional<SenderRecord> parse_live(Bytes key) {
  if (!is_context_key(key)) return std::nullopt;
  return LiveSender{ContextKey(key)};
}

std::optional<SenderRecord> parse_retired(Bytes fields) {
  Reader reader(fields);
  const auto floor = read_number(reader);
  if (!floor || !reader.empty()) return std::nullopt;
  return RetiredSender{*floor};
}

}  // namespace

void write_sender_record(Writer& out, const SenderRecord& record) {
  std::visit([&](const auto& kind) { write_fields(out, kind); }, record);
}

Result<SenderRecord> parse_sender_record(Bytes value) {
  Reader reader(value);
  const auto type = reader.u8();
  if (type && *type > kRetired) return fail_newer("a Sender Key's user", *type, kRetired);
  std::optional<SenderRecord> record;
  if (type == kLive) record = parse_live(reader.rest());
  if (type == kRetired) record = parse_retired(reader.rest());
  if (!record) return fail_damaged("a Sender Key's user");
  return *record;
}

}  // namespace osprey::storage
