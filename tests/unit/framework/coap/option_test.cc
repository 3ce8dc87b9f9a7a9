#include "framework/coap/option.h"

#include <gtest/gtest.h>

#include "tests/unit/support/hex.h"

namespace osprey::coap {
namespace {

using test::hex;

// Deltas and lengths at each side of each step of the encoding (RFC 7252 §3.1).
constexpr uint32_t kDeltas[] = {0, 1, 12, 13, 14, 268, 269, 270, 65535};
constexpr size_t kLens[] = {0, 1, 12, 13, 14, 268, 269, 270, 1034, 65535, 65804};

TEST(OptionWriter, EveryDeltaAndLengthIsReadBack) {
  for (const uint32_t delta : kDeltas) {
    for (const size_t len : kLens) {
      SCOPED_TRACE(std::to_string(delta) + ", " + std::to_string(len));
      const std::vector<uint8_t> value(len, 0xff);  // looks like payload markers
      std::vector<uint8_t> space(len + 16);
      Writer writer(space);
      OptionWriter options(writer);
      options.opaque(static_cast<uint16_t>(delta), value);
      ASSERT_TRUE(writer.ok());
      EXPECT_EQ(writer.size(), option_header_len(delta, len) + len);

      OptionReader reader(writer.written());
      const auto option = reader.next();
      ASSERT_TRUE(option.has_value());
      EXPECT_EQ(option->number, delta);
      EXPECT_TRUE(equal(option->value, value));
      EXPECT_FALSE(reader.next().has_value());
      EXPECT_FALSE(reader.failed());
      EXPECT_TRUE(reader.rest().empty());
    }
  }
}

TEST(OptionWriter, HeaderIsTheShortestOne) {
  const std::tuple<uint16_t, size_t, const char*> rows[] = {
      {0, 0, "00"},       {12, 12, "cc"},       {13, 0, "d000"},          {268, 0, "d0ff"},
      {269, 0, "e00000"}, {65535, 0, "e0fef2"}, {0, 13, "0d00"},          {0, 268, "0dff"},
      {0, 269, "0e0000"}, {13, 13, "dd0000"},   {269, 269, "ee00000000"},
  };
  for (const auto& [number, len, header] : rows) {
    std::vector<uint8_t> space(512);
    Writer writer(space);
    OptionWriter(writer).opaque(number, std::vector<uint8_t>(len));
    EXPECT_EQ(to_hex(writer.written().first(writer.size() - len)), header);
  }
}

TEST(OptionWriter, UintTakesAsFewBytesAsPossible) {
  const std::pair<uint64_t, const char*> rows[] = {
      {0, "60"},
      {1, "6101"},
      {255, "61ff"},
      {256, "620100"},
      {0xffffff, "63ffffff"},
      {UINT64_MAX, "68ffffffffffffffff"},
  };
  for (const auto& [value, expected] : rows) {
    std::vector<uint8_t> space(16);
    Writer writer(space);
    OptionWriter(writer).uint(6, value);
    EXPECT_EQ(to_hex(writer.written()), expected);
  }
}

TEST(OptionWriter, RepeatedAndAscendingNumbersAreDeltasFromTheLast) {
  std::vector<uint8_t> space(64);
  Writer writer(space);
  OptionWriter options(writer);
  options.text(11, "a");
  options.text(11, "b");
  options.uint(12, 0);
  options.opaque(292, {});
  EXPECT_EQ(to_hex(writer.written()),
            "b1610162"
            "10"
            "e0000b");
}

TEST(OptionWriterDeathTest, DescendingNumbersAreABug) {
  std::vector<uint8_t> space(64);
  Writer writer(space);
  OptionWriter options(writer);
  options.text(11, "a");
  EXPECT_DEATH(options.text(10, "b"), "CHECK failed");
}

TEST(OptionReader, StopsAtThePayloadMarkerAndTellsWhatFollows) {
  const auto bytes = hex("b16101ff00ff");  // 11 "a", then 11 of one byte, which is ff
  OptionReader reader(bytes);
  EXPECT_EQ(to_hex(reader.next()->value), "61");
  EXPECT_EQ(to_hex(reader.next()->value), "ff");
  EXPECT_EQ(reader.next()->number, 11);  // "00": the same again, empty
  EXPECT_FALSE(reader.next().has_value());
  EXPECT_FALSE(reader.failed());
  EXPECT_EQ(to_hex(reader.rest()), "ff");
}

TEST(OptionReader, FormatErrorsEndTheRun) {
  for (const char* text : {
           "b1",                                        // value missing
           "b36161",                                    // value cut
           "f0", "f100",                                // delta nibble 15
           "0f", "1f00000000000000000000000000000000",  // length nibble 15
           "d0", "e0", "e000",                          // delta extension missing or cut
           "0d", "0e", "0e00", "dd00",                  // length extension missing or cut
           "e0fef3",                                    // number 65536
           "e0ffff",                                    // number 65804
           "e0fef210",                                  // 65535 and one more
       }) {
    const auto bytes = hex(text);
    OptionReader reader(bytes);
    while (reader.next()) {
    }
    EXPECT_TRUE(reader.failed()) << text;
    EXPECT_FALSE(reader.next().has_value()) << text;
  }
}

TEST(OptionView, UintTakesLeadingZerosAndLooksAtEightBytes) {
  const auto value = [](const char* text) {
    const auto bytes = hex(text);
    return OptionView{1, bytes}.as_uint();
  };
  EXPECT_EQ(value(""), 0u);
  EXPECT_EQ(value("00002a"), 42u);
  EXPECT_EQ(value("ffffffffffffffff"), UINT64_MAX);
  EXPECT_EQ(value("01000000000000002a"), 42u);
}

}  // namespace
}  // namespace osprey::coap
