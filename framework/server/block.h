// Block1 and Block2 option values (RFC 7959 §2.2): NUM << 4 | M << 3 | SZX.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "framework/base/bytes.h"
#include "framework/base/reader.h"

namespace osprey {

struct Block {
  uint32_t number = 0;
  bool more = false;
  uint8_t size_exponent = 6;  // SZX, 0 to 6

  size_t size() const { return size_t{1} << (size_exponent + 4); }  // bytes
  size_t offset() const { return size_t{number} * size(); }         // bytes
  uint64_t encode() const { return uint64_t{number} << 4 | (more ? 8u : 0u) | size_exponent; }

  // Nothing for SZX 7, which is reserved on UDP, and for more than 3 bytes.
  static std::optional<Block> decode(Bytes value) {
    if (value.size() > 3) return std::nullopt;
    const auto bits = static_cast<uint32_t>(read_uint(value));
    if ((bits & 7) == 7) return std::nullopt;
    return Block{bits >> 4, (bits & 8) != 0, static_cast<uint8_t>(bits & 7)};
  }
};

}  // namespace osprey
