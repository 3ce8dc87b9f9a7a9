// One datagram of a UDP port: its packet, its buffer, where it came from and where it arrived.
#pragma once

#include <array>

#include "dataplane/socket/socket_address.h"
#include "framework/pipeline/packet.h"

namespace osprey {

// Control data that names the local address (IP_PKTINFO, IPV6_PKTINFO), as received but for the
// interface; sent back, it makes the reply leave from there.
struct LocalAddress {
  static constexpr size_t kSpace = CMSG_SPACE(sizeof(in6_pktinfo));
  alignas(cmsghdr) std::array<uint8_t, kSpace> control;
  size_t len = 0;  // 0: the socket is bound to one address
};

struct UdpSlot : pipeline::Packet {
  SocketAddress peer;
  LocalAddress local;
  size_t socket_index = 0;  // of the port's sockets
  Response own_response;
  std::array<uint8_t, kMaxDatagram> buffer;
};

}  // namespace osprey
