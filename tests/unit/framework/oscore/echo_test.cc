#include "framework/oscore/echo.h"

#include <gtest/gtest.h>

#include "tests/unit/support/exchange.h"

namespace osprey::oscore {
namespace {

using test::echo_key;

constexpr uint64_t kContext = 77;
constexpr TimeNs kNow = 1'000 * kSecond;

TEST(Echo, AcceptsItsOwnValueForItsLifetime) {
  EchoMaker echo(echo_key(1));
  const EchoValue value = echo.issue(kContext, kNow);
  EXPECT_TRUE(echo.verify(value, kContext, kNow));
  EXPECT_TRUE(echo.verify(value, kContext, kNow + kEchoLifetime));
  EXPECT_FALSE(echo.verify(value, kContext, kNow + kEchoLifetime + kSecond));
  EXPECT_FALSE(echo.verify(value, kContext, kNow + 100'000 * kSecond));
}

TEST(Echo, AValueFromTheFutureIsNotAccepted) {
  EchoMaker echo(echo_key(1));
  EXPECT_FALSE(echo.verify(echo.issue(kContext, kNow), kContext, kNow - 2 * kSecond));
}

TEST(Echo, AnyOtherValueIsRefused) {
  EchoMaker echo(echo_key(1));
  const EchoValue value = echo.issue(kContext, kNow);
  for (size_t bit = 0; bit < 8 * kEchoLen; ++bit) {
    EchoValue changed = value;
    changed[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    EXPECT_FALSE(echo.verify(changed, kContext, kNow)) << bit;
  }
  for (size_t len = 0; len < kEchoLen; ++len) {
    EXPECT_FALSE(echo.verify(Bytes(value).first(len), kContext, kNow)) << len;
  }
  std::vector<uint8_t> longer(value.begin(), value.end());
  longer.push_back(0);
  EXPECT_FALSE(echo.verify(longer, kContext, kNow));
  EXPECT_FALSE(echo.verify(std::vector<uint8_t>(kEchoLen), kContext, kNow));
}

TEST(Echo, AValueBelongsToOneContext) {
  EchoMaker echo(echo_key(1));
  EXPECT_FALSE(echo.verify(echo.issue(kContext, kNow), kContext + 1, kNow));
}

// A restart draws another key: what was recorded before it proves nothing.
TEST(Echo, AValueDiesWithItsKey) {
  EchoMaker before(echo_key(1));
  EchoMaker after(echo_key(2));
  EXPECT_FALSE(after.verify(before.issue(kContext, kNow), kContext, kNow));
}

TEST(Echo, AllMakersOfOneKeyAgree) {
  EchoMaker one(echo_key(1));
  EchoMaker another(echo_key(1));
  EXPECT_TRUE(another.verify(one.issue(kContext, kNow), kContext, kNow));
}

TEST(Echo, VerifyingChangesNothing) {
  EchoMaker echo(echo_key(1));
  const EchoValue value = echo.issue(kContext, kNow);
  EXPECT_FALSE(echo.verify(std::vector<uint8_t>(kEchoLen), kContext, kNow));
  EXPECT_TRUE(echo.verify(value, kContext, kNow));
  EXPECT_TRUE(echo.verify(value, kContext, kNow));
  EXPECT_EQ(echo.issue(kContext, kNow), value);
}

TEST(Echo, SecondsWrapAround) {
  EchoMaker echo(echo_key(1));
  const TimeNs wrap = (TimeNs{1} << 32) * kSecond;
  const EchoValue value = echo.issue(kContext, wrap - 10 * kSecond);
  EXPECT_TRUE(echo.verify(value, kContext, wrap + 10 * kSecond));
  EXPECT_FALSE(echo.verify(value, kContext, wrap + kEchoLifetime));
}

TEST(EchoDeathTest, AKeyOfAnotherLengthIsABug) {
  const std::vector<uint8_t> short_key(16);
  EXPECT_DEATH(EchoMaker{EchoKey(short_key)}, "CHECK failed");
}

}  // namespace
}  // namespace osprey::oscore
