// Replay window recovery with Echo (RFC 8613 B.1.2), through the whole line: a server that has lost
// its windows, and clients that know nothing of it.
#include <set>

#include <gtest/gtest.h>

#include "framework/pipeline/line.h"
#include "tests/unit/support/vectors.h"
#include "tests/unit/support/world.h"

namespace osprey::pipeline {
namespace {

using coap::Code;
using coap::Type;
using oscore::ChallengeBudget;
using test::Built;
using test::ByteVector;
using test::Client;
using test::Opened;
using test::request_to;
using test::Served;
using test::Shared;
using test::World;

// The Echo value inside a challenge.
ByteVector echo_in(const Client& client, const Client::Request& request, const Served& served) {
  const Opened opened = client.open(request, served);
  EXPECT_EQ(opened.verdict, Verdict::kOk);
  EXPECT_EQ(opened.inner.code, Code::kUnauthorized);
  const auto echo = test::option_value(opened.inner.options, coap::option::kEcho);
  EXPECT_TRUE(echo.has_value());
  return echo ? ByteVector(echo->begin(), echo->end()) : ByteVector();
}

Built with_echo(Bytes echo, Type type = Type::kCon) {
  return request_to("hello", Code::kGet, type).option(coap::option::kEcho, echo);
}

// A World after a crash: windows unset.
class Restarted : public World {
 public:
  explicit Restarted(std::vector<Shared> shared = {Shared{}}) : World(std::move(shared)) {
    restart();
  }

