#include "framework/base/result.h"

#include <gtest/gtest.h>

namespace osprey {
namespace {

Result<int> half(int number) {
  if (number % 2 != 0) return fail("3 is odd", "take an even number");
  return number / 2;
}

TEST(Result, CarriesAValueOrAnError) {
  EXPECT_EQ(half(4).value(), 2);
  ASSERT_FALSE(half(3).has_value());
  EXPECT_EQ(half(3).error().cause, "3 is odd");
}

TEST(Error, TextTellsTheCauseAndThenWhatMendsIt) {
  EXPECT_EQ((Error{"3 is odd", "take an even number"}).text(),
            "3 is odd\n  to mend: take an even number");
  EXPECT_EQ((Error{"3 is odd", ""}).text(), "3 is odd");
}

}  // namespace
}  // namespace osprey
