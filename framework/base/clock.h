// Time as an argument: nanoseconds since some fixed moment, never read inside framework/.
#pragma once

#include <cstdint>

namespace osprey {

using TimeNs = int64_t;  // monotonic, nanoseconds

inline constexpr TimeNs kMicrosecond = 1'000;
inline constexpr TimeNs kMillisecond = 1'000'000;
inline constexpr TimeNs kSecond = 1'000'000'000;

}  // namespace osprey
