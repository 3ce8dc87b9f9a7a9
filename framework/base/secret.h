// Key material (I7): zeroised when dropped or moved from, never copied by accident, not printable.
#pragma once

#include <string.h>  // explicit_bzero

#include <array>
#include <cstring>

#include "framework/base/bytes.h"
#include "framework/base/check.h"

namespace osprey {

inline void zeroise(MutableBytes bytes) {
  if (!bytes.empty()) explicit_bzero(bytes.data(), bytes.size());
}

// A secret of at most kMax bytes, held in place.
template <size_t kMax>
class Secret {
  static_assert(kMax <= 255, "the length is one byte");

 public:
  static constexpr size_t kMaxLen = kMax;

  Secret() = default;
  explicit Secret(Bytes bytes) : len_(static_cast<uint8_t>(bytes.size())) {
    CHECK(bytes.size() <= kMax);
    if (!bytes.empty()) std::memcpy(data_.data(), bytes.data(), bytes.size());
  }
  ~Secret() { zeroise(data_); }

  Secret(Secret&& other) noexcept { take(other); }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) take(other);
    return *this;
  }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;

  // A second copy, where one is really wanted; the name makes it findable.
  Secret duplicate() const { return Secret(reveal()); }

  Bytes reveal() const { return Bytes(data_).first(len_); }
  MutableBytes space(size_t len) {
    CHECK(len <= kMax);
    len_ = static_cast<uint8_t>(len);
    return MutableBytes(data_).first(len);
  }
  size_t size() const { return len_; }

 private:
  void take(Secret& other) {
    data_ = other.data_;
    len_ = other.len_;
    zeroise(other.data_);
    other.len_ = 0;
  }

  std::array<uint8_t, kMax> data_{};
  uint8_t len_ = 0;
};

}  // namespace osprey
