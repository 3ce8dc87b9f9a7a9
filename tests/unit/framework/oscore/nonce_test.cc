#include "framework/oscore/nonce.h"

#include <set>

#include <gtest/gtest.h>

#include "tests/unit/support/hex.h"

namespace osprey::oscore {
namespace {

using test::hex;

TEST(PartialIv, HasNoLeadingZerosAndZeroIsOneByte) {
  const std::pair<uint64_t, const char*> rows[] = {
      {0, "00"},
      {1, "01"},
      {20, "14"},
      {255, "ff"},
      {256, "0100"},
      {65535, "ffff"},
      {65536, "010000"},
      {0xffffffff, "ffffffff"},
      {0x100000000, "0100000000"},
      {kMaxSequenceNumber, "ffffffffff"},
  };
  for (const auto& [number, expected] : rows) {
    EXPECT_EQ(to_hex(encode_partial_iv(number).view()), expected);
  }
}

TEST(PartialIvDeathTest, MoreThan40BitsAreABug) {
  EXPECT_DEATH(encode_partial_iv(kMaxSequenceNumber + 1), "CHECK failed");
}

// RFC 8613 §5.2 by hand: length of the ID, ID padded to N-6, Partial IV padded to 5, XOR.
TEST(Nonce, IsLengthIdAndPartialIvXorCommonIv) {
  const std::tuple<const char*, const char*, const char*, const char*> rows[] = {
      {"", "14", "4622d4dd6d944168eefb54987c", "4622d4dd6d944168eefb549868"},    // C.4
      {"01", "00", "4622d4dd6d944168eefb54987c", "4722d4dd6d944169eefb54987c"},  // C.8
      {"a1a2a3a4a5a6a7", "0102030405", "00000000000000000000000000", "07a1a2a3a4a5a6a70102030405"},
      {"a1", "05", "000000000000000000000000",
       "01"
       "0000000000a1"
       "0000000005"},
      {"a1a2a3a4a5a6", "ffffffffff", "ffffffffffffffffffffffff", "f95e5d5c5b5a590000000000"},
      {"07", "ff", "d078941c4eeb00", "d17f941c4eebff"},
      {"", "00", "d078941c4eeb00", "d078941c4eeb00"},
  };
  for (const auto& [id, partial_iv, common_iv, expected] : rows) {
    const NonceBase base(hex(id), hex(common_iv));
    EXPECT_EQ(to_hex(base.nonce(hex(partial_iv)).view()), expected) << id;
  }
}

// Goal: (ID, number) -> nonce is one to one (I1). Method: all IDs of up to one byte and numbers
// around the steps of the encoding.
TEST(Nonce, NoTwoIdsOrNumbersShareANonce) {
  const auto common_iv = hex("be35ae297d2dace910c52e99f9");
  std::vector<uint64_t> numbers;
  for (uint64_t number = 0; number < 300; ++number) numbers.push_back(number);
  for (int bits = 9; bits <= 40; ++bits) {
    numbers.push_back((uint64_t{1} << bits) - 1);
    if (bits < 40) numbers.push_back(uint64_t{1} << bits);
  }
  std::set<std::string> nonces;
  size_t num_nonces = 0;
  for (int id = -1; id < 256; ++id) {
    std::vector<uint8_t> bytes;
    if (id >= 0) bytes.push_back(static_cast<uint8_t>(id));
    const NonceBase base(bytes, common_iv);
    for (const uint64_t number : std::set(numbers.begin(), numbers.end())) {
      nonces.insert(to_hex(base.nonce(encode_partial_iv(number).view()).view()));
      ++num_nonces;
    }
  }
  EXPECT_EQ(nonces.size(), num_nonces);
}

TEST(NonceDeathTest, AnIdWithoutRoomIsABug) {
  EXPECT_DEATH(NonceBase(hex("0102"), hex("d078941c4eeb00")), "CHECK failed");
}

}  // namespace
}  // namespace osprey::oscore
