// Byte runs: the two span types all parsing and writing uses, and hex for people.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace osprey {

using Bytes = std::span<const uint8_t>;
using MutableBytes = std::span<uint8_t>;

inline bool equal(Bytes a, Bytes b) { return std::equal(a.begin(), a.end(), b.begin(), b.end()); }

inline Bytes as_bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

inline std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Lower-case hex without separators.
std::string to_hex(Bytes bytes);

// Accepts both cases; nothing but an even number of hex digits. Empty text is empty bytes.
std::optional<std::vector<uint8_t>> from_hex(std::string_view text);

}  // namespace osprey
