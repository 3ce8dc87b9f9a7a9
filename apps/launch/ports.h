// The ports that a configuration asks for, opened: one for each worker, of whatever kind.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "apps/launch/config.h"
#include "dataplane/worker.h"

namespace osprey {

struct OpenPorts {
  size_t count = 0;
  std::vector<std::string> addresses;  // as bound: "127.0.0.1:5683"
  std::string description;             // of a device: driver, queues, memory
  // Makes the worker at `place`, once each, from what its line works with.
  std::function<std::unique_ptr<Worker>(const pipeline::LineParts& parts,
                                        pipeline::WorkerPlace place)>
      make_worker;
  // After the workers have ended: closes what they shared. Errors: a packet buffer was lost (I5).
  std::function<Result<void>()> close = [] { return Result<void>(); };
};

// Errors name the address or device, and what to do.
Result<OpenPorts> open_ports(const Config& config);

}  // namespace osprey
