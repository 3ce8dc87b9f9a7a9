// A byte string of at most kMax bytes that owns its bytes and never allocates: IDs, nonces,
// Partial IVs. One size_t shorter than a vector and no pointer to follow.
#pragma once

#include <array>
#include <cstring>

#include "framework/base/bytes.h"
#include "framework/base/check.h"

namespace osprey {

template <size_t kMax>
class ShortBytes {
  static_assert(kMax <= 255, "the length is one byte");

 public:
  static constexpr size_t kMaxLen = kMax;

  ShortBytes() = default;

  // CHECKs that `bytes` fits: callers bound what comes from outside first.
  explicit ShortBytes(Bytes bytes) : len_(static_cast<uint8_t>(bytes.size())) {
    CHECK(bytes.size() <= kMax);
    if (!bytes.empty()) std::memcpy(data_.data(), bytes.data(), bytes.size());
  }

  Bytes view() const { return Bytes(data_).first(len_); }
  MutableBytes space() { return MutableBytes(data_).first(len_); }
  size_t size() const { return len_; }
  bool empty() const { return len_ == 0; }
  bool operator==(const ShortBytes& other) const { return equal(view(), other.view()); }

 private:
  std::array<uint8_t, kMax> data_{};
  uint8_t len_ = 0;
};

}  // namespace osprey
