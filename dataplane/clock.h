// What the time is: the one place where the data path asks.
#pragma once

#include <chrono>

#include "framework/base/clock.h"

namespace osprey {

inline TimeNs monotonic_now() {
  const auto since_boot = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(since_boot).count();
}

}  // namespace osprey
