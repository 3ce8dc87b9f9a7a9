// A datagram apart from the slot it came in: on its way to another worker, or waiting until the
// store has fetched its context.
#pragma once

#include <array>
#include <cstring>

#include "dataplane/socket/udp_slot.h"

namespace osprey {

struct KeptDatagram {
  size_t len = 0;
  size_t socket_index = 0;
  SocketAddress peer;
  LocalAddress local;
  std::array<uint8_t, kMaxDatagram> bytes;
};

}  // namespace osprey
