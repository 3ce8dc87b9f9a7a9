#include "framework/coap/message.h"

#include <gtest/gtest.h>

#include "tests/unit/support/hex.h"

namespace osprey::coap {
namespace {

using test::hex;

std::vector<uint8_t> written(const Message& message) {
  std::vector<uint8_t> space(70'000);
  Writer writer(space);
  write_message(writer, message);
  EXPECT_TRUE(writer.ok());
  return {writer.written().begin(), writer.written().end()};
}

TEST(Message, PartsBorrowTheDatagram) {
  const auto datagram = hex("42017d342001bb74656d7065726174757265ff31");
  const auto [error, message] = parse(datagram);
  ASSERT_EQ(error, ParseError::kNone);
  EXPECT_EQ(message.token.data(), datagram.data() + 4);
  EXPECT_EQ(message.options.data(), datagram.data() + 6);
  EXPECT_EQ(message.options.size(), 12u);
  EXPECT_EQ(message.payload.data(), datagram.data() + 19);
  EXPECT_EQ(message.payload.size(), 1u);
}

// RFC 8974 §2.1: token lengths at each side of each step of the encoding.
TEST(Message, TokensOfEveryEncodingAreReadBack) {
  for (const size_t len : {0, 1, 8, 9, 12, 13, 14, 268, 269, 270, 65804}) {
    SCOPED_TRACE(len);
    const std::vector<uint8_t> token(len, 0xff);
    Message message;
    message.code = Code::kGet;
    message.token = token;
    const auto datagram = written(message);
    EXPECT_EQ(datagram.size(), header_len(token));
    const auto [error, again] = parse(datagram);
    ASSERT_EQ(error, ParseError::kNone);
    EXPECT_TRUE(equal(again.token, token));
    EXPECT_EQ(parse(datagram, TokenRule::kRfc7252).error,
              len <= 8 ? ParseError::kNone : ParseError::kTokenLength);
  }
}

TEST(Message, ErrorsAreToldApart) {
  const std::pair<const char*, ParseError> rows[] = {
      {"", ParseError::kTooShort},
      {"400100", ParseError::kTooShort},
      {"00010001", ParseError::kVersion},
      {"c0010001", ParseError::kVersion},
      {"8f000001ff", ParseError::kVersion},  // whatever else is wrong
      {"41000001aa", ParseError::kEmptyWithContent},
      {"40000001ff00", ParseError::kEmptyWithContent},
      {"4f010001", ParseError::kTokenLength},
      {"44010001aabbcc", ParseError::kTokenLength},
      {"40010001b1", ParseError::kOption},
      {"40010001f0", ParseError::kOption},
      {"40010001ff", ParseError::kEmptyPayload},
      {"40010001b161ff", ParseError::kEmptyPayload},
  };
  for (const auto& [text, expected] : rows) {
    EXPECT_EQ(parse(hex(text)).error, expected) << text;
  }
}

// The RST that answers a malformed message needs its type and Message ID.
TEST(Message, HeaderIsReadEvenIfTheRestIsMalformed) {
  for (const char* text : {"52023412f0", "5f023412", "50023412ff", "5402341200"}) {
    const auto bytes = hex(text);
    const auto [error, message] = parse(bytes);
    EXPECT_NE(error, ParseError::kNone) << text;
    EXPECT_EQ(message.type, Type::kNon) << text;
    EXPECT_EQ(message.code, Code::kPost) << text;
    EXPECT_EQ(message.message_id, 0x3412) << text;
  }
}

TEST(Message, EmptyPayloadHasNoMarker) {
  Message message;
  message.code = Code::kContent;
  message.type = Type::kAck;
  message.message_id = 0xabcd;
  EXPECT_EQ(to_hex(written(message)), "6045abcd");
  const std::vector<uint8_t> payload = {0xff};
  message.payload = payload;
  EXPECT_EQ(to_hex(written(message)), "6045abcdffff");
}

TEST(Message, WhatDoesNotFitIsToldAtTheEnd) {
  const auto datagram = hex("42017d342001bb74656d7065726174757265ff31");
  const Message message = parse(datagram).message;
  for (size_t len = 0; len < datagram.size(); ++len) {
    std::vector<uint8_t> space(len);
    Writer writer(space);
    write_message(writer, message);
    EXPECT_FALSE(writer.ok()) << len;
  }
  EXPECT_EQ(written(message), datagram);
}

TEST(OptionsAndPayload, FormatErrorLeavesTheMessageAlone) {
  const auto good = hex("b161ff31");
  const auto bad = hex("b161f0");
  Message message;
  ParseError error = ParseError::kNone;
  ASSERT_TRUE(parse_options_and_payload(good, message, error));
  ASSERT_FALSE(parse_options_and_payload(bad, message, error));
  EXPECT_EQ(error, ParseError::kOption);
  EXPECT_EQ(message.options.data(), good.data());
  EXPECT_EQ(to_hex(message.payload), "31");
}

TEST(OptionsAndPayload, NothingIsAMessageWithoutOptionsAndPayload) {
  Message message;
  ParseError error = ParseError::kNone;
  EXPECT_TRUE(parse_options_and_payload({}, message, error));
  EXPECT_TRUE(message.options.empty());
  EXPECT_TRUE(message.payload.empty());
}

}  // namespace
}  // namespace osprey::coap
