// The COSE algorithms OSCORE may use (RFC 9053 §4, §5; RFC 8613 §3.2): numbers, names, sizes.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace osprey::cose {

enum class AeadFamily : uint8_t { kAesCcm, kAesGcm, kChaCha20Poly1305 };

struct AeadAlgorithm {
  int32_t number;  // IANA COSE Algorithms registry
  std::string_view name;
  AeadFamily family;
  uint8_t key_len;    // bytes
  uint8_t nonce_len;  // bytes
  uint8_t tag_len;    // bytes

  // Longest Sender ID or Recipient ID (RFC 8613 §3.3), bytes.
  constexpr size_t max_id_len() const { return nonce_len - 6u; }
};

inline constexpr size_t kMaxKeyLen = 32;
inline constexpr size_t kMaxNonceLen = 13;
inline constexpr size_t kMaxTagLen = 16;
inline constexpr size_t kMaxIdLen = kMaxNonceLen - 6;

inline constexpr int32_t kAesCcm16_64_128 = 10;  // the default of RFC 8613 §3.2

// All twelve AEADs, by number.
std::span<const AeadAlgorithm> aead_algorithms();
// nullptr when unknown. Names are COSE's ("AES-CCM-16-64-128", "A128GCM", "ChaCha20/Poly1305").
const AeadAlgorithm* find_aead(int32_t number);
const AeadAlgorithm* find_aead(std::string_view name);

enum class Hash : uint8_t { kSha256, kSha384, kSha512 };

struct HkdfAlgorithm {
  std::string_view name;
  Hash hash;
  uint8_t hash_len;  // bytes
};

// "HKDF SHA-256", "HKDF SHA-384", "HKDF SHA-512".
std::span<const HkdfAlgorithm> hkdf_algorithms();
const HkdfAlgorithm* find_hkdf(std::string_view name);

}  // namespace osprey::cose
