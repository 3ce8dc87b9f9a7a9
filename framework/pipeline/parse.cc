#include "framework/pipeline/parse.h"

namespace osprey::pipeline {
namespace {

using coap::Code;
using coap::ParseError;
using coap::Type;

Verdict verdict_of(ParseError error) {
  switch (error) {
    case ParseError::kNone: return Verdict::kOk;
    case ParseError::kTooShort: return Verdict::kTooShort;
    case ParseError::kVersion: return Verdict::kVersion;
    default: return Verdict::kFormat;
  }
}

// RFC 7252 §4.1 to §4.3: which type may carry what.
Verdict check_type_and_code(const coap::Message& message) {
  if (message.type == Type::kAck) return Verdict::kStrayAck;
  if (message.type == Type::kRst) return Verdict::kStrayReset;
  if (message.code == Code::kEmpty) {
    return message.type == Type::kCon ? Verdict::kPing : Verdict::kEmptyNon;
  }
  if (coap::is_response(message.code)) return Verdict::kStrayResponse;
  if (!coap::is_request(message.code)) return Verdict::kReservedCode;
  return message.token.size() <= kMaxTokenLen ? Verdict::kOk : Verdict::kTokenTooLong;
}

struct OscoreSearch {
  std::optional<Bytes> value;
  bool repeated = false;
  bool has_edhoc = false;
  bool has_proxy = false;
};

OscoreSearch find_oscore(const coap::Message& message) {
  OscoreSearch found;
  coap::OptionReader options = message.option_reader();
  while (const auto option = options.next()) {
    found.has_edhoc |= option->number == coap::option::kEdhoc;
    found.has_proxy |=
        option->number == coap::option::kProxyUri || option->number == coap::option::kProxyScheme;
    if (option->number != coap::option::kOscore) continue;
    found.repeated = found.value.has_value();
    found.value = option->value;
  }
  return found;
}

// §8.2 step 1 needs no work: outer options of class E are never looked at again. Of class U, those
// for a proxy remain part of the request (step 7).
Verdict parse_oscore(Packet& packet, const OscoreSearch& found) {
  // Class U and critical: what it asks for (RFC 9668) is not done here.
  if (found.has_edhoc || found.repeated) return Verdict::kUnknownCriticalOption;
  if (packet.outer.payload.empty()) return Verdict::kOscoreWithoutPayload;
  packet.asks_proxy = found.has_proxy;
  const auto error = oscore::parse_oscore_option(*found.value, packet.option);
  const bool usable = error == oscore::OptionError::kNone && oscore::fits_request(packet.option);
  return usable ? Verdict::kOk : Verdict::kBadOscoreOption;
}

Verdict parse_one(Packet& packet) {
  if (packet.verdict != Verdict::kOk) return packet.verdict;
  packet.option = {};
  packet.asks_proxy = false;
  const coap::ParseResult result = coap::parse(packet.datagram());
  packet.outer = result.message;
  if (result.error != ParseError::kNone) return verdict_of(result.error);
  if (const Verdict verdict = check_type_and_code(packet.outer); verdict != Verdict::kOk) {
    return verdict;
  }
  const OscoreSearch found = find_oscore(packet.outer);
  return found.value ? parse_oscore(packet, found) : Verdict::kOk;
}

}  // namespace

Parsed parse(Packets in) {
  const Packets good = keep(in, parse_one);
  // fits_request saw to it that every protected request has a kid.
  const Packets with_oscore =
      partition(good, [](const Packet& packet) { return packet.option.kid.has_value(); });
  return {with_oscore, good.subspan(with_oscore.size())};
}

}  // namespace osprey::pipeline
