#include "framework/base/hash.h"

#include <set>

#include <gtest/gtest.h>

namespace osprey {
namespace {

TEST(Hash, SameKeyAndBytesGiveTheSameHash) {
  const std::vector<uint8_t> bytes = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  EXPECT_EQ(hash_bytes(7, bytes), hash_bytes(7, std::vector<uint8_t>(bytes)));
}

// Whoever provisions contexts cannot choose IDs that collide, as he does not know the key.
TEST(Hash, AnotherKeyGivesAnotherHash) {
  EXPECT_NE(hash_bytes(1, as_bytes("kid")), hash_bytes(2, as_bytes("kid")));
}

TEST(Hash, LengthCounts) {
  std::set<uint64_t> hashes;
  const std::vector<uint8_t> zeros(40, 0);
  for (size_t len = 0; len <= zeros.size(); ++len) {
    hashes.insert(hash_bytes(3, Bytes(zeros).first(len)));
  }
  EXPECT_EQ(hashes.size(), zeros.size() + 1);
}

// Goal: the low bits, which a table indexes by, spread. Method: consecutive IDs of two bytes into
// as many slots; random placement would fill 1 - 1/e of them.
TEST(Hash, ConsecutiveIdsSpreadOverTheLowBits) {
  constexpr size_t kSlots = 65536;
  std::set<uint64_t> used;
  for (uint32_t id = 0; id < kSlots; ++id) {
    const uint8_t bytes[2] = {static_cast<uint8_t>(id >> 8), static_cast<uint8_t>(id)};
    used.insert(hash_bytes(99, bytes) % kSlots);
  }
  EXPECT_GT(used.size(), kSlots * 60 / 100);
  EXPECT_LT(used.size(), kSlots * 66 / 100);
}

}  // namespace
}  // namespace osprey
