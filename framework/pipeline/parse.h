// Stage parse: CoAP outer message and OSCORE option (RFC 7252 §3, §4; RFC 8613 §6, §8.2 step 2a).
#pragma once

#include "framework/pipeline/packet.h"

namespace osprey::pipeline {

struct Parsed {
  Packets with_oscore;  // requests with an OSCORE option that fits a request
  Packets plain;        // requests without
};

// In: packets with data and len set. Packets that arrive with a verdict (a truncated datagram) keep
// it. Rejected ones stay behind the two runs.
Parsed parse(Packets in);

}  // namespace osprey::pipeline
