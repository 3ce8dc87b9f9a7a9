// Goal: what parses as a CoAP message is written again as the same bytes, and what was written
// parses as the same message; nothing else happens (framework/coap/message.h, option.h).
// Method: the input is one datagram, taken under both token rules. A message is written from its
// parts at once and option by option, into just enough space and into one byte less.
#include <vector>

#include "framework/base/check.h"
#include "framework/coap/message.h"

namespace osprey::coap {
namespace {

bool same(const Message& a, const Message& b) {
  return a.type == b.type && a.code == b.code && a.message_id == b.message_id &&
         equal(a.token, b.token) && equal(a.options, b.options) && equal(a.payload, b.payload);
}

void check_written_at_once(const Message& message, Bytes datagram) {
  std::vector<uint8_t> space(datagram.size());
  Writer writer(space);
  write_message(writer, message);
  CHECK(writer.ok());
  CHECK(equal(writer.written(), datagram));

  Writer too_small(MutableBytes(space).first(datagram.size() - 1));
  write_message(too_small, message);
  CHECK(!too_small.ok());
}

void check_written_option_by_option(const Message& message, Bytes datagram) {
  std::vector<uint8_t> space(datagram.size());
  Writer writer(space);
  write_header(writer, message.type, message.code, message.message_id, message.token);
  CHECK(writer.size() == header_len(message.token));
  OptionWriter options(writer);
  OptionReader reader = message.option_reader();
  while (const auto option = reader.next()) {
    options.opaque(option->number, option->value);
    static_cast<void>(option->as_uint());
  }
  CHECK(!reader.failed());
  CHECK(reader.rest().empty());
  write_payload(writer, message.payload);
  CHECK(writer.ok());
  CHECK(equal(writer.written(), datagram));
}

void run(Bytes datagram, TokenRule rule) {
  const auto [error, message] = parse(datagram, rule);
  if (error != ParseError::kNone) return;
  check_written_at_once(message, datagram);
  check_written_option_by_option(message, datagram);
  const ParseResult again = parse(datagram, rule);
  CHECK(again.error == ParseError::kNone);
  CHECK(same(again.message, message));
}

}  // namespace
}  // namespace osprey::coap

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t len) {
  osprey::coap::run({data, len}, osprey::coap::TokenRule::kRfc7252);
  osprey::coap::run({data, len}, osprey::coap::TokenRule::kRfc8974);
  return 0;
}
