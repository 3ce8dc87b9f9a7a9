// Hash of short byte strings for the tables that outsiders look into (kid, kid context).
//
// Keyed by a number drawn at start: whoever provisions contexts cannot choose IDs that collide.
// Not a MAC: nothing secret rests on it.
#pragma once

#include <cstdint>
#include <cstring>

#include "framework/base/bytes.h"

namespace osprey {

inline uint64_t mix64(uint64_t x) {
  x ^= x >> 32;
  x *= 0xd6e8feb86659fd93ULL;
  x ^= x >> 32;
  x *= 0xd6e8feb86659fd93ULL;
  x ^= x >> 32;
  return x;
}

inline uint64_t hash_bytes(uint64_t key, Bytes bytes) {
  uint64_t hash = mix64(key ^ bytes.size());
  while (!bytes.empty()) {
    const size_t len = std::min<size_t>(8, bytes.size());
    uint64_t word = 0;
    std::memcpy(&word, bytes.data(), len);
    hash = mix64(hash ^ word) + key;
    bytes = bytes.subspan(len);
  }
  return mix64(hash);
}

}  // namespace osprey
