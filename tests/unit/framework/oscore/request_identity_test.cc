#include "framework/oscore/request_identity.h"

#include <type_traits>

#include <gtest/gtest.h>

#include "tests/unit/support/hex.h"

namespace osprey::oscore {
namespace {

using test::hex;

static_assert(!std::is_copy_constructible_v<RequestIdentity>, "a copy could take the nonce again");
static_assert(!std::is_copy_assignable_v<RequestIdentity>, "a copy could take the nonce again");

RequestIdentity identity(NonceReuse reuse) {
  return RequestIdentity(hex("25"), hex("05"), Nonce(hex("00112233445566778899aabbcc")), reuse);
}

TEST(RequestIdentity, NonceCanBeTakenOnce) {
  RequestIdentity request = identity(NonceReuse::kOnce);
  const auto nonce = request.take_nonce();
  ASSERT_TRUE(nonce.has_value());
  EXPECT_EQ(to_hex(nonce->view()), "00112233445566778899aabbcc");
  EXPECT_FALSE(request.take_nonce().has_value());
  EXPECT_FALSE(request.take_nonce().has_value());
}

TEST(RequestIdentity, NonceOfAPossibleReplayCannotBeTaken) {
  RequestIdentity request = identity(NonceReuse::kNever);
  EXPECT_FALSE(request.take_nonce().has_value());
}

TEST(RequestIdentity, AMoveTakesTheRightAlong) {
  RequestIdentity first = identity(NonceReuse::kOnce);
  RequestIdentity second = std::move(first);
  EXPECT_FALSE(first.take_nonce().has_value());  // NOLINT(bugprone-use-after-move)
  RequestIdentity third;
  EXPECT_FALSE(third.take_nonce().has_value());
  third = std::move(second);
  EXPECT_FALSE(second.take_nonce().has_value());  // NOLINT(bugprone-use-after-move)
  EXPECT_TRUE(third.take_nonce().has_value());
  EXPECT_FALSE(third.take_nonce().has_value());
}

TEST(RequestIdentity, AMoveAfterTheNonceWasTakenDoesNotGiveItBack) {
  RequestIdentity first = identity(NonceReuse::kOnce);
  ASSERT_TRUE(first.take_nonce().has_value());
  RequestIdentity second = std::move(first);
  EXPECT_FALSE(second.take_nonce().has_value());
}

TEST(RequestIdentity, AMoveToItselfKeepsTheRight) {
  RequestIdentity request = identity(NonceReuse::kOnce);
  RequestIdentity& same = request;
  request = std::move(same);
  EXPECT_TRUE(request.take_nonce().has_value());
  EXPECT_FALSE(request.take_nonce().has_value());
}

TEST(RequestIdentity, WhatGoesIntoTheAadStays) {
  RequestIdentity request = identity(NonceReuse::kOnce);
  ASSERT_TRUE(request.take_nonce().has_value());
  EXPECT_EQ(to_hex(request.kid()), "25");
  EXPECT_EQ(to_hex(request.partial_iv()), "05");
  EXPECT_EQ(to_hex(request.nonce_to_verify().view()), "00112233445566778899aabbcc");
}

}  // namespace
}  // namespace osprey::oscore
