// Goal: coap::parse takes any bytes, and what it accepts is written back as the same message.
// Method: parse, write, parse again, compare; under both token rules.
#include "framework/base/check.h"
#include "framework/base/limits.h"
#include "framework/coap/message.h"

using namespace osprey;

namespace {

void compare(const coap::Message& a, const coap::Message& b) {
  CHECK(a.type == b.type);
  CHECK(a.code == b.code);
  CHECK(a.message_id == b.message_id);
  CHECK(equal(a.token, b.token));
  CHECK(equal(a.options, b.options));
  CHECK(equal(a.payload, b.payload));
}

// Options taken apart and written anew are the same options, in at most as many bytes.
void rewrite_options(const coap::Message& message) {
  std::vector<uint8_t> space(message.options.size() + 1);
  Writer writer(space);
  coap::OptionWriter written(writer);
  coap::OptionReader options = message.option_reader();
  while (const auto option = options.next()) written.opaque(option->number, option->value);
  CHECK(!options.failed());
  CHECK(writer.ok());
  coap::OptionReader again(writer.written());
  options = message.option_reader();
  while (const auto option = options.next()) {
    const auto same = again.next();
    CHECK(same && same->number == option->number && equal(same->value, option->value));
  }
}

void try_rule(Bytes datagram, coap::TokenRule rule) {
  const coap::ParseResult parsed = coap::parse(datagram, rule);
  if (parsed.error != coap::ParseError::kNone) return;
  std::vector<uint8_t> space(datagram.size());
  Writer writer(space);
  coap::write_message(writer, parsed.message);
  CHECK(writer.ok());
  const coap::ParseResult again = coap::parse(writer.written(), rule);
  CHECK(again.error == coap::ParseError::kNone);
  compare(parsed.message, again.message);
  rewrite_options(parsed.message);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try_rule({data, size}, coap::TokenRule::kRfc7252);
  try_rule({data, size}, coap::TokenRule::kRfc8974);
  return 0;
}
