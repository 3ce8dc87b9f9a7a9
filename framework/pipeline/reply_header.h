// Type, Message ID and token of a reply (RFC 7252 §5.2): piggybacked on the ACK of a CON, a NON of
// its own to a NON.
#pragma once

#include "framework/coap/message.h"

namespace osprey::pipeline {

// A NON reply takes its Message ID from the request's, moved by a number drawn at start. While the
// client does not repeat an ID towards us, no ID repeats towards it (§4.4), and nothing is stored.
inline void set_reply_header(coap::Message& reply, const coap::Message& request,
                             uint16_t message_id_offset) {
  const bool is_confirmable = request.type == coap::Type::kCon;
  reply.type = is_confirmable ? coap::Type::kAck : coap::Type::kNon;
  reply.message_id = is_confirmable ? request.message_id
                                    : static_cast<uint16_t>(request.message_id + message_id_offset);
  reply.token = request.token;
}

}  // namespace osprey::pipeline
