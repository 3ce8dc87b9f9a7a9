// Stage seal: protects the responses and writes them over the requests (RFC 8613 §8.3).
#pragma once

#include "framework/oscore/aead_engine.h"
#include "framework/oscore/context_store.h"
#include "framework/pipeline/packet.h"

namespace osprey::pipeline {

// In: authentic packets with a response. Those that are sealed have their reply; those that cannot
// be (kNoSequenceNumber, kResponseTooLong) are left to `answer`.
void seal(Packets in, oscore::AeadEngine& engine, oscore::SequenceSource& source,
          uint16_t message_id_offset);

}  // namespace osprey::pipeline
