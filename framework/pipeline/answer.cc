#include "framework/pipeline/answer.h"

#include "framework/pipeline/reply_header.h"

namespace osprey::pipeline {
namespace {

using coap::Code;
using coap::Type;
using oscore::AnswerKind;

// After this many seconds a client may ask again (RFC 7252 §5.9.3.4).
constexpr uint64_t kRetryAfterS = 1;

bool try_reply(Packet& packet, const coap::Message& reply) {
  Writer writer({packet.data, packet.capacity});
  coap::write_message(writer, reply);
  if (!writer.ok()) return false;
  packet.len = writer.size();
  packet.has_reply = true;
  return true;
}

// Behind a token that nearly fills the buffer there is no room for more than the code. The token
// stays where it is at either try, so the second finds it whole.
void write_reply(Packet& packet, coap::Message reply) {
  if (try_reply(packet, reply)) return;
  reply.payload = {};
  try_reply(packet, reply);
}

void write_reset(Packet& packet) {
  coap::Message reset;
  reset.type = Type::kRst;
  reset.message_id = packet.outer.message_id;
  write_reply(packet, reset);
}

void write_error(Packet& packet, Code code, std::string_view diagnostic,
                 uint16_t message_id_offset) {
  std::array<uint8_t, 8> space;
  Writer options(space);
  if (code == Code::kServiceUnavailable) {
    coap::OptionWriter(options).uint(coap::option::kMaxAge, kRetryAfterS);
  }
  coap::Message reply;
  reply.code = code;
  reply.options = options.written();
  reply.payload = as_bytes(diagnostic);
  set_reply_header(reply, packet.outer, message_id_offset);
  write_reply(packet, reply);
}

void answer_one(Packet& packet, uint16_t message_id_offset) {
  const oscore::VerdictInfo& verdict = info(packet.verdict);
  switch (verdict.answer) {
    case AnswerKind::kNone:
    case AnswerKind::kProtected: return;
    case AnswerKind::kReset:
      if (packet.outer.type == Type::kCon) write_reset(packet);
      return;
    case AnswerKind::kPlainToCon:
      if (packet.outer.type != Type::kCon) return;
      [[fallthrough]];
    case AnswerKind::kPlain:
      return write_error(packet, verdict.code, verdict.diagnostic, message_id_offset);
    case AnswerKind::kPlainOwn: {
      coap::Message reply = packet.response->message();
      set_reply_header(reply, packet.outer, message_id_offset);
      return write_reply(packet, reply);
    }
  }
}

}  // namespace

void answer(Packets in, uint16_t message_id_offset) {
  for (Packet* packet : in) {
    if (!packet->has_reply) answer_one(*packet, message_id_offset);
  }
}

}  // namespace osprey::pipeline
