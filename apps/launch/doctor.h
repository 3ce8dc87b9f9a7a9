// `ospreyd doctor`: looks at the machine as the dpdk port will find it, and says what to type.
//
// Reads /sys and /proc only; changes nothing.
#pragma once

#include <string>
#include <vector>

#include "apps/launch/config.h"

namespace osprey {

struct Finding {
  enum class Kind : uint8_t {
    kGood,
    kAdvice,   // it works, but better so
    kProblem,  // it will not start, or would do harm
  };
  Kind kind = Kind::kGood;
  std::string text;
  std::string mend;  // a command, or empty
};

// `root` stands before /sys and /proc: empty, but for tests.
std::vector<Finding> examine(const Config& config, const std::string& root = "");

// Prints what examine() finds. Returns the exit code: 1 if anything is a problem.
int print_findings(const std::vector<Finding>& findings);

}  // namespace osprey
