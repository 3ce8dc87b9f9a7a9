#include "dataplane/frames/checksum.h"

#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace osprey {
namespace {

// RFC 1071 as it is written: 16 bits at a time.
uint16_t one_word_at_a_time(const std::vector<uint8_t>& bytes) {
  uint32_t sum = 0;
  for (size_t i = 0; i < bytes.size(); i += 2) {
    sum += static_cast<uint32_t>(bytes[i] << 8 | (i + 1 < bytes.size() ? bytes[i + 1] : 0));
  }
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(~sum);
}

TEST(Checksum, IsThatOfTheRfc) {
  // RFC 1071 §3: the sum of these is ddf2.
  const std::vector<uint8_t> bytes = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
  EXPECT_EQ(internet_checksum(bytes), static_cast<uint16_t>(~0xddf2));
  EXPECT_EQ(internet_checksum({}), 0xffff);
}

TEST(Checksum, IsWhatOneWordAtATimeGives) {
  std::mt19937_64 random(1);
  for (size_t len = 0; len < 1500; ++len) {
    std::vector<uint8_t> bytes(len);
    for (uint8_t& byte : bytes) byte = len % 3 == 0 ? 0xff : static_cast<uint8_t>(random());
    ASSERT_EQ(internet_checksum(bytes), one_word_at_a_time(bytes)) << len;
    Checksum in_pieces;
    const size_t cut = len / 4 * 2;
    in_pieces.add(Bytes(bytes).first(cut));
    in_pieces.add(Bytes(bytes).subspan(cut));
    ASSERT_EQ(in_pieces.finish(), one_word_at_a_time(bytes)) << len;
  }
}

TEST(Checksum, NumbersAreInNetworkOrder) {
  Checksum sum;
  sum.add_number(0x1234);
  EXPECT_EQ(sum.finish(), static_cast<uint16_t>(~0x1234));
}

}  // namespace
}  // namespace osprey
