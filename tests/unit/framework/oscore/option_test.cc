#include "framework/oscore/option.h"

#include <array>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "tests/unit/support/vectors.h"

namespace osprey::oscore {
namespace {

using test::any;
using test::hex;
using test::Json;
using test::same;
using test::same_bytes;

std::string written(const OscoreOption& option) {
  std::array<uint8_t, 300> space;
  Writer writer(space);
  write_oscore_option(writer, option);
  EXPECT_TRUE(writer.ok());
  return to_hex(writer.written());
}

std::optional<Bytes> partial_iv_of(const OscoreOption& option) {
  if (option.partial_iv.empty()) return std::nullopt;
  return option.partial_iv;
}

void expect_decoded(const OscoreOption& option, const Json& decoded) {
  test::check_fields(decoded, {
                                  {"partial_iv", same_bytes(partial_iv_of(option))},
                                  {"kid_context", same_bytes(option.kid_context)},
                                  {"kid", same_bytes(option.kid)},
                                  {"group_flag", same(option.group_flag)},
                              });
}

// What the vectors say to a person, and which error that is.
const std::map<std::string, OptionError> kErrors = {
    {"flag byte zero: the option value must be empty", OptionError::kZeroFlagByte},
    {"Partial IV length 6 reserved", OptionError::kPartialIvLength},
    {"Partial IV length 7 reserved", OptionError::kPartialIvLength},
    {"bit 0x20 reserved without Group OSCORE", OptionError::kReservedFlags},
    {"reserved flag bits (0x80, 0x40)", OptionError::kReservedFlags},
    {"Partial IV cut", OptionError::kPartialIvCut},
    {"kid context length missing", OptionError::kKidContextCut},
    {"kid context cut", OptionError::kKidContextCut},
    {"bytes left over although the kid flag is 0", OptionError::kLeftOver},
};

// A request takes what is valid in one, and nothing else; leading zeros are refused as advised.
bool should_fit_request(const Json& entry) {
  const auto valid_in = entry.at("valid_in").get<std::string>();
  EXPECT_TRUE((std::set<std::string>{"request", "response"}.count(valid_in))) << valid_in;
  const bool is_strict = entry.contains("strict");
  if (is_strict) {
    EXPECT_EQ(entry.at("strict"), "reject");
  }
  return valid_in == "request" && !is_strict;
}

void expect_entry_ok(const Json& entry, const OscoreOption& option, const std::string& wire) {
  expect_decoded(option, entry.at("decoded"));
  EXPECT_EQ(written(option), wire);
  EXPECT_EQ(fits_request(option), should_fit_request(entry));
}

TEST(OscoreOption, VectorsAreDecodedAndWrittenAgainOrRefused) {
  const Json file = test::load_vectors("coap-messages");
  size_t num_run = 0;
  for (const Json& entry : file.at("oscore_option_values")) {
    SCOPED_TRACE(entry.at("id").get<std::string>());
    test::expect_known_fields(
        entry, {"id", "value", "expect", "valid_in", "group_aware", "decoded", "note", "aiocoap",
                "as_request", "strict", "option_length_error", "error", "server_response"});
    const auto value = hex(entry.at("value"));
    OscoreOption option;
    const OptionError error = parse_oscore_option(value, option, entry.at("group_aware"));
    if (entry.contains("option_length_error")) {  // longer than an option may be: already here
      EXPECT_EQ(error, OptionError::kTooLong);
    } else if (entry.at("expect") == "ok") {
      EXPECT_EQ(error, OptionError::kNone);
      expect_entry_ok(entry, option, to_hex(value));
    } else {
      EXPECT_EQ(entry.at("expect"), "error");
      ASSERT_TRUE(kErrors.count(entry.at("error"))) << entry.at("error");
      EXPECT_EQ(error, kErrors.at(entry.at("error")));
    }
    ++num_run;
  }
  EXPECT_EQ(num_run, file.at("counts").at("oscore_option_values"));
}

// Goal: what is written is read back, for every combination of fields.
TEST(OscoreOption, EveryCombinationIsReadBack) {
  const std::vector<uint8_t> bytes(255, 0x5c);
  const std::optional<size_t> lens[] = {std::nullopt, 0, 1, 7, 200};
  for (size_t piv_len = 0; piv_len <= kMaxPartialIvLen; ++piv_len) {
    for (const auto& kid_context_len : lens) {
      for (const auto& kid_len : {lens[0], lens[1], lens[2], lens[3]}) {
        for (const bool group_flag : {false, true}) {
          OscoreOption option;
          option.partial_iv = Bytes(bytes).first(piv_len);
          if (kid_context_len) option.kid_context = Bytes(bytes).first(*kid_context_len);
          if (kid_len) option.kid = Bytes(bytes).first(*kid_len);
          option.group_flag = group_flag;
          const auto wire = hex(written(option));
          OscoreOption again;
          ASSERT_EQ(parse_oscore_option(wire, again, true), OptionError::kNone) << to_hex(wire);
          EXPECT_TRUE(equal(again.partial_iv, option.partial_iv));
          EXPECT_EQ(test::to_hex(again.kid_context), test::to_hex(option.kid_context));
          EXPECT_EQ(test::to_hex(again.kid), test::to_hex(option.kid));
          EXPECT_EQ(again.group_flag, group_flag);
        }
      }
    }
  }
}

TEST(OscoreOption, TheEmptyOptionIsTheEmptyValue) {
  EXPECT_EQ(written({}), "");
  OscoreOption option;
  option.kid = Bytes();
  EXPECT_EQ(parse_oscore_option({}, option), OptionError::kNone);
  EXPECT_FALSE(option.kid.has_value());
}

TEST(OscoreOption, LongestValueHas255Bytes) {
  std::vector<uint8_t> value(255, 0x01);
  value[0] = 0x09;
  OscoreOption option;
  EXPECT_EQ(parse_oscore_option(value, option), OptionError::kNone);
  EXPECT_EQ(option.kid->size(), 253u);
  value.push_back(0x01);
  EXPECT_EQ(parse_oscore_option(value, option), OptionError::kTooLong);
}

TEST(OscoreOption, EveryFlagByteIsJudged) {
  for (int flags = 0; flags < 256; ++flags) {
    std::vector<uint8_t> value(20, 0x00);
    value[0] = static_cast<uint8_t>(flags);
    value[1] = 0x01;
    OscoreOption option;
    const OptionError error = parse_oscore_option(value, option);
    if ((flags & 0xe0) != 0) {
      EXPECT_EQ(error, OptionError::kReservedFlags) << flags;
    } else if (flags == 0) {
      EXPECT_EQ(error, OptionError::kZeroFlagByte);
    } else if ((flags & 7) > 5) {
      EXPECT_EQ(error, OptionError::kPartialIvLength) << flags;
    } else if ((flags & 8) == 0) {
      EXPECT_EQ(error, OptionError::kLeftOver) << flags;
    } else {
      EXPECT_EQ(error, OptionError::kNone) << flags;
    }
  }
}

// §6.1: one number in two spellings would have two AADs, so only one spelling is taken.
TEST(OscoreOption, ARequestNeedsKidAndAPartialIvWithoutLeadingZeros) {
  const std::pair<const char*, bool> rows[] = {
      {"", false},
      {"0105", false},
      {"0825", false},
      {"090525", true},
      {"0900", true},
      {"0a000525", false},
      {"0a010025", true},
      {"0a000025", false},
      {"0d0000000001", false},
      {"0dffffffffff", true},
  };
  for (const auto& [text, fits] : rows) {
    const auto value = hex(text);
    OscoreOption option;
    ASSERT_EQ(parse_oscore_option(value, option), OptionError::kNone) << text;
    EXPECT_EQ(fits_request(option), fits) << text;
  }
}

TEST(OscoreOption, EveryErrorHasAText) {
  std::set<std::string_view> texts;
  for (int error = 0; error <= static_cast<int>(OptionError::kLeftOver); ++error) {
    texts.insert(option_error_text(static_cast<OptionError>(error)));
  }
  EXPECT_EQ(texts.size(), static_cast<size_t>(OptionError::kLeftOver) + 1);
  EXPECT_EQ(texts.count("unknown error"), 0u);
}

}  // namespace
}  // namespace osprey::oscore
