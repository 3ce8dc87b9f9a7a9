#include "framework/pipeline/seal.h"

#include <gtest/gtest.h>

#include "tests/unit/support/vectors.h"
#include "tests/unit/support/world.h"

namespace osprey::pipeline {
namespace {

using coap::Code;
using coap::Type;
using test::ByteVector;
using test::Client;
using test::request_to;
using test::Served;
using test::Shared;
using test::World;

constexpr size_t kMaxAddedOptions = Response::kMaxOptions - 1;  // beside Content-Format

// As much as a Response can hold: every option at a distance that takes three more bytes of header.
void fill(Response& response) {
  response.content(ContentFormat::kTextPlain, std::string(kMaxPayload, 'p'));
  const size_t len = Response::kMaxOptionBytes / kMaxAddedOptions;
  for (size_t i = 0; i < kMaxAddedOptions; ++i) {
    response.option(static_cast<uint16_t>(2000 + 2 * 300 * i), ByteVector(len, 0x6f));
  }
}

ByteVector token_of(size_t len) {
  ByteVector token;
  for (size_t i = 0; i < len; ++i) token.push_back(static_cast<uint8_t>(0xa0 + i));
  return token;
}

// Goal: the response is written over the request that it answers, token and all. Method: every
// token length that is served, requests from the shortest to those longer than the response.
TEST(Seal, ResponseOverTheRequestKeepsTokensOfEveryLength) {
  World world;
  Client& client = world.client();
  for (size_t len = 0; len <= kMaxTokenLen; ++len) {
    for (const size_t payload_len : {size_t{0}, size_t{1}, size_t{64}, size_t{1024}}) {
      SCOPED_TRACE(std::to_string(len) + ", " + std::to_string(payload_len));
      const ByteVector token = token_of(len);
      const std::string payload(payload_len, 'x');
      const auto request =
          client.request(request_to("echo", Code::kPost).token(to_hex(token)).payload(payload));
      const Served served = world.serve(request.datagram);
      const test::Opened opened = client.open(request, served);
      ASSERT_EQ(opened.verdict, Verdict::kOk);
      EXPECT_TRUE(equal(opened.outer.token, token));
      EXPECT_EQ(opened.outer.message_id, 0x1234);
      EXPECT_EQ(as_text(opened.inner.payload), payload);
    }
  }
}

TEST(Seal, LargestResponseFitsADatagramForEveryAlgorithm) {
  size_t longest = 0;
  size_t num_algorithms = 0;
  for (const cose::AeadAlgorithm& algorithm : cose::aead_algorithms()) {
    SCOPED_TRACE(std::string(algorithm.name));
    Shared shared;
    shared.aead = algorithm.number;
    World world({shared});
    world.router().add("fill").get([](const Request&, Response& response) { fill(response); });
    // The largest own Partial IV would be in a challenge, which is short; so take it for granted in
    // the sum below.
    const auto request =
        world.client().request(request_to("fill").token(to_hex(token_of(kMaxTokenLen))));
    const Served served = world.serve(request.datagram);
    EXPECT_EQ(served.verdict, Verdict::kServed);
    const test::Opened opened = world.client().open(request, served);
    ASSERT_EQ(opened.verdict, Verdict::kOk);
    EXPECT_EQ(opened.inner.code, Code::kContent);
    EXPECT_EQ(opened.inner.payload.size(), kMaxPayload);
    EXPECT_EQ(test::options_json(opened.inner.options).size(), Response::kMaxOptions);
    longest = std::max(longest, served.reply.size());
    ++num_algorithms;
  }
  EXPECT_EQ(num_algorithms, 12u);
  constexpr size_t kOwnPartialIv = 1 + oscore::kMaxPartialIvLen;  // flag byte and number
  EXPECT_LE(longest + kOwnPartialIv, kMaxDatagram);
}

TEST(Seal, EveryAlgorithmAndHkdfIsServed) {
  for (const cose::AeadAlgorithm& algorithm : cose::aead_algorithms()) {
    for (const cose::HkdfAlgorithm& hkdf : cose::hkdf_algorithms()) {
      Shared shared;
      shared.aead = algorithm.number;
      shared.hkdf = hkdf.name;
      World world({shared});
      const auto request = world.client().request(request_to("hello"));
      EXPECT_EQ(world.client().text(request, world.serve(request.datagram)),
                "ACK 2.05 mid=1234 token=4a 12= 'Hello!'")
          << algorithm.name << ", " << hkdf.name;
    }
  }
}

TEST(Seal, OneBatchMayHoldEveryAlgorithm) {
  std::vector<Shared> all;
  std::vector<std::string> ids;  // of the clients, which must differ
  for (const cose::AeadAlgorithm& algorithm : cose::aead_algorithms()) {
    ids.push_back(to_hex(ByteVector{static_cast<uint8_t>(algorithm.number)}));
  }
  for (const cose::AeadAlgorithm& algorithm : cose::aead_algorithms()) {
    Shared shared;
    shared.aead = algorithm.number;
    shared.client_id = ids[all.size()];
    shared.name = shared.client_id;
    all.push_back(shared);
  }
  World world(all);
  std::vector<Client::Request> requests;
  std::vector<ByteVector> batch;
  for (size_t i = 0; i < all.size(); ++i) {
    requests.push_back(world.client(i).request(request_to("hello")));
    batch.push_back(requests.back().datagram);
  }
  const auto served = world.serve(batch);
  for (size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(world.client(i).text(requests[i], served[i]),
              "ACK 2.05 mid=1234 token=4a 12= 'Hello!'");
  }
}

// One authentic packet, ready to be sealed.
struct Authentic {
  explicit Authentic(oscore::SecurityContext& context, const Client::Request& request) {
    std::copy(request.datagram.begin(), request.datagram.end(), buffer.begin());
    packet.data = buffer.data();
    packet.capacity = buffer.size();
    packet.response = &response;
    begin_packet(packet, request.datagram.size());
    packet.outer = test::parsed(packet.datagram());
    packet.context = &context;
    response.reset(Code::kContent, std::nullopt);
    response.content(ContentFormat::kTextPlain, "answer");
  }

