// Key derivation (RFC 8613 §3.2.1):
//
//   value = HKDF(salt = Master Salt, IKM = Master Secret, info, L)
//   info  = [id: bstr, id_context: bstr / null, alg_aead: int, type: "Key" / "IV", L: uint]
#pragma once

#include <optional>

#include "framework/base/bytes.h"
#include "framework/base/writer.h"
#include "framework/cose/algorithm.h"

namespace osprey::oscore {

// What both ends share; the inputs of every derivation. Borrowed.
struct MasterInput {
  const cose::AeadAlgorithm* aead = nullptr;
  const cose::HkdfAlgorithm* hkdf = nullptr;
  Bytes master_secret;
  Bytes master_salt;
  std::optional<Bytes> id_context;  // absent and empty give different keys
};

// Sender Key or Recipient Key of the endpoint `id`; key_len bytes into `key` (CHECK).
void derive_key(MutableBytes key, const MasterInput& input, Bytes id);

// Common IV: nonce_len bytes into `common_iv` (CHECK).
void derive_common_iv(MutableBytes common_iv, const MasterInput& input);

// The info structure, for vectors and `explain`.
void write_info(Writer& writer, const MasterInput& input, Bytes id, std::string_view type,
                size_t output_len);

}  // namespace osprey::oscore
