// One CoAP message in a datagram (RFC 7252 §3, tokens also as in RFC 8974).
//
//   0                   1
//   |Ver| T |  TKL  |     Code      |          Message ID           | token | options | ff payload
//
// A Message is a view: it borrows the bytes it was parsed from.
#pragma once

#include <cstdint>

#include "framework/base/bytes.h"
#include "framework/base/writer.h"
#include "framework/coap/code.h"
#include "framework/coap/option.h"

namespace osprey::coap {

inline constexpr uint8_t kPayloadMarker = 0xff;
inline constexpr size_t kHeaderLen = 4;                // version to Message ID
inline constexpr size_t kMaxExtendedTokenLen = 65804;  // RFC 8974 §2.1

struct Message {
  Type type = Type::kCon;
  Code code = Code::kEmpty;
  uint16_t message_id = 0;
  Bytes token;
  Bytes options;  // as on the wire, without the payload marker
  Bytes payload;

  OptionReader option_reader() const { return OptionReader(options); }
};

enum class ParseError : uint8_t {
  kNone,
  kTooShort,         // fewer than 4 bytes: nothing to answer to; drop
  kVersion,          // not version 1: drop silently (§3)
  kTokenLength,      // TKL reserved, or the token runs past the end
  kOption,           // an option runs past the end, nibble 15, number above 65535
  kEmptyPayload,     // payload marker with nothing after it
  kEmptyWithContent  // code 0.00 with a token or any byte after the Message ID (§4.1)
};

enum class TokenRule : uint8_t {
  kRfc7252,  // at most 8 bytes
  kRfc8974,  // extended lengths
};

struct ParseResult {
  ParseError error = ParseError::kNone;
  // On error: type, code and Message ID as far as they were read (all but kTooShort), for the RST.
  Message message;
};

ParseResult parse(Bytes datagram, TokenRule rule = TokenRule::kRfc8974);

// The part of a message that stands inside an OSCORE plaintext after the code, and after the token
// in a datagram: options and payload. False on a format error; then `message` is unchanged.
bool parse_options_and_payload(Bytes bytes, Message& message, ParseError& error);

// Header and token. Options and payload follow through OptionWriter and write_payload.
void write_header(Writer& writer, Type type, Code code, uint16_t message_id, Bytes token);

// Marker and payload; nothing at all for an empty payload (§3: the marker needs a payload).
void write_payload(Writer& writer, Bytes payload);

// Bytes of header and token.
size_t header_len(Bytes token);

// Whole message from its parts; the options are delta-coded already. Not ok() when it doesn't fit.
void write_message(Writer& writer, const Message& message);

}  // namespace osprey::coap
