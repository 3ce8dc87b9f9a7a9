// DPDK's environment, started once for the process from what we know instead of arguments that
// somebody types: memory from huge pages where there are any, files of its own, one device.
//
// Thread: the control thread, before any worker.
#pragma once

#include <string>
#include <vector>

#include "framework/base/result.h"

namespace osprey {

struct EalOptions {
  std::string device;                   // PCI address, or driver name with its arguments
  std::string instance;                 // what tells this server from others: files are named by it
  unsigned memory_mb = 0;               // all that DPDK may take when there are no huge pages
  std::vector<std::string> extra_args;  // as EAL takes them, for what we did not think of
};

struct Eal {
  bool has_huge_pages = false;
  std::string log;  // what DPDK said while it started
};

// Errors: what EAL says, with its likely cause; a second call.
Result<Eal> start_eal(const EalOptions& options);

}  // namespace osprey
