// What a server does with every message of tests/vectors/coap-messages.json, seen from outside: the
// whole line with resources that anyone may use, so that no answer hides behind a 4.01.
#include "framework/pipeline/parse.h"

#include <gtest/gtest.h>

#include "tests/unit/support/vectors.h"
#include "tests/unit/support/world.h"

namespace osprey::pipeline {
namespace {

using test::describe;
using test::hex;
using test::Json;
using test::Served;
using test::World;

// A plain resource with every method at each path the vectors use.
void add_plain_resources(Router& router) {
  const Handler nothing = [](const Request&, Response&) {};
  for (const char* path : {"", "{a}", "{a}/{b}", "{a}/{b}/{c}"}) {
    router.add(path)
        .get(nothing)
        .post(nothing)
        .put(nothing)
        .del(nothing)
        .fetch(nothing)
        .patch(nothing)
        .ipatch(nothing)
        .access(Access::kPlainAllowed);
  }
}

std::string message_id_of(Bytes wire) {
  return " mid=" + (wire.size() < 4 ? "" : to_hex(wire.subspan(2, 2)));
}

// Code of a piggybacked answer to `wire`; empty for any other reply.
std::string piggybacked_code(const Served& served, Bytes wire) {
  const std::string text = served.text();
  const std::string rest = message_id_of(wire);
  const bool is_ack = text.starts_with("ACK ") && text.substr(8).starts_with(rest);
  return is_ack ? text.substr(4, 4) : "";
}

// The reactions that the vectors know, as checks of what came back.
enum class Reaction { kReset, kResetOrSilence, kSilence, kSuccess, kCode };

struct Known {
  const char* text;
  Reaction reaction;
  const char* code = "";
};

constexpr Known kKnown[] = {
    {"reject with an Empty RST carrying the same Message ID", Reaction::kReset},
    {"RST with the same Message ID", Reaction::kReset},
    {"answer with Empty RST, same Message ID", Reaction::kReset},
    {"CON: reject with RST", Reaction::kReset},
    {"malformed OSCORE message: reject (RST for CON, silent or RST for NON)", Reaction::kReset},
    {"reject: RST with the same Message ID allowed, or ignore silently", Reaction::kResetOrSilence},
    {"reject: ignore or RST", Reaction::kResetOrSilence},
    {"ignore or RST", Reaction::kResetOrSilence},
    {"reject the message (4.3): silently or RST, no 4.02 required", Reaction::kResetOrSilence},
    {"discard silently (no Message ID to answer)", Reaction::kSilence},
    {"ignore silently", Reaction::kSilence},
    {"ignore silently, whatever the type", Reaction::kSilence},
    {"ignore the option", Reaction::kSuccess},
    {"critical (odd) and unknown: 4.02", Reaction::kCode, "4.02"},
    {"4.02", Reaction::kCode, "4.02"},
    {"4.02 (5.4.3: length out of range)", Reaction::kCode, "4.02"},
    {"4.02 (supernumerary critical option)", Reaction::kCode, "4.02"},
    {"4.05", Reaction::kCode, "4.05"},
    {"5.05", Reaction::kCode, "5.05"},
    {"4.00", Reaction::kCode, "4.00"},
};

void expect_reaction(const Known& known, const Served& served, Bytes wire) {
  const std::string reset = "RST 0.00" + message_id_of(wire);
  switch (known.reaction) {
    case Reaction::kReset: EXPECT_EQ(served.text(), reset); return;
    case Reaction::kSilence: EXPECT_EQ(served.text(), "silence"); return;
    case Reaction::kResetOrSilence:
      EXPECT_TRUE(served.text() == reset || !served.has_reply) << served.text();
      return;
    case Reaction::kSuccess: EXPECT_EQ(piggybacked_code(served, wire).substr(0, 2), "2."); return;
    case Reaction::kCode: EXPECT_EQ(piggybacked_code(served, wire), known.code); return;
  }
}

void expect_named_reaction(const std::string& name, const Served& served, Bytes wire) {
  for (const Known& known : kKnown) {
    if (known.text == name) return expect_reaction(known, served, wire);
  }
  ADD_FAILURE() << "no test knows the reaction \"" << name << "\"";
}

// Answers to well-formed messages of which the vectors say nothing more. RFC 7252 §5.4.1 for the
// options this server does not know or serve.
const std::map<std::string, std::string>& answers() {
  static const std::map<std::string, std::string> kAnswers = {
      {"delta-13", "4.02"},       {"delta-269", "4.02"},         {"delta-65804-sum", "4.02"},
      {"len-269", "4.02"},        {"block2-and-block1", "4.02"}, {"request-tag", "4.02"},
      {"edhoc-combined", "4.02"}, {"oscore-c4", "4.01"},         {"ext-tkl-268", "4.00"},
      {"ext-tkl-269", "4.00"},    {"ext-tkl-14", "4.00"},
  };
  return kAnswers;
}

void expect_answer(const std::string& id, const Served& served, Bytes wire) {
  const coap::Message message = coap::parse(wire).message;
  if (message.type == coap::Type::kAck || message.type == coap::Type::kRst) {
    EXPECT_EQ(served.text(), "silence");
    return;
  }
  ASSERT_TRUE(served.has_reply);
  EXPECT_TRUE(equal(coap::parse(served.reply).message.token, message.token));
  if (message.type == coap::Type::kNon) {
    EXPECT_TRUE(served.text().starts_with("NON 2.04")) << served.text();
    return;
  }
  const auto known = answers().find(id);
  const std::string code = piggybacked_code(served, wire);
  if (known == answers().end()) {
    EXPECT_EQ(code.substr(0, 2), "2.");
  } else {
    EXPECT_EQ(code, known->second);
  }
}

// This server speaks RFC 8974, so it takes tokens that RFC 7252 alone calls errors.
bool is_error_of_rfc7252_alone(const Json& entry, Bytes wire) {
  return entry.at("expect") == "error" && entry.at("error") == "format" &&
         coap::parse(wire, coap::TokenRule::kRfc8974).error == coap::ParseError::kNone;
}

TEST(CoapMessages, EveryMessageGetsTheReactionThatIsStated) {
  World world;
  add_plain_resources(world.router());
  size_t num_messages = 0;
  size_t num_tokens_of_rfc8974 = 0;
  const Json file = test::load_vectors("coap-messages");
  for (const Json& entry : file.at("messages")) {
    const auto id = entry.at("id").get<std::string>();
    SCOPED_TRACE(id);
    const auto wire = hex(entry.at("wire"));
    const Served served = world.serve(wire);
    ++num_messages;
    if (is_error_of_rfc7252_alone(entry, wire)) {
      ++num_tokens_of_rfc8974;
      expect_answer("ext-" + id, served, wire);
    } else if (entry.contains("reaction")) {
      expect_named_reaction(entry.at("reaction"), served, wire);
    } else if (entry.contains("then")) {
      expect_named_reaction(entry.at("then"), served, wire);
    } else {
      expect_answer(id, served, wire);
    }
  }
  EXPECT_EQ(num_messages, file.at("counts").at("messages"));
  EXPECT_EQ(num_tokens_of_rfc8974, 6u);  // 9 to 14
  EXPECT_EQ(world.count_all(), num_messages);
}

TEST(CoapMessages, TypeThatMayNotCarryTheCodeGetsTheReactionThatIsStated) {
  World world;
  add_plain_resources(world.router());
  const Json file = test::load_vectors("coap-messages");
  size_t num_rules = 0;
  for (const Json& entry : file.at("type_code_rules")) {
    SCOPED_TRACE(entry.at("id").get<std::string>());
    const auto wire = hex(entry.at("wire"));
    expect_named_reaction(entry.at("reaction"), world.serve(wire), wire);
    ++num_rules;
  }
  EXPECT_EQ(num_rules, file.at("counts").at("type_code_rules"));
}

// Which type may carry which code (RFC 7252 §4.1 to §4.3), with the verdict each pair has.
TEST(Parse, EveryTypeAndCodeClassHasItsVerdict) {
  using enum coap::Type;
  struct Row {
    coap::Type type;
    uint8_t code;
    Verdict verdict;
    const char* reply;
  };
  const Row rows[] = {
      {kCon, 0x00, Verdict::kPing, "RST 0.00 mid=0102"},
      {kNon, 0x00, Verdict::kEmptyNon, "silence"},
      {kAck, 0x00, Verdict::kStrayAck, "silence"},
      {kRst, 0x00, Verdict::kStrayReset, "silence"},
      {kAck, 0x01, Verdict::kStrayAck, "silence"},
      {kRst, 0x01, Verdict::kStrayReset, "silence"},
      {kCon, 0x45, Verdict::kStrayResponse, "RST 0.00 mid=0102"},
      {kNon, 0x45, Verdict::kStrayResponse, "silence"},
      {kAck, 0x45, Verdict::kStrayAck, "silence"},
      {kRst, 0x45, Verdict::kStrayReset, "silence"},
      {kCon, 0x84, Verdict::kStrayResponse, "RST 0.00 mid=0102"},
      {kCon, 0xa0, Verdict::kStrayResponse, "RST 0.00 mid=0102"},
      {kCon, 0x60, Verdict::kStrayResponse, "RST 0.00 mid=0102"},
      {kCon, 0x20, Verdict::kReservedCode, "RST 0.00 mid=0102"},
      {kCon, 0xc0, Verdict::kReservedCode, "RST 0.00 mid=0102"},
      {kCon, 0xe1, Verdict::kReservedCode, "RST 0.00 mid=0102"},
      {kNon, 0x20, Verdict::kReservedCode, "silence"},
      {kNon, 0xe1, Verdict::kReservedCode, "silence"},
      {kAck, 0xe1, Verdict::kStrayAck, "silence"},
  };
  World world;
  for (const Row& row : rows) {
    const auto first = static_cast<uint8_t>(0x40 | static_cast<uint8_t>(row.type) << 4);
    const Served served = world.serve({first, row.code, 0x01, 0x02});
    EXPECT_EQ(served.verdict, row.verdict) << int{row.code};
    EXPECT_EQ(served.text(), row.reply) << int{row.code};
  }
}

// A packet that comes with a verdict, as a truncated one does, is not looked into.
TEST(Parse, PacketWithAVerdictKeepsIt) {
  std::vector<uint8_t> datagram = hex("40010001");
  Packet packet;
  packet.data = datagram.data();
  begin_packet(packet, datagram.size());
  packet.verdict = Verdict::kTruncated;
  Packet* batch[] = {&packet};
  const Parsed parsed = parse(batch);
  EXPECT_TRUE(parsed.plain.empty());
  EXPECT_TRUE(parsed.with_oscore.empty());
  EXPECT_EQ(packet.verdict, Verdict::kTruncated);
}

}  // namespace
}  // namespace osprey::pipeline
