// Bounded writer: the only way this project puts bytes together.
//
// It writes into memory the caller lends. What does not fit is not written, and ok() is false from
// then on, so that a run of writes is checked once at its end. It never writes past the end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "framework/base/bytes.h"

namespace osprey {

class Writer {
 public:
  explicit Writer(MutableBytes space) : space_(space) {}

  bool ok() const { return ok_; }
  size_t size() const { return size_; }
  Bytes written() const { return space_.first(size_); }

  void u8(uint8_t value) {
    if (!reserve(1)) return;
    space_[size_++] = value;
  }

  // Big endian.
  void u16(uint16_t value) {
    if (!reserve(2)) return;
    space_[size_++] = static_cast<uint8_t>(value >> 8);
    space_[size_++] = static_cast<uint8_t>(value);
  }

  // `bytes` may overlap the space it goes to: a reply repeats the token of the request it
  // overwrites.
  void bytes(Bytes bytes) {
    if (bytes.empty() || !reserve(bytes.size())) return;
    std::memmove(space_.data() + size_, bytes.data(), bytes.size());
    size_ += bytes.size();
  }

  // `value` big endian in exactly `len` bytes (0 to 8).
  void uint(uint64_t value, size_t len) {
    if (!reserve(len)) return;
    for (size_t i = len; i-- > 0;) space_[size_++] = static_cast<uint8_t>(value >> (8 * i));
  }

 private:
  bool reserve(size_t len) {
    ok_ = ok_ && space_.size() - size_ >= len;
    return ok_;
  }

  MutableBytes space_;
  size_t size_ = 0;
  bool ok_ = true;
};

// Bytes that `value` takes without leading zeros; zero takes none.
constexpr size_t uint_len(uint64_t value) {
  size_t len = 0;
  for (; value != 0; value >>= 8) ++len;
  return len;
}

}  // namespace osprey
