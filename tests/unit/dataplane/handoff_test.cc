#include "dataplane/handoff.h"

#include <set>

#include <gtest/gtest.h>

namespace osprey {
namespace {

TEST(HandoffRings, EachOrderedPairHasItsOwn) {
  HandoffRings<int> rings(4);
  EXPECT_EQ(rings.count(), 4);
  std::set<const SpscRing<int>*> all;
  for (oscore::WorkerIndex from = 0; from < 4; ++from) {
    for (oscore::WorkerIndex to = 0; to < 4; ++to) {
      if (from != to) all.insert(&rings.ring(from, to));
    }
  }
  EXPECT_EQ(all.size(), 12u);
}

TEST(HandoffRingsDeathTest, NobodyHandsOverToItself) {
  HandoffRings<int> rings(2);
  EXPECT_DEATH(rings.ring(1, 1), "CHECK failed");
}

}  // namespace
}  // namespace osprey
