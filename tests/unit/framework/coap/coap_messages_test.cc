// tests/vectors/coap-messages.json: what parses, what does not, and that what parses is written
// again byte for byte. What a server answers (reaction, then) is tested with the pipeline's parse
// stage; the option values with oscore/option.h.
#include <gtest/gtest.h>

#include "framework/coap/message.h"
#include "tests/unit/support/vectors.h"

namespace osprey::coap {
namespace {

using test::any;
using test::hex;
using test::Json;
using test::same;
using test::same_bytes;

TokenRule token_rule(const Json& entry) {
  const auto profile = entry.at("profile").get<std::string>();
  if (profile == "rfc7252") return TokenRule::kRfc7252;
  EXPECT_EQ(profile, "rfc8974");
  return TokenRule::kRfc8974;
}

void expect_decoded(const Message& message, const Json& decoded) {
  test::check_fields(decoded, {
                                  {"type", same(type_name(message.type))},
                                  {"code", same(code_text(message.code))},
                                  {"message_id", same(message.message_id)},
                                  {"token", same_bytes(message.token)},
                                  {"options", same(test::options_json(message.options))},
                                  {"payload", same_bytes(message.payload)},
                              });
}

std::string rewritten(const Message& message, const Json& decoded) {
  std::vector<uint8_t> space(100'000);
  Writer writer(space);
  write_header(writer, message.type, message.code, message.message_id, message.token);
  OptionWriter options(writer);
  for (const Json& option : decoded.at("options")) {
    options.opaque(option.at(0).get<uint16_t>(), hex(option.at(1)));
  }
  write_payload(writer, message.payload);
  EXPECT_TRUE(writer.ok());
  return to_hex(writer.written());
}

bool is_reserved_class(Code code) {
  return !is_request(code) && !is_response(code) && code != Code::kEmpty;
}

void expect_error(const ParseResult& result, const std::string& error) {
  if (error == "drop") {
    EXPECT_EQ(result.error, ParseError::kTooShort);
  } else if (error == "ignore-version") {
    EXPECT_EQ(result.error, ParseError::kVersion);
  } else if (error == "reserved-class") {
    EXPECT_TRUE(is_reserved_class(result.message.code));
  } else {
    EXPECT_EQ(error, "format");
    EXPECT_NE(result.error, ParseError::kNone);
    EXPECT_NE(result.error, ParseError::kTooShort);
    EXPECT_NE(result.error, ParseError::kVersion);
  }
}

TEST(CoapMessages, EveryMessageIsDecodedOrRefused) {
  const Json file = test::load_vectors("coap-messages");
  int num_valid = 0, num_invalid = 0;
  for (const Json& entry : file.at("messages")) {
    SCOPED_TRACE(entry.at("id").get<std::string>());
    test::expect_known_fields(entry, {"id", "profile", "wire", "expect", "section", "note",
                                      "decoded", "then", "error", "reaction", "others"});
    const auto wire = hex(entry.at("wire"));
    const ParseResult result = parse(wire, token_rule(entry));
    if (entry.at("expect") == "ok") {
      ++num_valid;
      ASSERT_EQ(result.error, ParseError::kNone);
      EXPECT_FALSE(is_reserved_class(result.message.code));
      expect_decoded(result.message, entry.at("decoded"));
      EXPECT_EQ(rewritten(result.message, entry.at("decoded")), to_hex(wire));
      std::vector<uint8_t> space(wire.size());
      Writer writer(space);
      write_message(writer, result.message);
      EXPECT_EQ(to_hex(writer.written()), to_hex(wire));
    } else {
      ++num_invalid;
      EXPECT_EQ(entry.at("expect"), "error");
      expect_error(result, entry.at("error"));
    }
  }
  const Json& counts = file.at("counts");
  EXPECT_EQ(num_valid, counts.at("valid"));
  EXPECT_EQ(num_invalid, counts.at("invalid"));
  EXPECT_EQ(num_valid + num_invalid, counts.at("messages"));
}

// They parse: what is wrong with them is the pair of type and code, which the parse stage judges.
TEST(CoapMessages, MessagesAgainstTheTypeCodeRulesAreWellFormed) {
  const Json file = test::load_vectors("coap-messages");
  for (const Json& entry : file.at("type_code_rules")) {
    EXPECT_EQ(parse(hex(entry.at("wire"))).error, ParseError::kNone) << entry.at("id");
  }
}

}  // namespace
}  // namespace osprey::coap
