#include "framework/coap/option_table.h"

#include <map>
#include <string>

#include <gtest/gtest.h>

namespace osprey::coap {
namespace {

// RFC 7252 §5.10, RFC 7641, 7959, 7967, 8613, 8768, 9175, 9177, 9668: letters C critical, U unsafe
// to forward, N no cache key, R repeatable, and the lengths of the value.
struct Row {
  uint16_t number;
  const char* name;
  const char* letters;
  ValueFormat format;
  int min_len;
  int max_len;
};

constexpr Row kRows[] = {
    {1, "If-Match", "C..R", ValueFormat::kOpaque, 0, 8},
    {3, "Uri-Host", "CU..", ValueFormat::kString, 1, 255},
    {4, "ETag", "...R", ValueFormat::kOpaque, 1, 8},
    {5, "If-None-Match", "C...", ValueFormat::kEmpty, 0, 0},
    {6, "Observe", ".U..", ValueFormat::kUint, 0, 3},
    {7, "Uri-Port", "CU..", ValueFormat::kUint, 0, 2},
    {8, "Location-Path", "...R", ValueFormat::kString, 0, 255},
    {9, "OSCORE", "C...", ValueFormat::kOpaque, 0, 255},
    {11, "Uri-Path", "CU.R", ValueFormat::kString, 0, 255},
    {12, "Content-Format", "....", ValueFormat::kUint, 0, 2},
    {14, "Max-Age", ".U..", ValueFormat::kUint, 0, 4},
    {15, "Uri-Query", "CU.R", ValueFormat::kString, 0, 255},
    {16, "Hop-Limit", "....", ValueFormat::kUint, 1, 1},
    {17, "Accept", "C...", ValueFormat::kUint, 0, 2},
    {19, "Q-Block1", "CU..", ValueFormat::kUint, 0, 3},
    {20, "Location-Query", "...R", ValueFormat::kString, 0, 255},
    {21, "EDHOC", "C...", ValueFormat::kEmpty, 0, 0},
    {23, "Block2", "CU..", ValueFormat::kUint, 0, 3},
    {27, "Block1", "CU..", ValueFormat::kUint, 0, 3},
    {28, "Size2", "..N.", ValueFormat::kUint, 0, 4},
    {31, "Q-Block2", "CU.R", ValueFormat::kUint, 0, 3},
    {35, "Proxy-Uri", "CU..", ValueFormat::kString, 1, 1034},
    {39, "Proxy-Scheme", "CU..", ValueFormat::kString, 1, 255},
    {60, "Size1", "..N.", ValueFormat::kUint, 0, 4},
    {252, "Echo", "..N.", ValueFormat::kOpaque, 1, 40},
    {258, "No-Response", ".U..", ValueFormat::kUint, 0, 1},
    {292, "Request-Tag", "...R", ValueFormat::kOpaque, 0, 8},
};

TEST(OptionTable, IsThatOfTheRfcs) {
  ASSERT_EQ(option_table().size(), std::size(kRows));
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.name);
    const OptionInfo* info = find_option(row.number);
    ASSERT_NE(info, nullptr);
    EXPECT_EQ(info->number, row.number);
    EXPECT_EQ(info->name, row.name);
    EXPECT_EQ(info->format, row.format);
    EXPECT_EQ(info->min_len, row.min_len);
    EXPECT_EQ(info->max_len, row.max_len);
    EXPECT_EQ(info->repeatable, row.letters[3] == 'R');
    EXPECT_EQ(is_critical(row.number), row.letters[0] == 'C');
    EXPECT_EQ(is_unsafe_to_forward(row.number), row.letters[1] == 'U');
    EXPECT_EQ(is_no_cache_key(row.number), row.letters[2] == 'N');
  }
}

// RFC 8613 §4.1, RFC 9175, 9177, 9668.
TEST(OptionTable, OscorePlacesEachOptionInsideOutsideOrBoth) {
  const std::map<OscoreClass, std::vector<uint16_t>> classes = {
      {OscoreClass::kInner, {1, 4, 5, 8, 11, 12, 15, 16, 17, 20}},
      {OscoreClass::kOuter, {3, 7, 9, 21, 35, 39}},
      {OscoreClass::kBoth, {6, 14, 19, 23, 27, 28, 31, 60, 252, 258, 292}},
  };
  size_t num_options = 0;
  for (const auto& [oscore_class, numbers] : classes) {
    for (const uint16_t number : numbers) {
      EXPECT_EQ(osprey::coap::oscore_class(number), oscore_class) << number;
      ++num_options;
    }
  }
  EXPECT_EQ(num_options, option_table().size());
}

TEST(OptionTable, UnknownOptionsAreUnknownAndGoInside) {
  constexpr uint16_t kUnknown[] = {0, 2, 10, 13, 22, 61, 251, 293, 2049, 65535};
  for (const uint16_t number : kUnknown) {
    EXPECT_EQ(find_option(number), nullptr) << number;
    EXPECT_EQ(oscore_class(number), OscoreClass::kInner) << number;
  }
}

}  // namespace
}  // namespace osprey::coap
