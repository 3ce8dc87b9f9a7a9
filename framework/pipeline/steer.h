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

// Takes packets to the worker that owns their context, or keeps them until there is one.
// Implemented by the dataplane.
class Handoff {
 public:
  Handoff() = default;
  Handoff(const Handoff&) = delete;
  Handoff& operator=(const Handoff&) = delete;
  virtual ~Handoff() = default;

  // Copies the datagram of `packet` to worker `owner`. False if its queue is full.
  virtual bool give(oscore::WorkerIndex owner, const Packet& packet) = 0;

  // The table has no context for `packet`: keeps a copy of the datagram until the store has looked
  // for one, after which it comes again as a packet that was awaited. kAwaitsContext, kFetchFull;
  // kNoContext when the store has no more than the table.
  virtual Verdict await_context(const Packet& /*packet*/) { return Verdict::kNoContext; }
};

// Returns the packets whose context this worker owns; an unowned context becomes this worker's.
// Others' packets are handed over and stay behind as kHandedOver or kHandoffFull, those whose
// context is not in memory yet as kAwaitsContext or kFetchFull.
Packets steer(Packets in, const oscore::ContextTable& table, WorkerPlace place, Handoff& handoff);

}  // namespace osprey::pipeline
