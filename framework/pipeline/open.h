// Stage open: verifies and decrypts requests in place (RFC 8613 §8.2 steps 3 to 7, B.1.2).
#pragma once

#include "framework/oscore/context_table.h"
#include "framework/oscore/unprotect.h"
#include "framework/pipeline/packet.h"

namespace osprey::pipeline {

struct Opened {
  Packets fresh;    // go to the application
  Packets refused;  // authentic, but not for the application: kChallenged, kInnerFormat

  // Both, which lie side by side: all that get a protected answer.
  Packets authentic() const { return {fresh.data(), fresh.size() + refused.size()}; }
};

// In: packets with option and context set, all contexts owned by this worker. `table` names further
// candidates where several contexts share their IDs.
Opened open(Packets in, const oscore::ContextTable& table, oscore::AeadEngine& engine,
            oscore::EchoMaker& echo, TimeNs now);

}  // namespace osprey::pipeline