  Served seal_again(World& world) {
    packet.outer.token = Bytes(packet.data, packet.len).subspan(coap::kHeaderLen, 1);
    packet.has_reply = false;
    Packet* batch[] = {&packet};
    seal(batch, world.engine(), world.numbers(), 0);
    return {packet.verdict, packet.has_reply, {packet.data, packet.data + packet.len}};
  }

  Packet packet;
  Response response;
  std::array<uint8_t, kMaxDatagram> buffer;
};

std::string oscore_option(const Served& served) {
  const auto value = test::option_value(test::parsed(served.reply).options, coap::option::kOscore);
  return value ? to_hex(*value) : "none";
}

// Goal: the request's nonce is used once, whatever is sealed for the request (I1, §8.3). Method:
// the World's engine fails a test in which a nonce comes twice.
TEST(Seal, SecondResponseToARequestHasItsOwnPartialIv) {
  World world;
  Client& client = world.client();
  const auto request = client.request(request_to("hello"));
  Authentic authentic(world.context(), request);
  authentic.packet.identity =
      oscore::RequestIdentity(request.identity.kid(), request.identity.partial_iv(),
                              request.identity.nonce_to_verify(), oscore::NonceReuse::kOnce);
  const char* options[] = {"", "0100", "0101", "0102"};
  for (const char* option : options) {
    const Served served = authentic.seal_again(world);
    EXPECT_EQ(oscore_option(served), option);
    EXPECT_EQ(client.text(request, served), "ACK 2.05 mid=1234 token=4a 12= 'answer'");
  }
}

TEST(Seal, WhatCannotBeSealedIsLeftToAnswer) {
  World world;
  const auto request = world.client().request(request_to("hello"));
  Authentic authentic(world.context(), request);
  world.numbers().has_none = true;  // and the identity has no nonce to give
  EXPECT_FALSE(authentic.seal_again(world).has_reply);
  EXPECT_EQ(authentic.packet.verdict, Verdict::kNoSequenceNumber);

  world.numbers().has_none = false;
  authentic.packet.verdict = Verdict::kServed;
  authentic.packet.capacity = 20;
  EXPECT_FALSE(authentic.seal_again(world).has_reply);
  EXPECT_EQ(authentic.packet.verdict, Verdict::kResponseTooLong);
}

// The outer code says Observe or not, and nothing else (§4.2, §4.1.3.5).
TEST(Seal, ObserveGoesOutsideAsWell) {
  World world;
  world.router().add("seen").get(
      [](const Request&, Response& response) { response.uint_option(coap::option::kObserve, 7); });
  const auto request = world.client().request(request_to("seen"));
  const Served served = world.serve(request.datagram);
  const coap::Message outer = test::parsed(served.reply);
  EXPECT_EQ(outer.code, Code::kContent);
  EXPECT_EQ(test::options_json(outer.options), test::Json::parse("[[6, \"07\"], [9, \"\"]]"));
  EXPECT_EQ(world.client().text(request, served), "ACK 2.05 mid=1234 token=4a 6=");
}

}  // namespace
}  // namespace osprey::pipeline
