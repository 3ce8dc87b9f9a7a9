// Drives one WholeRepresentation over a socket until it ends, and tells each step if asked.
#pragma once

#include "dataplane/socket/client_socket.h"
#include "framework/client/whole_representation.h"

namespace osprey::cli {

// Monotonic.
TimeNs now();

// What is told on standard error while a request runs.
enum class Narration : uint8_t {
  kNone,
  kSteps,
  kDatagrams,  // the steps, and each datagram in hex, as `osprey explain` takes it
};

// Returns the time it took, ns.
TimeNs run_to_end(ClientSocket& socket, client::WholeRepresentation& whole, client::ClientEnd& end,
                  const client::Request& request, Narration narration);

}  // namespace osprey::cli
