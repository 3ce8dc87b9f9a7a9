// Additional authenticated data (RFC 8613 §5.4):
//
//   aad_array = [1, [alg_aead], request_kid, request_piv, options: h'']
//   AAD       = ["Encrypt0", h'', bstr(aad_array)]
//
// kid and Partial IV are those of the request, for the request and for every response to it.
#pragma once

#include <array>

#include "framework/base/bytes.h"
#include "framework/cose/algorithm.h"
#include "framework/oscore/option.h"

namespace osprey::oscore {

// 12 bytes around the array's bstr head; array: 8 + kid + Partial IV, with a two-byte algorithm.
inline constexpr size_t kMaxAadLen = 12 + 8 + cose::kMaxIdLen + kMaxPartialIvLen;
static_assert(kMaxAadLen == 32, "and the bstr head stays one byte: the array is below 24 bytes");
static_assert(kMaxAadLen <= 46, "what ipsec-mb's CCM takes at most");

using AadBuffer = std::array<uint8_t, kMaxAadLen>;

// Writes the AAD into `aad`; returns the written part. kid at most 7, Partial IV at most 5 bytes.
Bytes write_aad(AadBuffer& aad, const cose::AeadAlgorithm& algorithm, Bytes request_kid,
                Bytes request_piv);

// The serialised aad_array alone, which RFC 8613 calls external_aad (vectors and `explain`).
void write_external_aad(Writer& writer, const cose::AeadAlgorithm& algorithm, Bytes request_kid,
                        Bytes request_piv);

}  // namespace osprey::oscore
