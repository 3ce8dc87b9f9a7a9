// What a context is found by in the database:
//
//   recipient_id (short bytes) | id_context (optional bytes) | recipient key's digest (8)
//
// (fields.h.) Every length stands before what it measures, so no ID is the beginning of another
// one, and all contexts that a request's kid can mean stand side by side: one scan over a prefix
// finds them. The digest tells apart contexts that share their IDs (RFC 8613 §3.3); two that share
// the Recipient Key as well have one key, and the second is refused.
#pragma once

#include <array>
#include <cstddef>
#include <optional>

#include "framework/base/bytes.h"
#include "framework/base/writer.h"
#include "framework/oscore/context.h"
#include "storage/key_wrap.h"

namespace osprey::storage {

inline constexpr size_t kKeySuffixLen = 8;
inline constexpr size_t kMaxContextKeyLen = (1 + cose::kMaxIdLen) + (1 + 1 + 255) + kKeySuffixLen;

// A context's key, or the beginning of one. Owns its bytes, in place.
class ContextKey {
 public:
  ContextKey() = default;
  // At most kMaxContextKeyLen bytes (CHECK).
  explicit ContextKey(Bytes bytes);

  Bytes view() const { return Bytes(bytes_).first(len_); }
  bool operator==(const ContextKey& other) const { return equal(view(), other.view()); }

 private:
  std::array<uint8_t, kMaxContextKeyLen> bytes_;
  uint16_t len_ = 0;
};

// `parameters` must pass check_parameters, and `keys` come from them.
ContextKey context_key(const oscore::ContextParameters& parameters, const oscore::DerivedKeys& keys,
                       KeyWrap& wrap);

// The same for a context in memory.
ContextKey context_key(const oscore::SecurityContext& context, KeyWrap& wrap);

// What the keys of all contexts with this Recipient ID begin with; nothing when no context can have
// it, because it is too long.
std::optional<ContextKey> kid_prefix(Bytes kid);
// The same, with exactly this ID Context (none is another than an empty one).
std::optional<ContextKey> kid_prefix(Bytes kid, std::optional<Bytes> kid_context);

// True if `bytes` has the form of a whole key.
bool is_context_key(Bytes bytes);

// What a Sender Key is found by, whoever uses it: under one Sender Key no number comes twice (I1).
// Neither algorithm nor IDs nor Common IV are in it, though they change the nonce: keys that are
// equal count as equal.
KeyDigest sender_key_digest(const oscore::DerivedKeys& keys, KeyWrap& wrap);

}  // namespace osprey::storage
