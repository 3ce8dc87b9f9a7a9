// Stage answer: what goes back for every packet that has no sealed response: the plain error that
// the RFCs allow, a plain response, RST, or silence (RFC 8613 §8.2, RFC 7252 §4.2, §4.3).
#pragma once

#include "framework/pipeline/packet.h"

namespace osprey::pipeline {

// In: the whole batch, every packet with its final verdict.
void answer(Packets in, uint16_t message_id_offset);

}  // namespace osprey::pipeline
