// Bounded reader: the only way this project takes bytes apart.
//
// Every read states what it wants; when it is not all there the reader is left where it was,
// returns nothing, and the caller turns that into its own verdict. It never reads past the end.
// Borrowed: spans that it returns point into the bytes it was given.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "framework/base/bytes.h"

namespace osprey {

// Big-endian unsigned number of 0 to 8 bytes; no bytes is zero, leading zeros are taken.
inline uint64_t read_uint(Bytes bytes) {
  uint64_t value = 0;
  for (const uint8_t byte : bytes) value = value << 8 | byte;
  return value;
}

class Reader {
 public:
  explicit Reader(Bytes bytes) : rest_(bytes) {}

  size_t remaining() const { return rest_.size(); }
  bool empty() const { return rest_.empty(); }
  Bytes rest() const { return rest_; }

  std::optional<uint8_t> peek_u8() const {
    if (rest_.empty()) return std::nullopt;
    return rest_[0];
  }

  std::optional<uint8_t> u8() {
    if (rest_.empty()) return std::nullopt;
    const uint8_t value = rest_[0];
    rest_ = rest_.subspan(1);
    return value;
  }

  // Big endian.
  std::optional<uint16_t> u16() {
    if (rest_.size() < 2) return std::nullopt;
    const auto value = static_cast<uint16_t>(rest_[0] << 8 | rest_[1]);
    rest_ = rest_.subspan(2);
    return value;
  }

  // Big endian in exactly `len` bytes (0 to 8).
  std::optional<uint64_t> uint(size_t len) {
    const auto bytes = take(len);
    if (!bytes) return std::nullopt;
    return read_uint(*bytes);
  }

  std::optional<Bytes> take(size_t len) {
    if (rest_.size() < len) return std::nullopt;
    const Bytes taken = rest_.first(len);
    rest_ = rest_.subspan(len);
    return taken;
  }

  Bytes take_rest() {
    const Bytes taken = rest_;
    rest_ = {};
    return taken;
  }

 private:
  Bytes rest_;
};

}  // namespace osprey
