#include "storage/records/context_record.h"

#include <algorithm>
#include <utility>

#include "framework/base/check.h"
#include "storage/records/errors.h"
#include "storage/records/fields.h"

namespace osprey::storage {
namespace {

using oscore::ContextParameters;

constexpr uint8_t kVersion = 1;

constexpr uint8_t kEnabled = 1;
constexpr uint8_t kRequireKidContext = 2;
constexpr uint8_t kAllFlags = kEnabled | kRequireKidContext;

// COSE has no numbers for what RFC 8613 §3.2 means by HKDF; these are ours, and stay.
uint8_t hkdf_number(const cose::HkdfAlgorithm& hkdf) {
  switch (hkdf.hash) {
    case cose::Hash::kSha256: return 1;
    case cose::Hash::kSha384: return 2;
    case cose::Hash::kSha512: return 3;
  }
  return 0;
}

const cose::HkdfAlgorithm* hkdf_of(uint8_t number) {
  for (const auto& hkdf : cose::hkdf_algorithms()) {
    if (hkdf_number(hkdf) == number) return &hkdf;
  }
  return nullptr;
}

std::optional<Bytes> id_context_of(const ContextParameters& parameters) {
  if (!parameters.id_context) return std::nullopt;
  return Bytes(*parameters.id_context);
}

using AadSpace = std::array<uint8_t, kMaxContextKeyLen + kMaxContextClearLen>;

// What the wrap binds the secrets to: the database's key, and the record up to the wrap. The key
// says its own length, so that the two cannot be divided differently. Borrowed from `space`.
Bytes wrap_aad(AadSpace& space, Bytes key, Bytes clear) {
  Writer writer(space);
  writer.bytes(key);
  writer.bytes(clear);
  CHECK(writer.ok());
  return writer.written();
}

// --- writing

void write_clear(Writer& out, const ContextRecord& record) {
  const ContextParameters& parameters = record.parameters;
  out.u8(kVersion);
  out.u8(static_cast<uint8_t>((record.enabled ? kEnabled : 0) |
                              (parameters.require_kid_context ? kRequireKidContext : 0)));
  out.uint(static_cast<uint32_t>(parameters.aead->number), 4);
  out.u8(hkdf_number(*parameters.hkdf));
  out.u16(static_cast<uint16_t>(parameters.replay_window_size));
  write_short(out, as_bytes(parameters.name));
  write_short(out, parameters.sender_id);
  write_short(out, parameters.recipient_id);
  write_optional(out, id_context_of(parameters));
  write_short(out, parameters.master_salt);
}

void write_secrets(Writer& out, const ContextRecord& record) {
  write_short(out, record.parameters.master_secret.reveal());
  out.bytes(record.keys.sender_key.reveal());
  out.bytes(record.keys.recipient_key.reveal());
  out.bytes(record.keys.common_iv.view());
}

// What parsing relies on, and would call damage.
void check_record(const ContextRecord& record, Bytes key) {
  const ContextParameters& parameters = record.parameters;
  CHECK(oscore::check_parameters(parameters));
  CHECK(!parameters.name.empty() && parameters.name.size() <= kMaxContextNameLen);
  CHECK(parameters.master_salt.size() <= kMaxSaltLen);
  CHECK(record.keys.sender_key.size() == parameters.aead->key_len);
  CHECK(record.keys.recipient_key.size() == parameters.aead->key_len);
  CHECK(record.keys.common_iv.size() == parameters.aead->nonce_len);
  const auto prefix = kid_prefix(parameters.recipient_id, id_context_of(parameters));
  CHECK(is_context_key(key) && equal(key.first(key.size() - kKeySuffixLen), prefix->view()));
}

// --- parsing

// The fields before the wrap, borrowed; and the wrap.
struct Fields {
  uint8_t flags = 0;
  int32_t aead = 0;
  uint8_t hkdf = 0;
  uint16_t replay_window_size = 0;
  Bytes name;
  Bytes sender_id;
  Bytes recipient_id;
  std::optional<Bytes> id_context;
  Bytes master_salt;
  Bytes clear;  // all of the above
  Bytes wrapped;
};

// Takes a short field of `min` to `max` bytes.
bool take_short(Bytes& field, Reader& reader, size_t min, size_t max) {
  const auto bytes = read_short(reader);
  if (!bytes || bytes->size() < min || bytes->size() > max) return false;
  field = *bytes;
  return true;
}

bool parse_header(Fields& fields, Reader& reader) {
  const Bytes header = reader.take(kContextHeaderLen).value_or(Bytes());
  if (header.empty()) return false;
  Reader numbers(header.subspan(1));  // the version was looked at before
  fields.flags = *numbers.u8();
  fields.aead = static_cast<int32_t>(*numbers.uint(4));
  fields.hkdf = *numbers.u8();
  fields.replay_window_size = *numbers.u16();
  return (fields.flags & ~kAllFlags) == 0;
}

bool parse_fields(Fields& fields, Bytes value) {
  Reader reader(value);
  const bool is_whole = parse_header(fields, reader) &&
                        take_short(fields.name, reader, 1, kMaxContextNameLen) &&
                        take_short(fields.sender_id, reader, 0, cose::kMaxIdLen) &&
                        take_short(fields.recipient_id, reader, 0, cose::kMaxIdLen) &&
                        read_optional(fields.id_context, reader) &&
                        take_short(fields.master_salt, reader, 0, kMaxSaltLen);
  fields.clear = value.first(value.size() - reader.remaining());
  fields.wrapped = reader.take_rest();
  return is_whole && fields.wrapped.size() >= KeyWrap::kOverhead &&
         fields.wrapped.size() <= kMaxContextSecretLen + KeyWrap::kOverhead;
}

std::vector<uint8_t> copy_of(Bytes bytes) { return {bytes.begin(), bytes.end()}; }

// False when an algorithm has a number that this version does not know.
bool set_parameters(ContextParameters& parameters, const Fields& fields) {
  parameters.name = as_text(fields.name);
  parameters.sender_id = copy_of(fields.sender_id);
  parameters.recipient_id = copy_of(fields.recipient_id);
  if (fields.id_context) parameters.id_context = copy_of(*fields.id_context);
  parameters.master_salt = copy_of(fields.master_salt);
  parameters.aead = cose::find_aead(fields.aead);
  parameters.hkdf = hkdf_of(fields.hkdf);
  parameters.replay_window_size = fields.replay_window_size;
  parameters.require_kid_context = (fields.flags & kRequireKidContext) != 0;
  return parameters.aead != nullptr && parameters.hkdf != nullptr;
}

template <size_t kMax>
bool take_secret(Secret<kMax>& secret, Reader& reader, size_t len) {
  const auto bytes = reader.take(len);
  if (!bytes || len > kMax) return false;
  std::ranges::copy(*bytes, secret.space(len).begin());
  return true;
}

bool set_secrets(ContextRecord& record, Bytes secrets) {
  const cose::AeadAlgorithm& aead = *record.parameters.aead;
  Reader reader(secrets);
  const auto master_secret_len = reader.u8();
  if (!master_secret_len ||
      !take_secret(record.parameters.master_secret, reader, *master_secret_len) ||
      !take_secret(record.keys.sender_key, reader, aead.key_len) ||
      !take_secret(record.keys.recipient_key, reader, aead.key_len)) {
    return false;
  }
  const Bytes common_iv = reader.take_rest();
  if (common_iv.size() != aead.nonce_len) return false;
  record.keys.common_iv = oscore::Nonce(common_iv);
  return true;
}

// A damaged name may be anything; a person's terminal gets it only if it is text.
std::string description(const Fields& fields, Bytes key) {
  const auto is_text = [](uint8_t byte) { return byte >= 0x20 && byte != 0x7f; };
  if (fields.name.empty() || !std::ranges::all_of(fields.name, is_text)) {
    return "the context with the database key " + to_hex(key);
  }
  return "context \"" + std::string(as_text(fields.name)) + "\"";
}

Result<void> parse_into(ContextRecord& record, Bytes key, Bytes value, KeyWrap& wrap) {
  Fields fields;
  if (value.empty()) return fail_damaged(description(fields, key));
  if (value[0] > kVersion) return fail_newer(description(fields, key), value[0], kVersion);
  if (value[0] != kVersion || !parse_fields(fields, value) || !is_context_key(key)) {
    return fail_damaged(description(fields, key));
  }

  Secret<kMaxContextSecretLen> secrets;
  AadSpace aad_space;
  const Bytes aad = wrap_aad(aad_space, key, fields.clear);
  if (!wrap.unwrap(secrets.space(fields.wrapped.size() - KeyWrap::kOverhead), fields.wrapped,
                   aad)) {
    return fail(description(fields, key) +
                    ": the record is damaged, or the key-encryption key is "
                    "not the one that it was written with",
                "put the store back from a copy, or remove the context and add it again");
  }

  // Authentic from here on: what is wrong was written so.
  if (!set_parameters(record.parameters, fields)) {
    return fail(description(fields, key) + ": this Osprey does not know its algorithms (aead " +
                    std::to_string(fields.aead) + ", hkdf " + std::to_string(fields.hkdf) + ")",
                "use the version that added the context, or a newer one");
  }
  record.enabled = (fields.flags & kEnabled) != 0;
  if (!set_secrets(record, secrets.reveal())) return fail_damaged(description(fields, key));
  return oscore::check_parameters(record.parameters);
}

}  // namespace

void write_context_record(Writer& out, const ContextRecord& record, KeyWrap& wrap, Bytes key) {
  check_record(record, key);
  std::array<uint8_t, kMaxContextClearLen> clear_space;
  Writer clear(clear_space);
  write_clear(clear, record);
  Secret<kMaxContextSecretLen> secrets;
  Writer secret(secrets.space(kMaxContextSecretLen));
  write_secrets(secret, record);
  CHECK(clear.ok() && secret.ok());

  AadSpace aad_space;
  out.bytes(clear.written());
  wrap.wrap(out, secret.written(), wrap_aad(aad_space, key, clear.written()));
}

// The record is made where it is returned: moving one zeroises what it leaves.
Result<ContextRecord> parse_context_record(Bytes key, Bytes value, KeyWrap& wrap) {
  Result<ContextRecord> record;
  if (auto parsed = parse_into(*record, key, value, wrap); !parsed) {
    record = tl::unexpected(std::move(parsed.error()));
  }
  return record;
}

std::optional<std::string_view> parse_context_name(Bytes value) {
  Fields fields;
  Reader reader(value);
  if (reader.peek_u8() != kVersion || !parse_header(fields, reader)) return std::nullopt;
  if (!take_short(fields.name, reader, 1, kMaxContextNameLen)) return std::nullopt;
  return as_text(fields.name);
}

}  // namespace osprey::storage
