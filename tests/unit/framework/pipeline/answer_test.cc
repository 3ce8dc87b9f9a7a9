// Every way in which a message with an OSCORE option fails, and the answer it gets: the plain
// errors of RFC 8613 §8.2, seen through the whole line.
#include "framework/pipeline/answer.h"

#include <gtest/gtest.h>

#include "tests/unit/support/vectors.h"
#include "tests/unit/support/world.h"

namespace osprey::pipeline {
namespace {

using coap::Code;
using coap::Type;
using test::Built;
using test::ByteVector;
using test::Client;
using test::hex;
using test::Json;
using test::request_to;
using test::Served;
using test::World;

constexpr Type kRequestTypes[] = {Type::kCon, Type::kNon};

// `code_and_text` as the answer to token 4a and Message ID 1234: piggybacked to a CON, a NON of its
// own to a NON.
std::string answer_to(Type type, const std::string& code_and_rest) {
  const std::string code = code_and_rest.substr(0, 4);
  const std::string head =
      type == Type::kCon ? "ACK " + code + " mid=1234" : "NON " + code + " mid=1334";
  return head + " token=4a" + code_and_rest.substr(4);
}

ByteVector datagram_with(Type type, Bytes option_value, Bytes payload) {
  Built built = Built(Code::kPost, type)
                    .option(coap::option::kOscore, option_value)
                    .payload(as_text(payload));
  ByteVector space(kMaxDatagram);
  Writer writer(space);
  write_message(writer, built.message());
  CHECK(writer.ok());
  return {writer.written().begin(), writer.written().end()};
}

struct Row {
  const char* what;
  const char* option;   // hex
  const char* payload;  // hex
  Verdict verdict;
  const char* answer;
};

// The context of the World has kid c1. 16 bytes of payload hold a code, a message and a tag.
constexpr const char* kSome = "00112233445566778899aabbccddeeff";
constexpr const char* kCose = "4.02 'Failed to decode COSE'";
constexpr const char* kUnknown = "4.01 'Security context not found'";
constexpr const char* kFailed = "4.00 'Decryption failed'";

const Row kRows[] = {
    {"empty option", "", kSome, Verdict::kBadOscoreOption, kCose},
    {"flag byte 00", "00", kSome, Verdict::kBadOscoreOption, kCose},
    {"reserved flag 80", "8900c1", kSome, Verdict::kBadOscoreOption, kCose},
    {"reserved flag 40", "4900c1", kSome, Verdict::kBadOscoreOption, kCose},
    {"group flag", "2900c1", kSome, Verdict::kBadOscoreOption, kCose},
    {"Partial IV of 6", "0e000000000001c1", kSome, Verdict::kBadOscoreOption, kCose},
    {"Partial IV of 7", "0f00000000000001c1", kSome, Verdict::kBadOscoreOption, kCose},
    {"Partial IV cut", "0d000001", kSome, Verdict::kBadOscoreOption, kCose},
    {"Partial IV with leading zero", "0a0001c1", kSome, Verdict::kBadOscoreOption, kCose},
    {"kid context cut", "190004aa", kSome, Verdict::kBadOscoreOption, kCose},
    {"no kid", "0100", kSome, Verdict::kBadOscoreOption, kCose},
    {"no Partial IV", "08c1", kSome, Verdict::kBadOscoreOption, kCose},
    {"left over without kid flag", "0100c1", kSome, Verdict::kBadOscoreOption, kCose},
    {"kid of nobody", "0900d1", kSome, Verdict::kNoContext, kUnknown},
    {"empty kid of nobody", "0900", kSome, Verdict::kNoContext, kUnknown},
    {"longer kid", "0900c1c1", kSome, Verdict::kNoContext, kUnknown},
    {"kid too long for any context", "0900c1c1c1c1c1c1c1c1", kSome, Verdict::kNoContext, kUnknown},
    {"kid context of nobody", "190002aabbc1", kSome, Verdict::kNoContext, kUnknown},
    {"empty kid context", "190000c1", kSome, Verdict::kNoContext, kUnknown},
    {"no ciphertext at all but a byte", "0900c1", "00", Verdict::kBadTag, kFailed},
    {"no room for code and tag", "0900c1", "0011223344556677", Verdict::kBadTag, kFailed},
    {"forged", "0900c1", kSome, Verdict::kBadTag, kFailed},
    {"forged, highest number", "0dffffffffffc1", kSome, Verdict::kBadTag, kFailed},
};

TEST(Answer, MalformedOrForeignMessageGetsThePlainErrorOfItsStep) {
  for (const Type type : kRequestTypes) {
    World world;
    for (const Row& row : kRows) {
      SCOPED_TRACE(row.what);
      const Served served = world.serve(datagram_with(type, hex(row.option), hex(row.payload)));
      EXPECT_EQ(served.verdict, row.verdict);
      EXPECT_EQ(served.text(), answer_to(type, row.answer));
    }
    EXPECT_EQ(world.num_handled(), 0u);
    EXPECT_EQ(world.count_all(), std::size(kRows));
    // None of it moved the window.
    const auto request = world.client().request(request_to("hello"), 0);
    EXPECT_EQ(world.serve(request.datagram).verdict, Verdict::kServed);
  }
}

TEST(Answer, EveryOscoreOptionOfTheVectorsGetsItsError) {
  const Json file = test::load_vectors("coap-messages");
  for (const Type type : kRequestTypes) {
    World world;
    size_t num_values = 0;
    for (const Json& entry : file.at("oscore_option_values")) {
      SCOPED_TRACE(entry.at("id").get<std::string>());
      ++num_values;
      const auto value = hex(entry.at("value"));
      const std::string text = world.serve(datagram_with(type, value, hex(kSome))).text();
      const bool decodes = entry.at("expect") == "ok" && !entry.at("group_aware").get<bool>() &&
                           !entry.contains("strict") && entry.at("valid_in") != "response";
      if (value.size() > oscore::kMaxOptionLen) {
        EXPECT_TRUE(text == answer_to(type, kCose) || text == answer_to(type, kUnknown)) << text;
      } else {
        EXPECT_EQ(text, answer_to(type, decodes ? kUnknown : kCose));
      }
    }
    EXPECT_EQ(num_values, file.at("counts").at("oscore_option_values"));
    EXPECT_EQ(world.num_handled(), 0u);
  }
}

TEST(Answer, OscoreOptionWithoutPayloadIsRejectedAsMalformed) {
  World world;
  const Served con = world.serve(datagram_with(Type::kCon, hex("0900c1"), {}));
  EXPECT_EQ(con.verdict, Verdict::kOscoreWithoutPayload);
  EXPECT_EQ(con.text(), "RST 0.00 mid=1234");
  EXPECT_EQ(world.serve(datagram_with(Type::kNon, hex("0900c1"), {})).text(), "silence");
}

// Class U and critical, so what they ask for may not be left undone (RFC 7252 §5.4.1, §5.4.5).
TEST(Answer, SecondOscoreOptionAndEdhocAreRefused) {
  const auto with = [](Type type, uint16_t extra) {
    Built built(Code::kPost, type);
    built.option(coap::option::kOscore, hex("0900c1"));
    built.option(extra, extra == coap::option::kOscore ? hex("0900c1") : hex(""));
    built.payload("0123456789abcdef");
    ByteVector space(kMaxDatagram);
    Writer writer(space);
    write_message(writer, built.message());
    return ByteVector(writer.written().begin(), writer.written().end());
  };
  World world;
  for (const uint16_t extra : {coap::option::kOscore, coap::option::kEdhoc}) {
    const Served served = world.serve(with(Type::kCon, extra));
    EXPECT_EQ(served.verdict, Verdict::kUnknownCriticalOption);
    EXPECT_EQ(served.text(), "ACK 4.02 mid=1234 token=4a 'Unknown critical option'");
    EXPECT_EQ(world.serve(with(Type::kNon, extra)).text(), "silence");
  }
}

// Goal: whatever single bit of what OSCORE protects or needs is changed, the application is not
// asked, and the next good request is served. Method: every bit of option value and payload.
TEST(Answer, NoFlippedBitReachesTheApplication) {
  World world;
  const auto good = world.client().request(request_to("hello"), 0x1234);
  const coap::Message parts = test::parsed(good.datagram);
  const Bytes value = *test::option_value(parts.options, coap::option::kOscore);
  size_t num_flipped = 0;
  for (const Bytes part : {value, parts.payload}) {
    const size_t first = static_cast<size_t>(part.data() - good.datagram.data());
    for (size_t bit = 0; bit < 8 * part.size(); ++bit) {
      ByteVector flipped = good.datagram;
      flipped[first + bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
      const Served served = world.serve(flipped);
      ++num_flipped;
      EXPECT_TRUE(served.verdict == Verdict::kBadOscoreOption ||
                  served.verdict == Verdict::kNoContext || served.verdict == Verdict::kBadTag)
          << bit << ": " << served.text();
    }
  }
  EXPECT_EQ(world.num_handled(), 0u);
  EXPECT_EQ(world.count_all(), num_flipped);
  EXPECT_EQ(world.serve(good.datagram).verdict, Verdict::kServed);
}

TEST(Answer, NoShortenedMessageReachesTheApplication) {
  World world;
  const auto good = world.client().request(request_to("hello"));
  for (size_t len = 0; len < good.datagram.size(); ++len) {
    world.serve(ByteVector(good.datagram.begin(), good.datagram.begin() + len));
  }
  EXPECT_EQ(world.num_handled(), 0u);
  EXPECT_EQ(world.count_all(), good.datagram.size());
  EXPECT_EQ(world.serve(good.datagram).verdict, Verdict::kServed);
}

TEST(Answer, ReplayIsToldPlainly) {
  for (const Type type : kRequestTypes) {
    World world;
    const auto request = world.client().request(request_to("hello", Code::kGet, type));
    EXPECT_EQ(world.serve(request.datagram).verdict, Verdict::kServed);
    const Served again = world.serve(request.datagram);
    EXPECT_EQ(again.verdict, Verdict::kReplay);
    EXPECT_EQ(again.text(), answer_to(type, "4.01 'Replay detected'"));
    EXPECT_EQ(world.num_handled(), 1u);
  }
}

// The failures of tests/vectors/oscore-extra.json, against the context they were made for.
TEST(Answer, FailuresOfTheVectorsGetTheirErrors) {
  const Json file = test::load_vectors("oscore-extra");
  std::map<std::string, std::string> contexts;
  for (const Json& message : file.at("messages")) {
    contexts[message.at("id")] = message.at("context");
  }
  size_t num_failures = 0;
  for (const Json& failure : file.at("failures")) {
    const auto expected = failure.at("expect").get<std::string>();
    SCOPED_TRACE(failure.at("why").get<std::string>());
    if (expected.starts_with("client:")) continue;  // a response
    test::Shared shared;
    for (const Json& context : file.at("contexts")) {
      if (context.at("id") != contexts.at(failure.at("of"))) continue;
      shared.master_secret = context.at("master_secret").get_ref<const std::string&>();
      shared.master_salt = context.at("master_salt").get_ref<const std::string&>();
      shared.client_id = context.at("client_id").get_ref<const std::string&>();
      shared.server_id = context.at("server_id").get_ref<const std::string&>();
      ASSERT_TRUE(context.at("id_context").is_null());
    }
    World world({shared});
    const auto wire = hex(failure.at("protected_coap"));
    // "The same message again" is the good one, served before.
    if (expected.starts_with("4.01 \"Replay")) {
      EXPECT_EQ(world.serve(wire).verdict, Verdict::kServed);
    }
    const std::string text = world.serve(wire).text();
    const std::string diagnostic = expected.substr(6, expected.find('"', 6) - 6);
    EXPECT_EQ(text, "ACK " + expected.substr(0, 4) + " mid=" + to_hex(Bytes(wire).subspan(2, 2)) +
                        " token=" + to_hex(Bytes(wire).subspan(4, 1)) + " '" + diagnostic + "'");
    ++num_failures;
  }
  EXPECT_EQ(num_failures, 8u);
}

// RFC 8974: a token this server does not take is echoed whole with 4.00, up to the largest
// datagram.
TEST(Answer, TokenAboveTheLimitIsEchoedWhole) {
  World world;
  for (const Type type : kRequestTypes) {
    for (const size_t len : {kMaxTokenLen, kMaxTokenLen + 1, size_t{268}, size_t{269}, size_t{1000},
                             kMaxDatagram - 6}) {
      SCOPED_TRACE(len);
      const ByteVector token(len, 0xab);
      ByteVector datagram(kMaxDatagram);
      Writer writer(datagram);
      coap::write_header(writer, type, Code::kGet, 0x1234, token);
      ASSERT_TRUE(writer.ok());
      datagram.resize(writer.size());
      const Served served = world.serve(datagram);
      const bool is_served = len <= kMaxTokenLen;
      EXPECT_EQ(served.verdict, is_served ? Verdict::kServedPlain : Verdict::kTokenTooLong);
      ASSERT_TRUE(served.has_reply);
      const coap::Message reply = test::parsed(served.reply);
      EXPECT_EQ(reply.code, is_served ? Code::kUnauthorized : Code::kBadRequest);
      EXPECT_EQ(reply.type, type == Type::kCon ? Type::kAck : Type::kNon);
      EXPECT_TRUE(equal(reply.token, token));
      const bool has_room = len <= 1000;  // for a text behind the token
      if (!is_served) {
        EXPECT_EQ(as_text(reply.payload), has_room ? "Token too long" : "");
      }
    }
  }
  EXPECT_EQ(world.num_handled(), 0u);
}

TEST(Answer, NonRepliesHaveMessageIdsOfTheirOwn) {
  World world;
  const auto request =
      world.client().request(request_to("hello", Code::kGet, Type::kNon).message_id(0xff80));
  EXPECT_EQ(test::parsed(world.serve(request.datagram).reply).message_id, 0x0080);  // goes round
}

}  // namespace
}  // namespace osprey::pipeline
