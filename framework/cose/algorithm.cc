#include "framework/cose/algorithm.h"

#include <array>

namespace osprey::cose {
namespace {

using enum AeadFamily;

// In the CCM names the first number is the size of the length field in bits: 16 leaves a nonce of
// 13 bytes, 64 one of 7; then come the bits of tag and key.
constexpr std::array kAeads = {
    AeadAlgorithm{1, "A128GCM", kAesGcm, 16, 12, 16},
    AeadAlgorithm{2, "A192GCM", kAesGcm, 24, 12, 16},
    AeadAlgorithm{3, "A256GCM", kAesGcm, 32, 12, 16},
    AeadAlgorithm{10, "AES-CCM-16-64-128", kAesCcm, 16, 13, 8},
    AeadAlgorithm{11, "AES-CCM-16-64-256", kAesCcm, 32, 13, 8},
    AeadAlgorithm{12, "AES-CCM-64-64-128", kAesCcm, 16, 7, 8},
    AeadAlgorithm{13, "AES-CCM-64-64-256", kAesCcm, 32, 7, 8},
    AeadAlgorithm{24, "ChaCha20/Poly1305", kChaCha20Poly1305, 32, 12, 16},
    AeadAlgorithm{30, "AES-CCM-16-128-128", kAesCcm, 16, 13, 16},
    AeadAlgorithm{31, "AES-CCM-16-128-256", kAesCcm, 32, 13, 16},
    AeadAlgorithm{32, "AES-CCM-64-128-128", kAesCcm, 16, 7, 16},
    AeadAlgorithm{33, "AES-CCM-64-128-256", kAesCcm, 32, 7, 16},
};

constexpr std::array kHkdfs = {
    HkdfAlgorithm{"HKDF SHA-256", Hash::kSha256, 32},
    HkdfAlgorithm{"HKDF SHA-384", Hash::kSha384, 48},
    HkdfAlgorithm{"HKDF SHA-512", Hash::kSha512, 64},
};

template <typename Table, typename Matches>
auto find_in(const Table& table, Matches matches) -> decltype(table.data()) {
  for (const auto& entry : table) {
    if (matches(entry)) return &entry;
  }
  return nullptr;
}

}  // namespace

std::span<const AeadAlgorithm> aead_algorithms() { return kAeads; }

const AeadAlgorithm* find_aead(int32_t number) {
  return find_in(kAeads, [&](const AeadAlgorithm& a) { return a.number == number; });
}

const AeadAlgorithm* find_aead(std::string_view name) {
  return find_in(kAeads, [&](const AeadAlgorithm& a) { return a.name == name; });
}

std::span<const HkdfAlgorithm> hkdf_algorithms() { return kHkdfs; }

const HkdfAlgorithm* find_hkdf(std::string_view name) {
  return find_in(kHkdfs, [&](const HkdfAlgorithm& h) { return h.name == name; });
}

}  // namespace osprey::cose
