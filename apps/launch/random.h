// Randomness from the kernel, for keys and numbers that are drawn at start.
#pragma once

#include <sys/random.h>

#include "framework/base/bytes.h"
#include "framework/base/check.h"

namespace osprey {

// At most 256 bytes, which getrandom fills in one piece.
inline void fill_random(MutableBytes bytes) {
  CHECK(bytes.size() <= 256);
  CHECK(getrandom(bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
}

template <typename Number>
Number random_number() {
  Number number;
  fill_random({reinterpret_cast<uint8_t*>(&number), sizeof number});
  return number;
}

}  // namespace osprey
