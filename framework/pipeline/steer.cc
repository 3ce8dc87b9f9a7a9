#include "framework/pipeline/steer.h"

namespace osprey::pipeline {
namespace {

using oscore::SecurityContext;
using oscore::WorkerIndex;

// Contexts that one kid can mean are tried in turn by one worker, so they all belong to the same.
WorkerIndex owner_of(SecurityContext& context, WorkerPlace place) {
  const WorkerIndex wish = context.shares_ids()
                               ? static_cast<WorkerIndex>(context.ids_hash() % place.count)
                               : place.index;
  return context.claim(wish);
}

}  // namespace

Packets steer(Packets in, const oscore::ContextTable& table, WorkerPlace place, Handoff& handoff) {
  return keep(in, [&](Packet& packet) {
    packet.context = table.find(packet.option);
    if (packet.context == nullptr) return Verdict::kNoContext;
    const WorkerIndex owner = owner_of(*packet.context, place);
    if (owner == place.index) return Verdict::kOk;
    return handoff.give(owner, packet) ? Verdict::kHandedOver : Verdict::kHandoffFull;
  });
}

}  // namespace osprey::pipeline