  // One exchange that ends with the Echo value of a challenge.
  ByteVector be_challenged() {
    const auto request = client().request(request_to("hello"));
    const Served served = serve(request.datagram);
    EXPECT_EQ(served.verdict, Verdict::kChallenged);
    return echo_in(client(), request, served);
  }
};

TEST(Recovery, ChallengeHoldsEchoAndNothingElse) {
  for (const Type type : {Type::kCon, Type::kNon}) {
    Restarted world;
    const auto request = world.client().request(request_to("hello", Code::kGet, type));
    const Served served = world.serve(request.datagram);
    EXPECT_EQ(served.verdict, Verdict::kChallenged);
    EXPECT_EQ(world.num_handled(), 0u);

    const Opened opened = world.client().open(request, served);
    EXPECT_EQ(opened.inner.code, Code::kUnauthorized);
    EXPECT_TRUE(opened.inner.payload.empty());
    const auto options = test::options_json(opened.inner.options);
    ASSERT_EQ(options.size(), 1u);
    EXPECT_EQ(options.at(0).at(0), coap::option::kEcho);

    const coap::Message outer = test::parsed(served.reply);
    EXPECT_EQ(outer.type, type == Type::kCon ? Type::kAck : Type::kNon);
    EXPECT_EQ(outer.code, Code::kChanged);
    // An own Partial IV, the first of the store's numbers; neither kid nor kid context.
    EXPECT_EQ(test::options_json(outer.options), test::Json::parse("[[9, \"0100\"]]"));
  }
}

TEST(Recovery, RequestWithTheEchoIsServedAndSetsTheWindow) {
  Restarted world;
  Client& client = world.client();
  const ByteVector echo = world.be_challenged();
  const auto fresh = client.request(with_echo(echo), 50);
  const Served served = world.serve(fresh.datagram);
  EXPECT_EQ(served.verdict, Verdict::kServed);
  EXPECT_EQ(client.text(fresh, served), "ACK 2.05 mid=1234 token=4a 12= 'Hello!'");
  // It was fresh, so its nonce serves the response.
  EXPECT_EQ(test::options_json(test::parsed(served.reply).options),
            test::Json::parse("[[9, \"\"]]"));
  EXPECT_EQ(world.num_handled(), 1u);

  // Its number is the lower limit.
  EXPECT_EQ(world.serve(fresh.datagram).verdict, Verdict::kReplay);
  for (const uint64_t old : {0, 1, 49, 50}) {
    EXPECT_EQ(world.serve(client.request(request_to("hello"), old).datagram).verdict,
              Verdict::kReplay)
        << old;
  }
  for (const uint64_t next : {51, 53, 52}) {
    EXPECT_EQ(world.serve(client.request(request_to("hello"), next).datagram).verdict,
              Verdict::kServed)
        << next;
  }
  EXPECT_EQ(world.num_handled(), 4u);
}

TEST(Recovery, ChallengedRequestIsNotServedLater) {
  Restarted world;
  const auto first = world.client().request(request_to("hello"));
  const ByteVector echo = echo_in(world.client(), first, world.serve(first.datagram));
  world.serve(world.client().request(with_echo(echo)).datagram);
  EXPECT_EQ(world.serve(first.datagram).verdict, Verdict::kReplay);
  EXPECT_EQ(world.num_handled(), 1u);
}

TEST(Recovery, TwoCopiesOfTheEchoRequestInOneBatchAreServedOnce) {
  Restarted world;
  const auto fresh = world.client().request(with_echo(world.be_challenged()));
  const auto all = world.serve({fresh.datagram, fresh.datagram});
  EXPECT_EQ(all[0].verdict, Verdict::kServed);
  EXPECT_EQ(all[1].verdict, Verdict::kReplay);
  EXPECT_EQ(world.num_handled(), 1u);
}

// Each is authentic and has a valid Echo, but only the first sets the window.
TEST(Recovery, SeveralEchoRequestsInOneBatch) {
  Restarted world;
  Client& client = world.client();
  const ByteVector echo = world.be_challenged();
  const auto at = [&](uint64_t piv) { return client.request(with_echo(echo), piv).datagram; };
  const auto all = world.serve({at(20), at(19), at(21), at(20)});
  EXPECT_EQ(all[0].verdict, Verdict::kServed);
  EXPECT_EQ(all[1].verdict, Verdict::kReplay);
  EXPECT_EQ(all[2].verdict, Verdict::kServed);
  EXPECT_EQ(all[3].verdict, Verdict::kReplay);
}

TEST(Recovery, OldRequestBehindTheEchoRequestInOneBatchIsReplay) {
  Restarted world;
  const auto old = world.client().request(request_to("hello"));
  const auto fresh = world.client().request(with_echo(world.be_challenged()));
  const auto all = world.serve({fresh.datagram, old.datagram});
  EXPECT_EQ(all[0].verdict, Verdict::kServed);
  EXPECT_EQ(all[1].verdict, Verdict::kReplay);
  EXPECT_EQ(world.num_handled(), 1u);
}

// Goal: what was recorded before the crash is worth nothing afterwards. Method: the whole exchange
// of one life is sent again in the next.
TEST(Recovery, RecordedExchangeOfTheLifeBeforeIsOnlyChallenged) {
  Restarted world;
  const auto plain = world.client().request(request_to("hello"));
  const ByteVector echo = echo_in(world.client(), plain, world.serve(plain.datagram));
  const auto fresh = world.client().request(with_echo(echo));
  EXPECT_EQ(world.serve(fresh.datagram).verdict, Verdict::kServed);

  world.restart();
  EXPECT_EQ(world.serve(plain.datagram).verdict, Verdict::kChallenged);
  EXPECT_EQ(world.serve(fresh.datagram).verdict, Verdict::kChallenged);
  EXPECT_EQ(world.num_handled(), 1u);
  // The client itself gets through, with the Echo of this life.
  const auto next = world.client().request(request_to("hello"));
  const auto echo_of_this_life = echo_in(world.client(), next, world.serve(next.datagram));
  EXPECT_NE(echo_of_this_life, echo);
  EXPECT_EQ(world.serve(world.client().request(with_echo(echo_of_this_life)).datagram).verdict,
            Verdict::kServed);
}

TEST(Recovery, EveryChallengeHasANumberOfItsOwn) {
  Restarted world;
  std::set<std::string> options;
  for (int life = 0; life < 3; ++life) {
    for (int i = 0; i < 40; ++i) {
      const auto request = world.client().request(request_to("hello"));
      const Served served = world.serve(request.datagram);
      options.insert(test::options_json(test::parsed(served.reply).options).dump());
    }
    world.restart();
  }
  EXPECT_EQ(options.size(), 120u);
}

TEST(Recovery, WrongEchoIsChallengedAgain) {
  Restarted world(
      {Shared{.name = "one"}, Shared{.client_id = "c2", .server_id = "52", .name = "two"}});
  const ByteVector echo = world.be_challenged();
  ByteVector flipped = echo;
  flipped[0] ^= 1;
  ByteVector longer = echo;
  longer.push_back(0);
  const ByteVector shorter(echo.begin(), echo.end() - 1);
  for (const ByteVector& wrong : {flipped, longer, shorter, ByteVector(8, 0), ByteVector(40, 1)}) {
    const auto request = world.client().request(with_echo(wrong));
    EXPECT_EQ(world.serve(request.datagram).verdict, Verdict::kChallenged) << to_hex(wrong);
  }
  // Another context's value is a wrong one too.
  EXPECT_EQ(world.serve(world.client(1).request(with_echo(echo)).datagram).verdict,
            Verdict::kChallenged);
  // Too late.
  world.now += oscore::kEchoLifetime + 2 * kSecond;
  EXPECT_EQ(world.serve(world.client().request(with_echo(echo)).datagram).verdict,
            Verdict::kChallenged);
  EXPECT_EQ(world.num_handled(), 0u);
}

// An Echo outside is not the one that proves freshness (RFC 9175 §2.3).
TEST(Recovery, OuterEchoProvesNothing) {
  Restarted world;
  const ByteVector echo = world.be_challenged();
  const auto request = world.client().request(request_to("hello"));
  const coap::Message outer = test::parsed(request.datagram);
  Built built(outer.code);
  built.option(coap::option::kOscore, *test::option_value(outer.options, coap::option::kOscore));
  built.option(coap::option::kEcho, echo).payload(as_text(outer.payload));
  ByteVector datagram(kMaxDatagram);
  Writer writer(datagram);
  write_message(writer, built.message());
  datagram.resize(writer.size());
  EXPECT_EQ(world.serve(datagram).verdict, Verdict::kChallenged);
}

TEST(Recovery, WhatIsNotAuthenticIsNotChallenged) {
  Restarted world;
  auto forged = world.client().request(request_to("hello"));
  forged.datagram.back() ^= 1;
  EXPECT_EQ(world.serve(forged.datagram).text(), "ACK 4.00 mid=1234 token=4a 'Decryption failed'");
  // Inner message that does not parse: authentic, so it may be a replay, so it is challenged.
  EXPECT_EQ(world.serve(world.client().request_with(test::hex("01ff")).datagram).verdict,
            Verdict::kChallenged);
}

// Goal: someone who recorded one request cannot use up the server's numbers with it, and the
// client, whose numbers are higher, is challenged all the same.
TEST(Recovery, ChallengesToOldRequestsAreLimited) {
  Restarted world;
  const auto recorded = world.client().request(request_to("hello"));
  uint64_t challenged = 0;
  for (int batch = 0; batch < 10; ++batch) {
    for (const Served& served :
         world.serve(std::vector<ByteVector>(kBatchMax, recorded.datagram))) {
      if (served.verdict == Verdict::kChallenged) {
        ++challenged;
      } else {
        EXPECT_EQ(served.verdict, Verdict::kChallengeLimit);
        EXPECT_EQ(served.text(), "silence");
      }
    }
  }
  EXPECT_EQ(challenged, 1 + ChallengeBudget::kBurst);
  EXPECT_EQ(world.serve(world.client().request(request_to("hello")).datagram).verdict,
            Verdict::kChallenged);
  world.now += ChallengeBudget::kRefill;
  EXPECT_EQ(world.serve(recorded.datagram).verdict, Verdict::kChallenged);
  EXPECT_EQ(world.serve(recorded.datagram).verdict, Verdict::kChallengeLimit);
  EXPECT_EQ(world.num_handled(), 0u);
}

// Goal: without numbers a challenge is a plain 5.03 that says when to come again, and nothing is
// handed to the application; requests that need no number are served.
TEST(Recovery, WithoutNumbersChallengesWait) {
  for (const Type type : {Type::kCon, Type::kNon}) {
    Restarted world;
    world.numbers().has_none = true;
    const auto request = world.client().request(request_to("hello", Code::kGet, type));
    const Served served = world.serve(request.datagram);
    EXPECT_EQ(served.verdict, Verdict::kNoSequenceNumber);
    EXPECT_EQ(served.text(),
              std::string(type == Type::kCon ? "ACK 5.03 mid=1234" : "NON 5.03 mid=1334") +
                  " token=4a 14=01 'No sequence number at hand'");
    EXPECT_EQ(world.num_handled(), 0u);
    world.numbers().has_none = false;
    const ByteVector echo = world.be_challenged();
    world.numbers().has_none = true;
    EXPECT_EQ(world.serve(world.client().request(with_echo(echo)).datagram).verdict,
              Verdict::kServed);
    EXPECT_EQ(world.num_handled(), 1u);
  }
}

// The server's numbers end at 2^40 - 1 (§7.2.1): then it answers what needs none, and no more.
TEST(Recovery, LastNumberIsTheLast) {
  Restarted world;
  world.context().sequence().reserve({oscore::kMaxSequenceNumber, oscore::kMaxSequenceNumber + 1});
  world.numbers().has_none = true;
  const auto last = world.client().request(request_to("hello"));
  const Served served = world.serve(last.datagram);
  EXPECT_EQ(test::options_json(test::parsed(served.reply).options),
            test::Json::parse("[[9, \"05ffffffffff\"]]"));
  const ByteVector echo = echo_in(world.client(), last, served);
  EXPECT_EQ(world.serve(world.client().request(request_to("hello")).datagram).verdict,
            Verdict::kNoSequenceNumber);
  EXPECT_EQ(world.serve(world.client().request(with_echo(echo)).datagram).verdict,
            Verdict::kServed);
}

// The exchange of tests/vectors/oscore-extra.json, as far as its Echo value is not the server's
// own.
TEST(Recovery, ExchangeOfTheVectors) {
  const auto file = test::load_vectors("oscore-extra");
  std::map<std::string, ByteVector> wire;
  Shared shared;
  for (const auto& context : file.at("contexts")) {
    if (context.at("id") != "b12") continue;
    shared.master_secret = context.at("master_secret").get_ref<const std::string&>();
    shared.master_salt = context.at("master_salt").get_ref<const std::string&>();
    shared.client_id = context.at("client_id").get_ref<const std::string&>();
    shared.server_id = context.at("server_id").get_ref<const std::string&>();
  }
  for (const auto& message : file.at("messages")) {
    wire[message.at("id")] = test::hex(message.at("protected_coap"));
  }
  Restarted world({shared});
  world.router().add("lock").put([](const Request&, Response&) {});
  EXPECT_EQ(world.serve(wire.at("b12/req1")).verdict, Verdict::kChallenged);
  EXPECT_EQ(world.serve(wire.at("b12/req2")).verdict, Verdict::kChallenged);  // not our Echo
  // As if it had been: its number is 43.
  world.context().window().initialise_at(42);
  const Served resp2 = world.serve(wire.at("b12/req2"));
  EXPECT_EQ(to_hex(resp2.reply), to_hex(wire.at("b12/resp2")));
  EXPECT_EQ(world.serve(wire.at("b12/old")).verdict, Verdict::kReplay);
  EXPECT_EQ(world.serve(wire.at("b12/next")).verdict, Verdict::kServed);
}

}  // namespace
}  // namespace osprey::pipeline
