#include "framework/base/check.h"

#include <gtest/gtest.h>

namespace osprey {
namespace {

TEST(CheckDeathTest, FailureNamesTheConditionAndAborts) {
  const int answer = 41;
  EXPECT_DEATH(CHECK(answer == 42), "check_test.cc:[0-9]+: CHECK failed: answer == 42");
}

TEST(Check, EvaluatesItsConditionOnce) {
  int calls = 0;
  CHECK(++calls == 1);
  EXPECT_EQ(calls, 1);
}

TEST(Check, IsOneStatement) {
  bool other_branch = false;
  if (false)
    CHECK(false);
  else
    other_branch = true;
  EXPECT_TRUE(other_branch);
}

}  // namespace
}  // namespace osprey
