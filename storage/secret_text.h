// Text that may hold key material (I7): whatever it allocates is zeroised before it is freed, also
// when it grows. (Up to 15 characters live in the object itself; nothing that short is a secret.)
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "framework/base/secret.h"

namespace osprey::storage {

template <typename T>
struct ZeroisingAllocator {
  using value_type = T;

  ZeroisingAllocator() = default;
  template <typename U>
  ZeroisingAllocator(const ZeroisingAllocator<U>&) {}  // NOLINT(google-explicit-constructor)

  T* allocate(size_t count) { return std::allocator<T>().allocate(count); }
  void deallocate(T* data, size_t count) {
    zeroise({reinterpret_cast<uint8_t*>(data), count * sizeof(T)});
    std::allocator<T>().deallocate(data, count);
  }
  template <typename U>
  bool operator==(const ZeroisingAllocator<U>&) const {
    return true;
  }
};

using SecretBytes = std::vector<uint8_t, ZeroisingAllocator<uint8_t>>;
using SecretText = std::basic_string<char, std::char_traits<char>, ZeroisingAllocator<char>>;

}  // namespace osprey::storage
