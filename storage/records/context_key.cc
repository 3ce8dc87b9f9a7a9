#include "storage/records/context_key.h"

#include <cstring>

#include "framework/base/check.h"
#include "storage/records/fields.h"

namespace osprey::storage {
namespace {

using oscore::ContextParameters;
using oscore::DerivedKeys;

// Labels, so that the digests of one key that serves both ways tell nobody so.
constexpr std::string_view kSenderLabel = "sender key";
constexpr std::string_view kRecipientLabel = "recipient key";

ContextKey key_of(Bytes recipient_id, std::optional<Bytes> id_context, Bytes recipient_key,
                  KeyWrap& wrap) {
  const auto prefix = kid_prefix(recipient_id, id_context);
  CHECK(prefix.has_value());
  const KeyDigest digest = wrap.digest({as_bytes(kRecipientLabel), recipient_key});

  std::array<uint8_t, kMaxContextKeyLen> space;
  Writer writer(space);
  writer.bytes(prefix->view());
  writer.bytes(Bytes(digest).first(kKeySuffixLen));
  CHECK(writer.ok());
  return ContextKey(writer.written());
}

}  // namespace

ContextKey::ContextKey(Bytes bytes) : len_(static_cast<uint16_t>(bytes.size())) {
  CHECK(bytes.size() <= kMaxContextKeyLen);
  if (!bytes.empty()) std::memcpy(bytes_.data(), bytes.data(), bytes.size());
}

ContextKey context_key(const ContextParameters& parameters, const DerivedKeys& keys,
                       KeyWrap& wrap) {
  std::optional<Bytes> id_context;
  if (parameters.id_context) id_context = *parameters.id_context;
  return key_of(parameters.recipient_id, id_context, keys.recipient_key.reveal(), wrap);
}

ContextKey context_key(const oscore::SecurityContext& context, KeyWrap& wrap) {
  return key_of(context.recipient_id(), context.id_context(), context.recipient_key().reveal(),
                wrap);
}

std::optional<ContextKey> kid_prefix(Bytes kid) {
  if (kid.size() > cose::kMaxIdLen) return std::nullopt;
  std::array<uint8_t, kMaxContextKeyLen> space;
  Writer writer(space);
  write_short(writer, kid);
  CHECK(writer.ok());
  return ContextKey(writer.written());
}

std::optional<ContextKey> kid_prefix(Bytes kid, std::optional<Bytes> kid_context) {
  if (kid.size() > cose::kMaxIdLen) return std::nullopt;
  if (kid_context && kid_context->size() > kMaxShortLen) return std::nullopt;
  std::array<uint8_t, kMaxContextKeyLen> space;
  Writer writer(space);
  write_short(writer, kid);
  write_optional(writer, kid_context);
  CHECK(writer.ok());
  return ContextKey(writer.written());
}

bool is_context_key(Bytes bytes) {
  Reader reader(bytes);
  const auto recipient_id = read_short(reader);
  std::optional<Bytes> id_context;
  return recipient_id && recipient_id->size() <= cose::kMaxIdLen &&
         read_optional(id_context, reader) && reader.remaining() == kKeySuffixLen;
}

KeyDigest sender_key_digest(const DerivedKeys& keys, KeyWrap& wrap) {
  return wrap.digest({as_bytes(kSenderLabel), keys.sender_key.reveal()});
}

}  // namespace osprey::storage
