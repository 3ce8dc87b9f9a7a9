#include "framework/base/secret.h"

#include <memory>
#include <new>
#include <type_traits>

#include <gtest/gtest.h>

namespace osprey {
namespace {

using Secret8 = Secret<8>;

static_assert(!std::is_copy_constructible_v<Secret8>, "no copy by accident");
static_assert(!std::is_copy_assignable_v<Secret8>, "no copy by accident");

const std::vector<uint8_t> kKey = {0xa1, 0xa2, 0xa3, 0xa4, 0xa5};

// Not inline: the compiler must not reason about memory whose object is gone.
[[gnu::noinline]] bool contains(Bytes memory, Bytes bytes) {
  return std::search(memory.begin(), memory.end(), bytes.begin(), bytes.end()) != memory.end();
}

// All memory of an object, whatever the type thinks is in use.
template <typename T>
bool holds(const T& object, Bytes bytes) {
  return contains({reinterpret_cast<const uint8_t*>(&object), sizeof(T)}, bytes);
}

TEST(Secret, RevealsWhatItWasGiven) {
  const Secret8 secret{Bytes(kKey)};
  EXPECT_TRUE(equal(secret.reveal(), kKey));
  EXPECT_EQ(secret.size(), kKey.size());
  EXPECT_EQ(Secret8().size(), 0u);
}

TEST(Secret, MovedFromIsZeroised) {
  Secret8 from{Bytes(kKey)};
  ASSERT_TRUE(holds(from, kKey));
  const Secret8 to = std::move(from);
  EXPECT_TRUE(equal(to.reveal(), kKey));
  EXPECT_FALSE(holds(from, Bytes(kKey).first(1)));  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(from.size(), 0u);
}

TEST(Secret, MoveAssignedFromIsZeroisedAndTheOldSecretIsGone) {
  const std::vector<uint8_t> old_key = {0xb1, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7, 0xb8};
  Secret8 from{Bytes(kKey)};
  Secret8 to{Bytes(old_key)};
  to = std::move(from);
  EXPECT_TRUE(equal(to.reveal(), kKey));
  EXPECT_FALSE(holds(from, Bytes(kKey).first(1)));  // NOLINT(bugprone-use-after-move)
  for (const uint8_t& byte : old_key) EXPECT_FALSE(holds(to, Bytes(&byte, 1)));
}

TEST(Secret, MoveAssignedToItselfKeepsItsBytes) {
  Secret8 secret{Bytes(kKey)};
  Secret8& same = secret;
  secret = std::move(same);
  EXPECT_TRUE(equal(secret.reveal(), kKey));
}

// Goal: nothing stays in freed memory. Method: destroy in place, then look at the memory.
TEST(Secret, DestroyedIsZeroised) {
  alignas(Secret8) uint8_t memory[sizeof(Secret8)] = {};
  auto* secret = new (memory) Secret8{Bytes(kKey)};
  secret->~Secret8();
  EXPECT_FALSE(contains(memory, kKey));
}

TEST(Secret, DuplicateIsASecondCopy) {
  const Secret8 secret{Bytes(kKey)};
  const Secret8 second = secret.duplicate();
  EXPECT_TRUE(equal(secret.reveal(), second.reveal()));
  EXPECT_NE(secret.reveal().data(), second.reveal().data());
}

TEST(Secret, SpaceIsWrittenInPlace) {
  Secret8 secret;
  std::copy(kKey.begin(), kKey.end(), secret.space(kKey.size()).begin());
  EXPECT_TRUE(equal(secret.reveal(), kKey));
}

TEST(SecretDeathTest, MoreThanItHoldsIsABug) {
  const std::vector<uint8_t> nine(9);
  EXPECT_DEATH(Secret8{Bytes(nine)}, "CHECK failed");
  EXPECT_DEATH(Secret8().space(9), "CHECK failed");
}

TEST(Zeroise, TakesNothingAsWell) {
  zeroise({});
  std::vector<uint8_t> bytes = kKey;
  zeroise(bytes);
  EXPECT_EQ(bytes, std::vector<uint8_t>(kKey.size(), 0));
}

}  // namespace
}  // namespace osprey
