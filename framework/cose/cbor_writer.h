// Deterministic CBOR, as much of it as COSE structures take (RFC 8949 §4.2.1): definite lengths,
// shortest heads. Writes into a bounded Writer.
#pragma once

#include <cstdint>
#include <string_view>

#include "framework/base/writer.h"

namespace osprey::cose {

class CborWriter {
 public:
  explicit CborWriter(Writer& writer) : writer_(writer) {}

  // Any integer from -2^63 up.
  void integer(int64_t value) {
    if (value >= 0) {
      head(0, static_cast<uint64_t>(value));
    } else {
      head(1, static_cast<uint64_t>(-1 - value));
    }
  }
  void byte_string(Bytes bytes) {
    head(2, bytes.size());
    writer_.bytes(bytes);
  }
  // Only the head: `len` bytes written by the caller follow.
  void byte_string_head(size_t len) { head(2, len); }
  void text(std::string_view text) {
    head(3, text.size());
    writer_.bytes(as_bytes(text));
  }
  // `count` items follow.
  void array(size_t count) { head(4, count); }
  void null() { writer_.u8(0xf6); }

 private:
  void head(uint8_t major, uint64_t value) {
    const auto type = static_cast<uint8_t>(major << 5);
    if (value < 24) {
      writer_.u8(static_cast<uint8_t>(type | value));
      return;
    }
    // 24, 25, 26, 27 announce 1, 2, 4, 8 bytes.
    const uint8_t log_len = value <= 0xff ? 0 : value <= 0xffff ? 1 : value <= 0xffff'ffff ? 2 : 3;
    writer_.u8(static_cast<uint8_t>(type | (24 + log_len)));
    writer_.uint(value, size_t{1} << log_len);
  }

  Writer& writer_;
};

}  // namespace osprey::cose
