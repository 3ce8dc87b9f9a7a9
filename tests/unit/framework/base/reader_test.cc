#include "framework/base/reader.h"

#include <gtest/gtest.h>

namespace osprey {
namespace {

const std::vector<uint8_t> kFive = {0x01, 0x02, 0x03, 0xff, 0x05};

TEST(Reader, ReadsBigEndianInOrder) {
  Reader reader(kFive);
  EXPECT_EQ(reader.u8(), 0x01);
  EXPECT_EQ(reader.u16(), 0x0203);
  EXPECT_EQ(reader.remaining(), 2u);
  EXPECT_EQ(reader.u16(), 0xff05);
  EXPECT_TRUE(reader.empty());
}

TEST(Reader, WhatIsNotAllThereLeavesTheReaderWhereItWas) {
  Reader reader(kFive);
  ASSERT_TRUE(reader.take(4).has_value());
  EXPECT_FALSE(reader.u16().has_value());
  EXPECT_FALSE(reader.take(2).has_value());
  EXPECT_FALSE(reader.take(SIZE_MAX).has_value());
  EXPECT_EQ(reader.remaining(), 1u);
  EXPECT_EQ(reader.u8(), 0x05);
}

TEST(Reader, UintTakesExactlyItsLength) {
  Reader reader(kFive);
  EXPECT_EQ(reader.uint(0), 0u);
  EXPECT_EQ(reader.uint(3), 0x010203u);
  EXPECT_FALSE(reader.uint(3).has_value());
  EXPECT_EQ(reader.remaining(), 2u);
  EXPECT_EQ(reader.uint(2), 0xff05u);
  EXPECT_TRUE(reader.empty());
  const std::vector<uint8_t> full(8, 0xff);
  EXPECT_EQ(Reader(full).uint(8), UINT64_MAX);
}

TEST(Reader, NothingComesFromNothing) {
  Reader reader{Bytes()};
  EXPECT_TRUE(reader.empty());
  EXPECT_FALSE(reader.peek_u8().has_value());
  EXPECT_FALSE(reader.u8().has_value());
  EXPECT_FALSE(reader.u16().has_value());
  EXPECT_FALSE(reader.uint(1).has_value());
  EXPECT_FALSE(reader.take(1).has_value());
  ASSERT_TRUE(reader.take(0).has_value());
  EXPECT_TRUE(reader.take_rest().empty());
}

TEST(Reader, PeekDoesNotMove) {
  Reader reader(kFive);
  EXPECT_EQ(reader.peek_u8(), 0x01);
  EXPECT_EQ(reader.remaining(), 5u);
}

TEST(Reader, TakenSpansBorrowTheInput) {
  Reader reader(kFive);
  EXPECT_EQ(reader.take(2)->data(), kFive.data());
  EXPECT_EQ(reader.rest().data(), kFive.data() + 2);
  const Bytes rest = reader.take_rest();
  EXPECT_EQ(rest.data(), kFive.data() + 2);
  EXPECT_EQ(rest.size(), 3u);
  EXPECT_TRUE(reader.empty());
}

TEST(ReadUint, TakesZeroToEightBytesWithLeadingZeros) {
  const std::vector<uint8_t> full(8, 0xff);
  EXPECT_EQ(read_uint({}), 0u);
  EXPECT_EQ(read_uint(std::vector<uint8_t>{0x00}), 0u);
  EXPECT_EQ(read_uint(std::vector<uint8_t>{0x00, 0x00, 0x2a}), 42u);
  EXPECT_EQ(read_uint(std::vector<uint8_t>{0x01, 0x00}), 256u);
  EXPECT_EQ(read_uint(full), UINT64_MAX);
}

}  // namespace
}  // namespace osprey
