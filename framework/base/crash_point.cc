#include "framework/base/crash_point.h"

#ifdef OSPREY_CRASH_BUILD

#include <signal.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <string_view>

#include "framework/base/fault.h"

namespace osprey {
namespace {

constexpr std::array kCrashPointNames = {
#define OSPREY_ROW(constant, name, when) std::string_view(name),
    OSPREY_CRASH_POINTS_TABLE(OSPREY_ROW)
#undef OSPREY_ROW
};

constexpr std::array kFaultNames = {
#define OSPREY_ROW(constant, name, promise) std::string_view(name),
    OSPREY_FAULTS_TABLE(OSPREY_ROW)
#undef OSPREY_ROW
};

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : value;
}

// Where to die: the index of a name, and at which pass.
struct Chosen {
  size_t point = SIZE_MAX;
  int pass = 1;
};

Chosen chosen_crash_point() {
  std::string_view text = environment("OSPREY_CRASH_POINT");
  Chosen chosen;
  if (const size_t colon = text.find(':'); colon != std::string_view::npos) {
    chosen.pass = std::atoi(text.data() + colon + 1);
    text = text.substr(0, colon);
  }
  for (size_t i = 0; i < kCrashPointNames.size(); ++i) {
    if (kCrashPointNames[i] == text) chosen.point = i;
  }
  return chosen;
}

}  // namespace

void crash_point(CrashPoint point) {
  static const Chosen chosen = chosen_crash_point();
  static std::atomic<int> passes = 0;
  if (static_cast<size_t>(point) != chosen.point) return;
  if (++passes == chosen.pass) raise(SIGKILL);
}

bool has_fault(Fault fault) {
  static const std::string_view chosen = environment("OSPREY_FAULT");
  return kFaultNames[static_cast<size_t>(fault)] == chosen;
}

}  // namespace osprey

#endif
