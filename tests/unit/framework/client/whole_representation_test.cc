// Representations in blocks (RFC 7959), against a server's end that cuts them.
#include "framework/client/whole_representation.h"

#include <gtest/gtest.h>

#include "tests/unit/framework/client/client_world.h"

namespace osprey::client {
namespace {

using coap::Code;
using test::Built;
using test::ByteVector;
using test::ClientWorld;
using test::copy;
using State = WholeRepresentation::State;
using Fault = WholeRepresentation::Fault;

constexpr TimeNs kT0 = 1'000 * kSecond;

std::string long_text(size_t len) {
  std::string text;
  for (size_t i = 0; i < len; ++i) text.push_back(static_cast<char>('a' + i % 26));
  return text;
}

// Serves `body` block by block, as large as asked for but at most 2^(max_exponent + 4).
struct BlockServer {
  ClientWorld& world;
  std::string body;
  std::string etag = "v1";
  uint8_t max_exponent = 6;
  std::vector<Block> asked{};  // what each request asked for; {0, false, 7} without Block2

  Built respond(Bytes request) {
    const coap::Message& inner = world.server.take(request);
    const auto value = test::option_value(inner.options, coap::option::kBlock2);
    Block block = value ? *Block::decode(*value) : Block{0, false, 6};
    asked.push_back(value ? block : Block{0, false, 7});
    const size_t offset = block.offset();
    block.size_exponent = std::min(block.size_exponent, max_exponent);
    block.number = static_cast<uint32_t>(offset / block.size());
    block.more = offset + block.size() < body.size();
    std::array<uint8_t, 3> encoded;
    Writer writer(encoded);
    writer.uint(block.encode(), uint_len(block.encode()));
    Built built = world.server.answer(Code::kContent);
    if (!etag.empty()) built.option(coap::option::kETag, as_bytes(etag));
    built.option(coap::option::kBlock2, writer.written());
    built.payload(body.substr(std::min(offset, body.size()), block.size()));
    return built;
  }
};

// Passes datagrams to and fro until the end; `change` may tamper before each answer.
template <typename Change>
void run(ClientWorld& world, WholeRepresentation& whole, BlockServer& server, Change change) {
  ByteVector datagram = copy(whole.start(world.end, world.get(), kT0));
  for (int turn = 0; whole.state() == State::kActive && turn < 1000; ++turn) {
    change(turn);
    const ByteVector answer = world.server.sealed(server.respond(datagram));
    datagram = copy(whole.on_datagram(answer, kT0));
  }
}
void run(ClientWorld& world, WholeRepresentation& whole, BlockServer& server) {
  run(world, whole, server, [](int) {});
}

TEST(WholeRepresentation, OfAnyLengthComesWhole) {
  for (const size_t len : {1u, 1023u, 1024u, 1025u, 2048u, 10'000u, 100'000u}) {
    ClientWorld world;
    BlockServer server{world, long_text(len)};
    WholeRepresentation whole;
    run(world, whole, server);
    ASSERT_EQ(whole.state(), State::kAnswered) << len;
    EXPECT_EQ(as_text(whole.response().payload), server.body);
    EXPECT_EQ(whole.blocks(), std::max<size_t>(1, (len + 1023) / 1024));
  }
}

TEST(WholeRepresentation, WithoutBlock2IsTheAnswerAsItIs) {
  for (const Code code : {Code::kContent, Code::kNotFound, Code::kChanged}) {
    ClientWorld world;
    WholeRepresentation whole;
    world.server.take(whole.start(world.end, world.get(), kT0));
    (void)whole.on_datagram(world.server.sealed(world.server.answer(code).payload("x")), kT0);
    ASSERT_EQ(whole.state(), State::kAnswered);
    EXPECT_EQ(whole.response().code, code);
    EXPECT_EQ(as_text(whole.response().payload), "x");
  }
}

TEST(WholeRepresentation, SmallerBlocksOfTheServerAreFollowed) {
  ClientWorld world;
  BlockServer server{world, long_text(3000)};
  server.max_exponent = 4;
  WholeRepresentation whole;
  run(world, whole, server);
  EXPECT_EQ(as_text(whole.response().payload), server.body);
  ASSERT_GE(server.asked.size(), 3u);
  EXPECT_EQ(server.asked[0].size_exponent, 7);  // no Block2 at first
  EXPECT_EQ(server.asked[1].size_exponent, 4);
  EXPECT_EQ(server.asked[2].number, 2u);
}

TEST(WholeRepresentation, BlocksMayShrinkHalfway) {
  ClientWorld world;
  BlockServer server{world, long_text(5000)};
  WholeRepresentation whole;
  run(world, whole, server, [&](int turn) { server.max_exponent = turn < 2 ? 6 : 3; });
  EXPECT_EQ(as_text(whole.response().payload), server.body);
}

TEST(WholeRepresentation, ThatChangesOnceIsReadAnew) {
  ClientWorld world;
  BlockServer server{world, long_text(5000)};
  WholeRepresentation whole;
  run(world, whole, server, [&](int turn) {
    if (turn != 2) return;
    server.etag = "v2";
    server.body = std::string(4000, 'n');
  });
  ASSERT_EQ(whole.state(), State::kAnswered);
  EXPECT_EQ(as_text(whole.response().payload), std::string(4000, 'n'));
}

TEST(WholeRepresentation, ThatKeepsChangingFails) {
  ClientWorld world;
  BlockServer server{world, long_text(5000)};
  WholeRepresentation whole;
  run(world, whole, server, [&](int turn) { server.etag = "v" + std::to_string(turn); });
  EXPECT_EQ(whole.state(), State::kFailed);
  EXPECT_EQ(whole.fault(), Fault::kChanging);
}

TEST(WholeRepresentation, AboveTheLimitFails) {
  ClientWorld world;
  BlockServer server{world, long_text(10'000)};
  WholeRepresentation whole(5000);
  run(world, whole, server);
  EXPECT_EQ(whole.fault(), Fault::kTooLarge);
}

TEST(WholeRepresentation, BlocksThatDoNotFitTogetherFail) {
  const std::string full(64, 'x');
  struct Case {
    const char* what;
    Block block;  // of the second answer; the first is block 0 of 64 bytes, with more
    std::string payload;
  };
  const Case cases[] = {
      {"a gap", {2, false, 2}, full},
      {"the same again", {0, true, 2}, full},
      {"short but not the last", {1, true, 2}, "x"},
      {"longer than its size", {1, false, 2}, full + "x"},
      {"larger blocks", {1, false, 3}, full},
  };
  for (const auto& [what, block, payload] : cases) {
    ClientWorld world;
    WholeRepresentation whole;
    world.server.take(whole.start(world.end, world.get(), kT0));
    const auto answer = [&](const Block& each, const std::string& text) {
      const std::array<uint8_t, 1> value = {static_cast<uint8_t>(each.encode())};
      return world.server.sealed(
          world.server.answer(Code::kContent).option(coap::option::kBlock2, value).payload(text));
    };
    world.server.take(whole.on_datagram(answer({0, true, 2}, full), kT0));
    (void)whole.on_datagram(answer(block, payload), kT0);
    EXPECT_EQ(whole.fault(), Fault::kBadBlock) << what;
  }
}

TEST(WholeRepresentation, ErrorHalfwayIsTheAnswer) {
  ClientWorld world;
  BlockServer server{world, long_text(5000)};
  WholeRepresentation whole;
  const ByteVector first = copy(whole.start(world.end, world.get(), kT0));
  const ByteVector answer = world.server.sealed(server.respond(first));
  world.server.take(whole.on_datagram(answer, kT0));
  (void)whole.on_datagram(world.server.sealed(world.server.answer(Code::kNotFound).payload("gone")),
                          kT0);
  ASSERT_EQ(whole.state(), State::kAnswered);
  EXPECT_EQ(whole.response().code, Code::kNotFound);
  EXPECT_EQ(as_text(whole.response().payload), "gone");
}

TEST(WholeRepresentation, ChallengeHalfwayIsFollowed) {
  ClientWorld world;
  BlockServer server{world, long_text(3000)};
  WholeRepresentation whole;
  ByteVector datagram = copy(whole.start(world.end, world.get(), kT0));
  for (int turn = 0; whole.state() == State::kActive && turn < 20; ++turn) {
    Built response = server.respond(datagram);
    const bool challenges = turn == 1;
    datagram = copy(whole.on_datagram(
        challenges ? world.server.challenge("echo") : world.server.sealed(response), kT0));
  }
  EXPECT_EQ(as_text(whole.response().payload), server.body);
  EXPECT_EQ(whole.challenges(), 1u);
}

TEST(WholeRepresentation, LostBlockIsRetransmitted) {
  ClientWorld world;
  BlockServer server{world, long_text(2000)};
  WholeRepresentation whole;
  const ByteVector first = copy(whole.start(world.end, world.get(), kT0));
  const ByteVector second =
      copy(whole.on_datagram(world.server.sealed(server.respond(first)), kT0));
  EXPECT_EQ(copy(whole.on_time(whole.deadline())), second);
  (void)whole.on_datagram(world.server.sealed(server.respond(second)), kT0);
  EXPECT_EQ(as_text(whole.response().payload), server.body);
  EXPECT_EQ(whole.retransmissions(), 1u);
}

TEST(WholeRepresentation, FailureOfABlockIsItsOwn) {
  ClientWorld world;
  WholeRepresentation whole;
  (void)whole.start(world.end, world.get(), kT0);
  while (whole.state() == State::kActive) (void)whole.on_time(whole.deadline());
  EXPECT_EQ(whole.fault(), Fault::kExchange);
  EXPECT_EQ(whole.exchange().failure().reason, FailureReason::kTimeout);
}

}  // namespace
}  // namespace osprey::client
