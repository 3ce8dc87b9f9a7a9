#include "framework/pipeline/steer.h"

#include <gtest/gtest.h>

#include "tests/unit/support/contexts.h"
#include "tests/unit/support/vectors.h"

namespace osprey::pipeline {
namespace {

using oscore::ContextTable;
using oscore::WorkerIndex;
using test::Shared;

class Given final : public Handoff {
 public:
  bool give(WorkerIndex owner, const Packet& packet) override {
    if (is_full) return false;
    given.emplace_back(owner, &packet);
    return true;
  }
  bool is_full = false;
  std::vector<std::pair<WorkerIndex, const Packet*>> given;
};

// Packets whose option has this kid.
class Batch {
 public:
  explicit Batch(const std::vector<std::string>& kids) : kids_(kids), packets_(kids.size()) {
    for (size_t i = 0; i < kids.size(); ++i) {
      ids_.push_back(test::hex(kids_[i]));
      packets_[i].option.kid = ids_.back();
      pointers_.push_back(&packets_[i]);
    }
  }
  Packets all() { return pointers_; }
  Packet& operator[](size_t i) { return packets_[i]; }

 private:
  std::vector<std::string> kids_;
  std::vector<std::vector<uint8_t>> ids_;
  std::vector<Packet> packets_;
  std::vector<Packet*> pointers_;
};

void add(ContextTable& table, std::string_view kid, std::string_view secret) {
  Shared shared;
  shared.client_id = kid;
  shared.master_secret = secret;
  const auto added = table.add(test::server_context(shared));
  ASSERT_TRUE(added.has_value());
}

constexpr std::string_view kSecret = "00112233445566778899aabbccddeeff";
constexpr std::string_view kOtherSecret = "ff112233445566778899aabbccddeeff";

TEST(Steer, FirstWorkerOnWhichAContextArrivesTakesIt) {
  ContextTable table(1);
  add(table, "a1", kSecret);
  add(table, "a2", kSecret);
  Given handoff;
  Batch first({"a1", "dd", "a1"});
  EXPECT_EQ(steer(first.all(), table, {0, 2}, handoff).size(), 2u);
  EXPECT_EQ(first[0].verdict, Verdict::kOk);
  EXPECT_EQ(first[0].context, &table.at(0));
  EXPECT_EQ(first[1].verdict, Verdict::kNoContext);
  EXPECT_EQ(first[1].context, nullptr);

  Batch second({"a1", "a2"});
  const Packets mine = steer(second.all(), table, {1, 2}, handoff);
  ASSERT_EQ(mine.size(), 1u);
  EXPECT_EQ(mine[0], &second[1]);
  EXPECT_EQ(second[0].verdict, Verdict::kHandedOver);
  ASSERT_EQ(handoff.given.size(), 1u);
  EXPECT_EQ(handoff.given[0], std::pair(WorkerIndex{0}, static_cast<const Packet*>(&second[0])));
}

TEST(Steer, FullRingOfTheOwnerIsToldAndNothingElse) {
  ContextTable table(1);
  add(table, "a1", kSecret);
  Given handoff;
  Batch first({"a1"});
  steer(first.all(), table, {0, 2}, handoff);
  handoff.is_full = true;
  Batch second({"a1", "a1"});
  EXPECT_TRUE(steer(second.all(), table, {1, 2}, handoff).empty());
  EXPECT_EQ(second[0].verdict, Verdict::kHandoffFull);
  EXPECT_EQ(second[1].verdict, Verdict::kHandoffFull);
}

// Goal: contexts that one kid can mean are tried by one worker, so they must have one owner, on
// whichever worker their first packet arrives. Method: ask every worker of every number of them.
TEST(Steer, ContextsThatShareTheirIdsHaveOneOwner) {
  for (WorkerIndex count = 1; count <= 8; ++count) {
    for (WorkerIndex asked = 0; asked < count; ++asked) {
      ContextTable table(count, count);
      add(table, "a1", kSecret);
      add(table, "a1", kOtherSecret);
      Given handoff;
      Batch batch({"a1"});
      const bool is_mine = !steer(batch.all(), table, {asked, count}, handoff).empty();
      const WorkerIndex owner = is_mine ? asked : handoff.given.at(0).first;
      EXPECT_LT(owner, count);
      EXPECT_EQ(table.at(0).owner(), owner);
      EXPECT_EQ(table.at(1).owner(), owner);  // which has not been asked for yet
    }
  }
}

// Goal: fetching ahead, which large tables do, changes no result. Method: so many contexts that it
// happens, and a batch of those that are there, are not, and are there several times.
TEST(Steer, AmongThousandsEachPacketFindsItsOwn) {
  ContextTable table(1);
  std::vector<std::string> kids;
  for (int i = 0; i < 5000; ++i) {
    const uint8_t kid[] = {static_cast<uint8_t>(i >> 8), static_cast<uint8_t>(i)};
    kids.push_back(to_hex(kid));
    add(table, kids.back(), kSecret);
  }
  const std::vector<std::string> asked = {kids[4999], "ff", kids[0], kids[7], "", kids[7]};
  Batch batch(asked);
  Given handoff;
  EXPECT_EQ(steer(batch.all(), table, {0, 2}, handoff).size(), 4u);
  for (size_t i = 0; i < asked.size(); ++i) {
    const auto* context = batch[i].context;
    EXPECT_EQ(context == nullptr ? "none" : to_hex(context->recipient_id()),
              asked[i].size() == 4 ? asked[i] : "none");
  }
}

TEST(Steer, AContextThatJoinsOneInServiceTakesItsOwner) {
  for (WorkerIndex first = 0; first < 4; ++first) {
    ContextTable table(first, 4);
    add(table, "a1", kSecret);
    Given handoff;
    Batch before({"a1"});
    EXPECT_EQ(steer(before.all(), table, {first, 4}, handoff).size(), 1u);
    add(table, "a1", kOtherSecret);
    EXPECT_EQ(table.at(1).owner(), first);
    Batch after({"a1"});
    EXPECT_EQ(steer(after.all(), table, {first, 4}, handoff).size(), 1u);
  }
}

}  // namespace
}  // namespace osprey::pipeline
