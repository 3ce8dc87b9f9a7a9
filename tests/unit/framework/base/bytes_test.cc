#include "framework/base/bytes.h"

#include <gtest/gtest.h>

namespace osprey {
namespace {

TEST(Bytes, EqualComparesLengthAndContent) {
  const std::vector<uint8_t> a = {1, 2, 3};
  const std::vector<uint8_t> same = {1, 2, 3};
  const std::vector<uint8_t> other = {1, 2, 4};
  EXPECT_TRUE(equal(a, same));
  EXPECT_FALSE(equal(a, other));
  EXPECT_FALSE(equal(a, Bytes(a).first(2)));
  EXPECT_TRUE(equal({}, {}));
  EXPECT_FALSE(equal({}, a));
}

TEST(Bytes, TextAndBytesAreTwoViewsOfOneMemory) {
  const std::string_view text = "sensor";
  EXPECT_EQ(as_text(as_bytes(text)), text);
  EXPECT_EQ(as_text(as_bytes(text)).data(), text.data());
  EXPECT_TRUE(as_bytes("").empty());
}

TEST(Hex, EveryByteComesBack) {
  std::vector<uint8_t> all;
  for (int byte = 0; byte < 256; ++byte) all.push_back(static_cast<uint8_t>(byte));
  EXPECT_EQ(from_hex(to_hex(all)), all);
}

TEST(Hex, WritesLowerCaseAndReadsBothCases) {
  EXPECT_EQ(to_hex(std::vector<uint8_t>{0x00, 0xaB, 0xFf}), "00abff");
  EXPECT_EQ(from_hex("aBfF"), (std::vector<uint8_t>{0xab, 0xff}));
}

TEST(Hex, EmptyTextIsEmptyBytes) {
  EXPECT_EQ(to_hex({}), "");
  EXPECT_EQ(from_hex(""), std::vector<uint8_t>());
}

TEST(Hex, RefusesAnythingButPairsOfDigits) {
  for (const char* text : {"0", "abc", "0g", "g0", "0x00", " 00", "00 ", "0 0", "-1", "+1", "/0",
                           ":0", "@0", "G0", "`0", "\xff\xff"}) {
    EXPECT_FALSE(from_hex(text).has_value()) << text;
  }
  EXPECT_FALSE(from_hex(std::string_view("0\0", 2)).has_value());
}

}  // namespace
}  // namespace osprey
