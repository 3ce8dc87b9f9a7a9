#include "framework/base/writer.h"

#include <array>

#include <gtest/gtest.h>

namespace osprey {
namespace {

TEST(Writer, WritesBigEndianInOrder) {
  std::array<uint8_t, 16> space;
  Writer writer(space);
  writer.u8(0x01);
  writer.u16(0x0203);
  writer.bytes(std::vector<uint8_t>{0x04, 0x05});
  writer.uint(0x060708, 3);
  EXPECT_TRUE(writer.ok());
  EXPECT_EQ(to_hex(writer.written()), "0102030405060708");
}

TEST(Writer, UintTakesZeroToEightBytes) {
  std::array<uint8_t, 16> space;
  Writer writer(space);
  writer.uint(0x11, 0);
  writer.uint(0x22, 1);
  writer.uint(0x0123456789abcdef, 8);
  writer.uint(1, 4);
  EXPECT_EQ(to_hex(writer.written()), "220123456789abcdef00000001");
}

TEST(Writer, FillsItsSpaceToTheLastByte) {
  std::array<uint8_t, 3> space;
  Writer writer(space);
  writer.u16(0xaabb);
  writer.u8(0xcc);
  EXPECT_TRUE(writer.ok());
  EXPECT_EQ(writer.size(), 3u);
}

// Goal: a run of writes is checked once, at its end; memory behind the space is never touched.
// Method: for each kind of write, a space one byte too small with a guard byte behind it.
TEST(Writer, WhatDoesNotFitIsNotWrittenAndNothingFollowsIt) {
  using Write = void (*)(Writer&);
  const Write writes[] = {
      [](Writer& writer) { writer.u8(0xff); },
      [](Writer& writer) { writer.u16(0xffff); },
      [](Writer& writer) {
        writer.bytes(std::vector<uint8_t>{0xff, 0xff});
      },
      [](Writer& writer) { writer.uint(0xffffff, 3); },
  };
  const size_t lens[] = {1, 2, 2, 3};
  for (size_t i = 0; i < std::size(writes); ++i) {
    std::array<uint8_t, 8> memory{};
    Writer writer(MutableBytes(memory).first(lens[i] - 1));
    writes[i](writer);
    EXPECT_FALSE(writer.ok()) << i;
    EXPECT_EQ(writer.size(), 0u) << i;
    writer.u8(0xee);  // would fit in most of them
    EXPECT_FALSE(writer.ok()) << i;
    EXPECT_EQ(writer.size(), 0u) << i;
    EXPECT_EQ(memory, (std::array<uint8_t, 8>{})) << i;
  }
}

TEST(Writer, NoBytesFitAnywhere) {
  Writer writer{MutableBytes()};
  writer.bytes({});
  writer.uint(0, 0);
  EXPECT_TRUE(writer.ok());
  EXPECT_TRUE(writer.written().empty());
  writer.u8(0);
  EXPECT_FALSE(writer.ok());
}

TEST(UintLen, CountsBytesWithoutLeadingZeros) {
  const std::pair<uint64_t, size_t> rows[] = {
      {0, 0},          {1, 1},           {0xff, 1},         {0x100, 2},
      {0xffff, 2},     {0x10000, 3},     {0xffffff, 3},     {0x1000000, 4},
      {0xffffffff, 4}, {0x100000000, 5}, {0xffffffffff, 5}, {UINT64_MAX, 8},
  };
  for (const auto& [value, len] : rows) EXPECT_EQ(uint_len(value), len) << value;
}

}  // namespace
}  // namespace osprey
