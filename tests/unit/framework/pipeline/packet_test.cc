#include "framework/pipeline/packet.h"

#include <numeric>

#include <gtest/gtest.h>

namespace osprey::pipeline {
namespace {

// Packets told apart by their length.
class Batch {
 public:
  explicit Batch(size_t num_packets) : packets_(num_packets) {
    for (size_t i = 0; i < num_packets; ++i) {
      packets_[i].len = i;
      pointers_.push_back(&packets_[i]);
    }
  }
  Packets all() { return pointers_; }

 private:
  std::vector<Packet> packets_;
  std::vector<Packet*> pointers_;
};

std::vector<size_t> lens(Packets packets) {
  std::vector<size_t> lens;
  for (const Packet* packet : packets) lens.push_back(packet->len);
  return lens;
}

using Lens = std::vector<size_t>;

TEST(Keep, MovesKeptToTheFrontAndLeavesBothInOrder) {
  Batch batch(7);
  const Packets kept = keep(batch.all(), [](const Packet& packet) {
    return packet.len % 3 == 0 ? Verdict::kOk : Verdict::kReplay;
  });
  EXPECT_EQ(lens(kept), (Lens{0, 3, 6}));
  EXPECT_EQ(lens(batch.all()), (Lens{0, 3, 6, 1, 2, 4, 5}));
  for (const Packet* packet : batch.all()) {
    EXPECT_EQ(packet->verdict, packet->len % 3 == 0 ? Verdict::kOk : Verdict::kReplay);
  }
}

TEST(Keep, LooksAtEachOnceInOrder) {
  Batch batch(kBatchMax);
  Lens seen;
  keep(batch.all(), [&](const Packet& packet) {
    seen.push_back(packet.len);
    return packet.len % 2 == 0 ? Verdict::kOk : Verdict::kBadTag;
  });
  Lens expected(kBatchMax);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(seen, expected);
}

TEST(Partition, ChangesOrderAndNoVerdict) {
  Batch batch(5);
  batch.all()[4]->verdict = Verdict::kPing;
  const Packets odd =
      partition(batch.all(), [](const Packet& packet) { return packet.len % 2 == 1; });
  EXPECT_EQ(lens(odd), (Lens{1, 3}));
  EXPECT_EQ(lens(batch.all()), (Lens{1, 3, 0, 2, 4}));
  EXPECT_EQ(batch.all()[4]->verdict, Verdict::kPing);
}

TEST(Partition, TakesAllNoneAndNothing) {
  Batch batch(kBatchMax);
  EXPECT_EQ(partition(batch.all(), [](const Packet&) { return true; }).size(), kBatchMax);
  EXPECT_EQ(partition(batch.all(), [](const Packet&) { return false; }).size(), 0u);
  EXPECT_EQ(partition(Packets(), [](const Packet&) { return true; }).size(), 0u);
  EXPECT_EQ(keep(Packets(), [](const Packet&) { return Verdict::kOk; }).size(), 0u);
}

TEST(BatchDeathTest, IsBounded) {
  Batch batch(kBatchMax + 1);
  EXPECT_DEATH(keep(batch.all(), [](const Packet&) { return Verdict::kOk; }), "CHECK failed");
  EXPECT_DEATH(partition(batch.all(), [](const Packet&) { return true; }), "CHECK failed");
}

TEST(BeginPacket, ForgetsTheDatagramBefore) {
  oscore::SecurityContext* const stale = reinterpret_cast<oscore::SecurityContext*>(8);
  Packet packet;
  packet.verdict = Verdict::kServed;
  packet.has_reply = true;
  packet.context = stale;
  begin_packet(packet, 12);
  EXPECT_EQ(packet.len, 12u);
  EXPECT_EQ(packet.verdict, Verdict::kOk);
  EXPECT_FALSE(packet.has_reply);
  EXPECT_FALSE(packet.is_protected());
}

}  // namespace
}  // namespace osprey::pipeline
