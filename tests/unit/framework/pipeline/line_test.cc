// Whole batches: good and bad side by side, every packet accounted for (I5).
#include "framework/pipeline/line.h"

#include <random>

#include <gtest/gtest.h>

#include "tests/unit/support/vectors.h"
#include "tests/unit/support/world.h"

namespace osprey::pipeline {
namespace {

using coap::Code;
using coap::Type;
using test::ByteVector;
using test::Client;
using test::hex;
using test::request_to;
using test::Served;
using test::Shared;
using test::World;

ByteVector plain_request(std::string_view path) {
  ByteVector space(kMaxDatagram);
  Writer writer(space);
  write_message(writer, request_to(path).message());
  space.resize(writer.size());
  return space;
}

TEST(Line, EmptyBatchIsNothing) {
  World world;
  EXPECT_TRUE(world.serve(std::vector<ByteVector>()).empty());
  EXPECT_EQ(world.count_all(), 0u);
}

// Goal: bad packets take nothing from the good ones beside them. Method: 64 packets, every other
// one bad in another way.
TEST(Line, FullBatchOfGoodAndBadKeepsEveryGoodOne) {
  World world;
  Client& client = world.client();
  const auto bad = [&](size_t i) {
    ByteVector forged = client.request(request_to("hello"), 1000 + i).datagram;
    switch (i % 8) {
      case 0: forged.back() ^= 1; return forged;  // bad tag
      case 1: return ByteVector{0x40, 0x01};      // too short
      case 2: return hex("40010001ff");           // format
      case 3:
        return hex(
            "44021234000000009309"
            "00dd"
            "ff0011223344556677889900");      // no context
      case 4: return hex("40000001");         // ping
      case 5: return plain_request("hello");  // OSCORE required
      case 6:
        return hex(
            "44021234000000009209"
            "00"
            "ff00112233");              // no context (empty kid)
      default: return hex("80010001");  // version
    }
  };
  std::vector<Client::Request> good;
  std::vector<ByteVector> batch;
  for (size_t i = 0; i < kBatchMax / 2; ++i) {
    good.push_back(client.request(request_to("echo", Code::kPost)
                                      .payload("number " + std::to_string(i))
                                      .message_id(static_cast<uint16_t>(i)),
                                  i));
    batch.push_back(good.back().datagram);
    batch.push_back(bad(i));
  }
  const auto all = world.serve(batch);
  for (size_t i = 0; i < good.size(); ++i) {
    const test::Opened opened = client.open(good[i], all[2 * i]);
    ASSERT_EQ(opened.verdict, Verdict::kOk) << i;
    EXPECT_EQ(as_text(opened.inner.payload), "number " + std::to_string(i));
    EXPECT_EQ(opened.outer.message_id, i);
    EXPECT_NE(all[2 * i + 1].verdict, Verdict::kServed);
  }
  EXPECT_EQ(world.num_handled(), kBatchMax / 2);
  EXPECT_EQ(world.count(Verdict::kServed), kBatchMax / 2);
  EXPECT_EQ(world.count(Verdict::kBadTag), 4u);
  EXPECT_EQ(world.count(Verdict::kTooShort), 4u);
  EXPECT_EQ(world.count(Verdict::kFormat), 4u);
  EXPECT_EQ(world.count(Verdict::kNoContext), 8u);
  EXPECT_EQ(world.count(Verdict::kPing), 4u);
  EXPECT_EQ(world.count(Verdict::kServedPlain), 4u);
  EXPECT_EQ(world.count(Verdict::kVersion), 4u);
  EXPECT_EQ(world.count_all(), kBatchMax);
}

TEST(Line, BatchOfOneIsTheSameAsManyAtOnce) {
  World one_by_one;
  World at_once;
  std::vector<ByteVector> batch;
  for (uint64_t piv = 0; piv < kBatchMax; ++piv) {
    batch.push_back(one_by_one.client().request(request_to("hello"), piv / 2).datagram);
  }
  const auto all = at_once.serve(batch);
  for (size_t i = 0; i < batch.size(); ++i) {
    const Served single = one_by_one.serve(batch[i]);
    EXPECT_EQ(all[i].verdict, single.verdict);
    EXPECT_EQ(all[i].reply, single.reply);
  }
}

// A client that sends what a careless or hostile one would.
class Traffic {
 public:
  Traffic(World& world, uint32_t seed) : world_(world), random_(seed) {}

