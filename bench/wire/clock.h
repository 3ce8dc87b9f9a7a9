// The clocks that a measurement reads.
#pragma once

#include <sys/types.h>

#include <ctime>

#include "dataplane/clock.h"

namespace osprey::bench {

inline TimeNs read_clock(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return time.tv_sec * kSecond + time.tv_nsec;
}

// CPU time of a process, all its threads together: what /proc/PID/stat counts in ticks. 0 if there
// is no such process.
inline TimeNs cpu_time_of(pid_t pid) {
  clockid_t clock{};
  return clock_getcpuclockid(pid, &clock) == 0 ? read_clock(clock) : 0;
}

}  // namespace osprey::bench
