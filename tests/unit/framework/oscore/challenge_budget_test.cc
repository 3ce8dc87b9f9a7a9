#include "framework/oscore/challenge_budget.h"

#include <gtest/gtest.h>

namespace osprey::oscore {
namespace {

constexpr TimeNs kNow = 5 * kSecond;

// However many recorded requests are replayed, the real client's next one is above them all.
TEST(ChallengeBudget, AHigherPartialIvIsAlwaysChallenged) {
  ChallengeBudget budget;
  for (uint64_t piv = 0; piv < 1000; ++piv) EXPECT_TRUE(budget.spend(piv, kNow)) << piv;
  while (budget.spend(0, kNow)) {
  }
  EXPECT_TRUE(budget.spend(1000, kNow));
  EXPECT_TRUE(budget.spend((uint64_t{1} << 40) - 1, kNow));
  EXPECT_FALSE(budget.spend((uint64_t{1} << 40) - 1, kNow));
}

TEST(ChallengeBudget, RepetitionsShareABurst) {
  ChallengeBudget budget;
  ASSERT_TRUE(budget.spend(7, kNow));
  for (uint32_t i = 0; i < ChallengeBudget::kBurst; ++i) {
    EXPECT_TRUE(budget.spend(i % 8, kNow)) << i;
  }
  for (uint64_t piv = 0; piv <= 7; ++piv) EXPECT_FALSE(budget.spend(piv, kNow)) << piv;
}

TEST(ChallengeBudget, OneMoreForEachRefill) {
  ChallengeBudget budget;
  ASSERT_TRUE(budget.spend(7, kNow));
  while (budget.spend(7, kNow)) {
  }
  EXPECT_FALSE(budget.spend(7, kNow + ChallengeBudget::kRefill - 1));
  EXPECT_TRUE(budget.spend(7, kNow + ChallengeBudget::kRefill));
  EXPECT_FALSE(budget.spend(7, kNow + ChallengeBudget::kRefill));
  EXPECT_TRUE(budget.spend(7, kNow + 3 * ChallengeBudget::kRefill));
  EXPECT_TRUE(budget.spend(7, kNow + 3 * ChallengeBudget::kRefill));
  EXPECT_FALSE(budget.spend(7, kNow + 3 * ChallengeBudget::kRefill));
}

TEST(ChallengeBudget, NeverMoreThanABurstAtOnce) {
  ChallengeBudget budget;
  ASSERT_TRUE(budget.spend(7, kNow));
  int num_challenged = 0;
  while (budget.spend(7, kNow + 1'000'000 * kSecond)) ++num_challenged;
  EXPECT_EQ(num_challenged, ChallengeBudget::kBurst);
}

// Goal: nobody gets more than the rate by asking often. Method: a replay each 10 ms for 100 s.
TEST(ChallengeBudget, LongRunRateIsOnePerRefill) {
  ChallengeBudget budget;
  ASSERT_TRUE(budget.spend(7, kNow));
  int num_challenged = 0;
  for (int i = 0; i < 10'000; ++i) {
    if (budget.spend(7, kNow + i * 10 * kMillisecond)) ++num_challenged;
  }
  EXPECT_LE(num_challenged, 1000 + static_cast<int>(ChallengeBudget::kBurst));
  EXPECT_GE(num_challenged, 990);
}

}  // namespace
}  // namespace osprey::oscore
