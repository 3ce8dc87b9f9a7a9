#include "framework/coap/message.h"

#include <optional>

namespace osprey::coap {
namespace {

constexpr uint8_t kVersion = 1;

// RFC 8974 §2.1: 13 and 14 announce one and two more bytes of length; 15 is an error.
std::optional<size_t> read_token_len(Reader& reader, uint8_t tkl, TokenRule rule) {
  if (tkl <= 8) return tkl;
  if (rule == TokenRule::kRfc7252 || tkl == 15) return std::nullopt;
  if (tkl == 13) {
    const auto byte = reader.u8();
    return byte ? std::optional<size_t>(*byte + 13u) : std::nullopt;
  }
  if (tkl == 14) {
    const auto word = reader.u16();
    return word ? std::optional<size_t>(*word + 269u) : std::nullopt;
  }
  return tkl;
}

}  // namespace

bool parse_options_and_payload(Bytes bytes, Message& message, ParseError& error) {
  OptionReader options(bytes);
  while (options.next()) {
  }
  if (options.failed()) {
    error = ParseError::kOption;
    return false;
  }
  const Bytes rest = options.rest();  // empty, or payload marker and payload
  if (rest.size() == 1) {
    error = ParseError::kEmptyPayload;
    return false;
  }
  message.options = bytes.first(bytes.size() - rest.size());
  message.payload = rest.empty() ? Bytes() : rest.subspan(1);
  return true;
}

ParseResult parse(Bytes datagram, TokenRule rule) {
  ParseResult result;
  Message& message = result.message;
  if (datagram.size() < kHeaderLen) {
    result.error = ParseError::kTooShort;
    return result;
  }
  Reader reader(datagram);
  const uint8_t first = *reader.u8();
  message.type = static_cast<Type>(first >> 4 & 0x03);
  message.code = static_cast<Code>(*reader.u8());
  message.message_id = *reader.u16();
  if (first >> 6 != kVersion) {
    result.error = ParseError::kVersion;
    return result;
  }
  const uint8_t tkl = first & 0x0f;
  if (message.code == Code::kEmpty && (tkl != 0 || !reader.empty())) {
    result.error = ParseError::kEmptyWithContent;
    return result;
  }
  const auto token_len = read_token_len(reader, tkl, rule);
  const auto token = token_len ? reader.take(*token_len) : std::nullopt;
  if (!token) {
    result.error = ParseError::kTokenLength;
    return result;
  }
  message.token = *token;
  parse_options_and_payload(reader.rest(), message, result.error);
  return result;
}

void write_header(Writer& writer, Type type, Code code, uint16_t message_id, Bytes token) {
  const size_t len = token.size();
  const uint8_t tkl = len < 13 ? static_cast<uint8_t>(len) : (len < 269 ? 13 : 14);
  writer.u8(static_cast<uint8_t>(kVersion << 6 | static_cast<uint8_t>(type) << 4 | tkl));
  writer.u8(static_cast<uint8_t>(code));
  writer.u16(message_id);
  if (tkl == 13) writer.u8(static_cast<uint8_t>(len - 13));
  if (tkl == 14) writer.u16(static_cast<uint16_t>(len - 269));
  writer.bytes(token);
}

void write_payload(Writer& writer, Bytes payload) {
  if (payload.empty()) return;
  writer.u8(kPayloadMarker);
  writer.bytes(payload);
}

size_t header_len(Bytes token) {
  const size_t len = token.size();
  const size_t extension = len < 13 ? 0 : (len < 269 ? 1 : 2);
  return kHeaderLen + extension + len;
}

void write_message(Writer& writer, const Message& message) {
  write_header(writer, message.type, message.code, message.message_id, message.token);
  writer.bytes(message.options);
  write_payload(writer, message.payload);
}

}  // namespace osprey::coap