  ByteVector next() {
    switch (below(6)) {
      case 0: return noise();
      case 1: return mutated();
      case 2: return again();
      case 3: return plain_request(below(2) == 0 ? "plain/x" : "hello");
      default: return good();
    }
  }

  size_t num_good() const { return num_good_; }

 private:
  size_t below(size_t limit) { return random_() % limit; }

  ByteVector good() {
    ++num_good_;
    Client& client = world_.client(below(3));
    sent_.push_back(
        client.request(request_to("hello", Code::kGet, below(2) == 0 ? Type::kCon : Type::kNon))
            .datagram);
    return sent_.back();
  }
  ByteVector again() { return sent_.empty() ? noise() : sent_[below(sent_.size())]; }
  // Of a request that is never sent as it was, with a number far below those of the good ones.
  ByteVector mutated() {
    ByteVector datagram = world_.client(below(3)).request(request_to("hello"), below(256)).datagram;
    // The ciphertext is its end, so this cannot leave a request that opens.
    datagram[datagram.size() - 1 - below(8)] ^= static_cast<uint8_t>(1 + below(255));
    for (size_t i = below(4); i > 0; --i) {
      datagram[below(datagram.size())] = static_cast<uint8_t>(random_());
    }
    datagram.back() ^= 0x80;
    return datagram;
  }
  ByteVector noise() {
    ByteVector datagram(below(100));
    for (uint8_t& byte : datagram) byte = static_cast<uint8_t>(random_());
    if (!datagram.empty() && below(2) == 0) datagram[0] = static_cast<uint8_t>(0x40 | below(0x40));
    return datagram;
  }

  World& world_;
  std::mt19937 random_;
  std::vector<ByteVector> sent_;
  size_t num_good_ = 0;
};

// Goal: received is the sum of all verdicts (I5), every good request is served once (I2), whatever
// comes beside it. Method: random batches; a failure names its seed.
TEST(Line, EveryPacketIsAccountedFor) {
  for (uint32_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World world({Shared{.name = "1"}, Shared{.client_id = "c2", .aead = 1, .name = "2"},
                 Shared{.client_id = "c3", .aead = 24, .name = "3"}});
    // The good ones count from here, so that no jump leaves one of them behind the window.
    for (size_t i = 0; i < 3; ++i) world.client(i).request(request_to("hello"), 1000);
    Traffic traffic(world, seed);
    std::mt19937 sizes(seed);
    size_t num_packets = 0;
    size_t num_plain = 0;
    for (int i = 0; i < 40; ++i) {
      std::vector<ByteVector> batch(1 + sizes() % kBatchMax);
      for (ByteVector& datagram : batch) datagram = traffic.next();
      num_packets += batch.size();
      for (const Served& served : world.serve(batch)) {
        if (served.verdict == Verdict::kServedPlain &&
            served.text().find("2.05") != std::string::npos) {
          ++num_plain;
        }
      }
      ASSERT_EQ(world.count_all(), num_packets);
    }
    EXPECT_EQ(world.count(Verdict::kServed), traffic.num_good());
    EXPECT_EQ(world.num_handled(), traffic.num_good() + num_plain);
    EXPECT_EQ(world.count(Verdict::kOk), 0u);
  }
}

// A reply is never longer than the buffer, and never an ACK or RST to an ACK or RST (RFC 7252
// §4.2).
TEST(Line, NoNoiseMakesItTalkToAcksAndResets) {
  World world;
  std::mt19937 random(7);
  for (int i = 0; i < 2000; ++i) {
    ByteVector datagram(random() % 64);
    for (uint8_t& byte : datagram) byte = static_cast<uint8_t>(random());
    if (!datagram.empty()) datagram[0] = static_cast<uint8_t>(0x60 | (random() & 0x1f));
    EXPECT_FALSE(world.serve(datagram).has_reply) << to_hex(datagram);
  }
}

}  // namespace
}  // namespace osprey::pipeline
