// CHECK (every build) and DCHECK (builds without NDEBUG): for what only a bug can break.
// What a peer, a disk or an operator can cause is a verdict or a Result, never a CHECK.
#pragma once

namespace osprey {

// Prints file, line and the condition to stderr, then aborts.
[[noreturn]] void check_failed(const char* file, int line, const char* condition);

}  // namespace osprey

#define CHECK(condition)                                                      \
  do {                                                                        \
    if (!(condition)) ::osprey::check_failed(__FILE__, __LINE__, #condition); \
  } while (false)

#ifdef NDEBUG
#define DCHECK(condition)                    \
  do {                                       \
    if (false) static_cast<void>(condition); \
  } while (false)
#else
#define DCHECK(condition) CHECK(condition)
#endif
