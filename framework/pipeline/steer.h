// Stage steer: (kid context, kid) -> context -> the worker that owns it (RFC 8613 §8.2 step 2b).
#pragma once

#include "framework/oscore/context_table.h"
#include "framework/pipeline/packet.h"

namespace osprey::pipeline {

// Where this worker stands among its siblings.
struct WorkerPlace {
  oscore::WorkerIndex index = 0;
  oscore::WorkerIndex count = 1;
};

// Takes packets to the worker that owns their context. Implemented by the dataplane.
class Handoff {
 public:
  Handoff() = default;
  Handoff(const Handoff&) = delete;
  Handoff& operator=(const Handoff&) = delete;
  virtual ~Handoff() = default;

  // Copies the datagram of `packet` to worker `owner`. False if its queue is full.
  virtual bool give(oscore::WorkerIndex owner, const Packet& packet) = 0;
};

// Returns the packets whose context this worker owns; an unowned context becomes this worker's.
// Others' packets are handed over and stay behind as kHandedOver or kHandoffFull.
Packets steer(Packets in, const oscore::ContextTable& table, WorkerPlace place, Handoff& handoff);

}  // namespace osprey::pipeline
