#include "framework/server/block.h"

#include <gtest/gtest.h>

#include "tests/unit/support/vectors.h"

namespace osprey {
namespace {

using test::hex;

struct Row {
  const char* value;
  uint32_t number;
  bool more;
  uint8_t size_exponent;
  size_t size;
  size_t offset;
};

TEST(Block, DecodesNumberMoreAndSize) {
  const Row rows[] = {
      {"", 0, false, 0, 16, 0},
      {"06", 0, false, 6, 1024, 0},
      {"0e", 0, true, 6, 1024, 0},
      {"10", 1, false, 0, 16, 16},
      {"22", 2, false, 2, 64, 128},
      {"f6", 15, false, 6, 1024, 15360},
      {"0106", 16, false, 6, 1024, 16384},
      {"fffff6", 0xfffff, false, 6, 1024, size_t{0xfffff} * 1024},
      {"fffffe", 0xfffff, true, 6, 1024, size_t{0xfffff} * 1024},
      {"000006", 0, false, 6, 1024, 0},  // leading zeros (RFC 7252 §3.2)
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.value);
    const auto block = Block::decode(hex(row.value));
    ASSERT_TRUE(block.has_value());
    EXPECT_EQ(block->number, row.number);
    EXPECT_EQ(block->more, row.more);
    EXPECT_EQ(block->size_exponent, row.size_exponent);
    EXPECT_EQ(block->size(), row.size);
    EXPECT_EQ(block->offset(), row.offset);
    EXPECT_EQ(block->encode(), read_uint(hex(row.value)));
  }
}

TEST(Block, RefusesTheReservedSizeAndFourBytes) {
  for (const char* value : {"07", "0f", "17", "ffffff", "00000006"}) {
    EXPECT_FALSE(Block::decode(hex(value)).has_value()) << value;
  }
}

}  // namespace
}  // namespace osprey
