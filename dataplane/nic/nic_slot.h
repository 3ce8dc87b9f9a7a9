// One datagram of the dpdk port: its packet, and the packet buffer that holds its frame.
#pragma once

#include <array>

#include "dataplane/frames/frame.h"
#include "framework/pipeline/packet.h"

struct rte_mbuf;

namespace osprey {

struct NicSlot : pipeline::Packet {
  rte_mbuf* buffer = nullptr;
  FrameLayout layout;
  Response own_response;
};

// A datagram with its headers, apart from a slot: on its way to another worker, or waiting until
// the store has fetched its context.
struct KeptFrame {
  FrameLayout layout;
  uint16_t len = 0;  // of the frame up to the datagram's end
  std::array<uint8_t, kMaxHeadersLen + kMaxDatagram> bytes;
};

}  // namespace osprey
