#include "framework/pipeline/open.h"

#include <gtest/gtest.h>

#include "tests/unit/support/vectors.h"
#include "tests/unit/support/world.h"

namespace osprey::pipeline {
namespace {

using coap::Code;
using test::ByteVector;
using test::Client;
using test::request_to;
using test::Served;
using test::Shared;
using test::World;

std::vector<Verdict> verdicts(const std::vector<Served>& all) {
  std::vector<Verdict> verdicts;
  for (const Served& served : all) verdicts.push_back(served.verdict);
  return verdicts;
}

using Verdicts = std::vector<Verdict>;
constexpr auto kServed = Verdict::kServed;
constexpr auto kReplay = Verdict::kReplay;

// Goal: a request copied within one batch is served once, the first of them (§7.4).
TEST(Open, CopyInOneBatchIsReplay) {
  World world;
  const auto request = world.client().request(request_to("hello"));
  const auto all = world.serve({request.datagram, request.datagram, request.datagram});
  EXPECT_EQ(verdicts(all), (Verdicts{kServed, kReplay, kReplay}));
  EXPECT_EQ(world.num_handled(), 1u);
  EXPECT_EQ(world.client().text(request, all[0]), "ACK 2.05 mid=1234 token=4a 12= 'Hello!'");
  EXPECT_EQ(all[1].text(), "ACK 4.01 mid=1234 token=4a 'Replay detected'");
}

TEST(Open, WholeBatchOfCopiesIsServedOnce) {
  World world;
  const auto request = world.client().request(request_to("hello"));
  world.serve(std::vector<ByteVector>(kBatchMax, request.datagram));
  EXPECT_EQ(world.num_handled(), 1u);
  EXPECT_EQ(world.count(kServed), 1u);
  EXPECT_EQ(world.count(kReplay), kBatchMax - 1);
}

TEST(Open, CopyInALaterBatchIsReplay) {
  World world;
  const auto request = world.client().request(request_to("hello"));
  world.serve(request.datagram);
  EXPECT_EQ(world.serve(request.datagram).verdict, kReplay);
  EXPECT_EQ(world.num_handled(), 1u);
  // It is known from its number alone, so nothing was decrypted for it (I3).
  EXPECT_EQ(world.engine().num_opened(), 1u);
}

// Goal: two different messages under one number, only one of which can be the client's. Method: the
// client is made to send both.
TEST(Open, SecondMessageUnderOneNumberIsReplay) {
  World world;
  const auto one = world.client().request(request_to("hello"), 5);
  const auto other = world.client().request(request_to("echo", Code::kPost), 5);
  EXPECT_EQ(verdicts(world.serve({one.datagram, other.datagram})), (Verdicts{kServed, kReplay}));
}

TEST(Open, BatchMayJumpAheadAndBack) {
  World world({Shared{.replay_window_size = 32}});
  const auto at = [&](uint64_t piv) {
    return world.client().request(request_to("hello"), piv).datagram;
  };
  EXPECT_EQ(verdicts(world.serve({at(5), at(100), at(69), at(68), at(99), at(69)})),
            (Verdicts{kServed, kServed, kServed, kReplay, kServed, kReplay}));
  EXPECT_EQ(verdicts(world.serve({at(101), at(69), at(70), at(70)})),
            (Verdicts{kServed, kReplay, kServed, kReplay}));
}

// Goal: a forged copy that arrives first takes nothing from the genuine one (I3).
TEST(Open, ForgedCopyBeforeTheRequestDoesNotUseUpItsNumber) {
  World world;
  const auto request = world.client().request(request_to("hello"));
  ByteVector forged = request.datagram;
  forged.back() ^= 1;
  const auto all = world.serve({forged, request.datagram, forged});
  EXPECT_EQ(verdicts(all), (Verdicts{Verdict::kBadTag, kServed, Verdict::kBadTag}));
  EXPECT_EQ(world.serve(forged).verdict, kReplay);  // looked at before it is opened
}

Shared named(std::string_view name, std::string_view secret) {
  Shared shared;
  shared.name = name;
  shared.master_secret = secret;
  return shared;
}

constexpr std::string_view kSecrets[] = {
    "00112233445566778899aabbccddeeff", "10112233445566778899aabbccddeeff",
    "20112233445566778899aabbccddeeff", "30112233445566778899aabbccddeeff",
    "40112233445566778899aabbccddeeff", "50112233445566778899aabbccddeeff",
    "60112233445566778899aabbccddeeff", "70112233445566778899aabbccddeeff",
    "80112233445566778899aabbccddeeff", "90112233445566778899aabbccddeeff",
};

std::vector<Shared> sharing_one_kid(size_t count) {
  constexpr std::string_view kNames[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
  std::vector<Shared> all;
  for (size_t i = 0; i < count; ++i) all.push_back(named(kNames[i], kSecrets[i]));
  return all;
}

// RFC 8613 §3.3: where several contexts have the kid, the one that opens the request is the one.
TEST(OpenAmongCandidates, FindsTheContextThatFits) {
  World world(sharing_one_kid(kMaxContextCandidates));
  for (size_t round = 0; round < 3; ++round) {
    std::vector<Client::Request> requests;
    std::vector<ByteVector> batch;
    for (size_t i = 0; i < kMaxContextCandidates; ++i) {
      requests.push_back(world.client(i).request(request_to("hello")));
      batch.push_back(requests.back().datagram);
    }
    const auto all = world.serve(batch);
    for (size_t i = 0; i < all.size(); ++i) {
      EXPECT_EQ(world.client(i).text(requests[i], all[i]),
                "ACK 2.05 mid=1234 token=4a 12= 'Hello!'")
          << i;
    }
  }
  EXPECT_EQ(world.num_handled(), 3 * kMaxContextCandidates);
}

TEST(OpenAmongCandidates, EachHasItsOwnWindow) {
  World world(sharing_one_kid(3));
  for (size_t i = 0; i < 3; ++i) {
    const auto request = world.client(i).request(request_to("hello"), 7);
    EXPECT_EQ(verdicts(world.serve({request.datagram, request.datagram})),
              (Verdicts{kServed, kReplay}))
        << i;
    EXPECT_EQ(world.serve(request.datagram).verdict, kReplay) << i;
  }
  EXPECT_EQ(world.num_handled(), 3u);
}

// Whatever order the candidates are tried in: a number that one of them has seen is a replay if
// none of the others opens the message.
TEST(OpenAmongCandidates, ReplayIsToldWhicheverContextIsTriedFirst) {
  for (size_t i = 0; i < 4; ++i) {
    World world(sharing_one_kid(4));
    const auto request = world.client(i).request(request_to("hello"));
    world.serve(request.datagram);
    EXPECT_EQ(world.serve(request.datagram).verdict, kReplay) << i;
  }
}

TEST(OpenAmongCandidates, ForgedRequestFailsForAll) {
  World world(sharing_one_kid(3));
  auto request = world.client(1).request(request_to("hello"));
  request.datagram.back() ^= 1;
  EXPECT_EQ(world.serve(request.datagram).text(), "ACK 4.00 mid=1234 token=4a 'Decryption failed'");
  EXPECT_EQ(world.engine().num_opened(), 3u);
}

// Goal: one datagram costs a bounded number of decryptions.
TEST(OpenAmongCandidates, OnlySoManyAreTried) {
  World world(sharing_one_kid(10));
  auto request = world.client(0).request(request_to("hello"));
  request.datagram.back() ^= 1;
  EXPECT_EQ(world.serve(request.datagram).verdict, Verdict::kBadTag);
  EXPECT_EQ(world.engine().num_opened(), kMaxContextCandidates);
}

TEST(OpenAmongCandidates, UnsetWindowsAreChallengedEachForItself) {
  World world(sharing_one_kid(2));
  world.restart();
  for (size_t i = 0; i < 2; ++i) {
    const auto request = world.client(i).request(request_to("hello"));
    const Served served = world.serve(request.datagram);
    EXPECT_EQ(served.verdict, Verdict::kChallenged);
    EXPECT_EQ(world.client(i).open(request, served).inner.code, Code::kUnauthorized);
  }
  EXPECT_EQ(world.num_handled(), 0u);
}

// RFC 8613 §3.3 and facts section 7: with kid context exactly that ID Context; without, any that
// does not require it.
TEST(OpenAmongCandidates, KidContextNarrowsThemDown) {
  const auto with_context = [](std::string_view name, std::optional<std::string_view> id_context,
                               bool required) {
    Shared shared;
    shared.name = name;
    shared.id_context = id_context;
    shared.require_kid_context = required;
    return shared;
  };
  World world({with_context("none", std::nullopt, false), with_context("empty", "", false),
               with_context("a", "aa", false), with_context("b", "bb", true)});
  // The kid context of a request is its client's ID Context.
  for (size_t i = 0; i < 4; ++i) {
    const auto request = world.client(i).request(request_to("hello"));
    EXPECT_EQ(world.client(i).text(request, world.serve(request.datagram)),
              "ACK 2.05 mid=1234 token=4a 12= 'Hello!'")
        << i;
  }
  // The same without kid context: all but the context that requires it.
  for (size_t i = 1; i < 4; ++i) {
    const auto request = world.client(i).request(request_to("hello"), 10 + i);
    const coap::Message outer = test::parsed(request.datagram);
    const Bytes value = *test::option_value(outer.options, coap::option::kOscore);
    oscore::OscoreOption option;
    ASSERT_EQ(parse_oscore_option(value, option), oscore::OptionError::kNone);
    option.kid_context.reset();
    std::array<uint8_t, 16> space;
    Writer writer(space);
    write_oscore_option(writer, option);
    test::Built built(outer.code);
    built.option(coap::option::kOscore, writer.written()).payload(as_text(outer.payload));
    ByteVector datagram(kMaxDatagram);
    Writer datagram_writer(datagram);
    write_message(datagram_writer, built.message());
    datagram.resize(datagram_writer.size());
    const Served served = world.serve(datagram);
    if (i < 3) {
      EXPECT_EQ(served.verdict, kServed) << i;
    } else {
      EXPECT_EQ(served.text(), "ACK 4.00 mid=1234 token=4a 'Decryption failed'");
    }
  }
}

TEST(Open, KidContextIsRequiredWhereTheContextSaysSo) {
  Shared shared;
  shared.id_context = "37cbf3210017a2d3";
  shared.require_kid_context = true;
  World world({shared});
  const auto request = world.client().request(request_to("hello"), 0);
  EXPECT_EQ(world.serve(request.datagram).verdict, kServed);
  // Option 09 00 c1: the same kid, no kid context.
  const auto foreign = test::hex(
      "44021234000000009309"
      "00c1"
      "ff"
      "00112233445566778899");
  EXPECT_EQ(world.serve(foreign).verdict, Verdict::kNoContext);
}

}  // namespace
}  // namespace osprey::pipeline
