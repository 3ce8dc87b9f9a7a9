// aiocoap's names of files and HKDFs.
#pragma once

#include <array>
#include <span>

#include "storage/import/value_reader.h"

namespace osprey::storage {

inline constexpr const char* kAiocoapSettings = "settings.json";
inline constexpr const char* kAiocoapSecret = "secret.json";
inline constexpr const char* kAiocoapSecrets = "secrets.json";
inline constexpr const char* kAiocoapSequence = "sequence.json";
inline constexpr const char* kAiocoapLock = "lock";

inline std::span<const HkdfName> aiocoap_hkdf_names() {
  static constexpr std::array<HkdfName, 3> kNames = {{
      {"sha256", cose::Hash::kSha256},
      {"sha384", cose::Hash::kSha384},
      {"sha512", cose::Hash::kSha512},
  }};
  return kNames;
}

}  // namespace osprey::storage
