#include "framework/base/short_bytes.h"

#include <gtest/gtest.h>

namespace osprey {
namespace {

using Short4 = ShortBytes<4>;

TEST(ShortBytes, OwnsWhatItWasGiven) {
  std::vector<uint8_t> bytes = {1, 2, 3, 4};
  const Short4 owned{Bytes(bytes)};
  bytes.assign(4, 9);
  EXPECT_TRUE(equal(owned.view(), std::vector<uint8_t>{1, 2, 3, 4}));
  EXPECT_EQ(owned.size(), 4u);
}

TEST(ShortBytes, EmptyByDefault) {
  EXPECT_TRUE(Short4().empty());
  EXPECT_TRUE(Short4().view().empty());
  EXPECT_EQ(Short4(), Short4(Bytes()));
}

TEST(ShortBytes, EqualityLooksAtLengthAndContent) {
  const std::vector<uint8_t> bytes = {0, 0, 1};
  EXPECT_EQ(Short4{Bytes(bytes)}, Short4{Bytes(bytes)});
  EXPECT_FALSE(Short4{Bytes(bytes)} == Short4{Bytes(bytes).first(2)});
  EXPECT_FALSE(Short4{Bytes(bytes).first(2)} == Short4{Bytes(bytes).first(1)});
}

TEST(ShortBytesDeathTest, MoreThanItHoldsIsABug) {
  const std::vector<uint8_t> five(5);
  EXPECT_DEATH(Short4{Bytes(five)}, "CHECK failed");
  // 256 bytes must not pass for none.
  const std::vector<uint8_t> wraps(256);
  EXPECT_DEATH(Short4{Bytes(wraps)}, "CHECK failed");
}

}  // namespace
}  // namespace osprey
