#include "framework/cose/cbor_writer.h"

#include <functional>
#include <limits>

#include <gtest/gtest.h>

#include "framework/base/bytes.h"

namespace osprey::cose {
namespace {

std::string written(const std::function<void(CborWriter&)>& write) {
  std::vector<uint8_t> space(70'000);
  Writer writer(space);
  CborWriter cbor(writer);
  write(cbor);
  EXPECT_TRUE(writer.ok());
  return to_hex(writer.written());
}

// RFC 8949 §4.2.1: the shortest head, at each side of each boundary.
TEST(CborWriter, HeadsAreTheShortestOnes) {
  const std::pair<int64_t, const char*> rows[] = {
      {0, "00"},
      {1, "01"},
      {10, "0a"},
      {23, "17"},
      {24, "1818"},
      {255, "18ff"},
      {256, "190100"},
      {65535, "19ffff"},
      {65536, "1a00010000"},
      {4294967295, "1affffffff"},
      {4294967296, "1b0000000100000000"},
      {std::numeric_limits<int64_t>::max(), "1b7fffffffffffffff"},
      {-1, "20"},
      {-7, "26"},
      {-24, "37"},
      {-25, "3818"},
      {-27, "381a"},
      {-256, "38ff"},
      {-257, "390100"},
      {-65534, "39fffd"},
      {-65536, "39ffff"},
      {-65537, "3a00010000"},
      {-4294967296, "3affffffff"},
      {-4294967297, "3b0000000100000000"},
      {std::numeric_limits<int64_t>::min(), "3b7fffffffffffffff"},
  };
  for (const auto& [value, expected] : rows) {
    EXPECT_EQ(written([value = value](CborWriter& cbor) { cbor.integer(value); }), expected)
        << value;
  }
}

TEST(CborWriter, StringsCarryTheirLength) {
  EXPECT_EQ(written([](CborWriter& cbor) { cbor.byte_string({}); }), "40");
  EXPECT_EQ(written([](CborWriter& cbor) { cbor.text(""); }), "60");
  EXPECT_EQ(written([](CborWriter& cbor) { cbor.text("Key"); }), "634b6579");
  EXPECT_EQ(written([](CborWriter& cbor) { cbor.text("IV"); }), "624956");
  EXPECT_EQ(written([](CborWriter& cbor) { cbor.text("Encrypt0"); }), "68456e637279707430");
  const std::pair<size_t, const char*> heads[] = {
      {23, "57"},      {24, "5818"},      {255, "58ff"},
      {256, "590100"}, {65535, "59ffff"}, {65536, "5a00010000"},
  };
  for (const auto& [len, head] : heads) {
    const std::vector<uint8_t> bytes(len, 0x7e);
    EXPECT_EQ(written([&](CborWriter& cbor) { cbor.byte_string(bytes); }), head + to_hex(bytes));
    EXPECT_EQ(written([len = len](CborWriter& cbor) { cbor.byte_string_head(len); }), head);
  }
}

TEST(CborWriter, ArraysAndNull) {
  EXPECT_EQ(written([](CborWriter& cbor) { cbor.array(0); }), "80");
  EXPECT_EQ(written([](CborWriter& cbor) { cbor.array(5); }), "85");
  EXPECT_EQ(written([](CborWriter& cbor) { cbor.array(24); }), "9818");
  EXPECT_EQ(written([](CborWriter& cbor) { cbor.null(); }), "f6");
}

TEST(CborWriter, WhatDoesNotFitSpoilsTheWriter) {
  std::array<uint8_t, 4> space;
  Writer writer(space);
  CborWriter cbor(writer);
  cbor.text("Encrypt0");
  EXPECT_FALSE(writer.ok());
}

}  // namespace
}  // namespace osprey::cose
