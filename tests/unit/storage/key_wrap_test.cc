#include "storage/key_wrap.h"

#include <set>

#include "tests/unit/storage/records/support.h"

namespace osprey::storage {
namespace {

std::vector<uint8_t> wrapped(KeyWrap& wrap, Bytes secret, Bytes aad) {
  return written([&](Writer& out) { wrap.wrap(out, secret, aad); });
}

std::optional<std::vector<uint8_t>> unwrapped(KeyWrap& wrap, Bytes bytes, Bytes aad) {
  std::vector<uint8_t> out(bytes.size() - KeyWrap::kOverhead, 0xee);
  if (wrap.unwrap(out, bytes, aad)) return out;
  EXPECT_EQ(out, std::vector<uint8_t>(out.size())) << "what is not authentic must not be seen";
  return std::nullopt;
}

TEST(KeyWrap, EverySecretComesBack) {
  KeyWrap wrap = key_wrap();
  Random random(1);
  for (const size_t aad_len : {0, 1, 16, 300, 1000}) {
    for (size_t len = 0; len <= KeyWrap::kMaxSecretLen; ++len) {
      const auto secret = random.bytes(len);
      const auto aad = random.bytes(aad_len);
      const auto bytes = wrapped(wrap, secret, aad);
      ASSERT_EQ(bytes.size(), len + KeyWrap::kOverhead);
      ASSERT_EQ(unwrapped(wrap, bytes, aad), secret) << len;
    }
  }
}

// The bytes were made by another implementation (Python's cryptography): what one version wrapped,
// every later one must unwrap.
TEST(KeyWrap, FormatsStay) {
  Kek kek;
  uint8_t next = 0;
  for (uint8_t& byte : kek.space(kKekLen)) byte = next++;
  KeyWrap wrap(kek);
  EXPECT_EQ(to_hex(wrap.key_id()), "06abea39145896de");
  EXPECT_EQ(to_hex(wrap.digest({as_bytes("one"), Bytes(), as_bytes("three")})),
            "39172e8dd32f1cda8d5e7eb66c508cea");
  const auto bytes = *from_hex(
      "a0a1a2a3a4a5a6a7a8a9aaab"
      "1937a8aa54466dd6"
      "7a0cf11c37e829979ae394b7d7263c1f");
  EXPECT_EQ(unwrapped(wrap, bytes, as_bytes("its place")), vector_of(as_bytes("a secret")));
}

TEST(KeyWrap, OneFlippedBitAnywhereIsRefused) {
  KeyWrap wrap = key_wrap();
  auto bytes = wrapped(wrap, as_bytes("a secret"), as_bytes("its place"));
  auto aad = vector_of(as_bytes("its place"));
  for (auto* part : {&bytes, &aad}) {
    for (size_t bit = 0; bit < 8 * part->size(); ++bit) {
      (*part)[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
      EXPECT_FALSE(unwrapped(wrap, bytes, aad)) << bit;
      (*part)[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    }
  }
  EXPECT_TRUE(unwrapped(wrap, bytes, aad)) << "a refusal must not spoil the next call";
}

TEST(KeyWrap, AnotherKekIsRefused) {
  KeyWrap wrap = key_wrap(1);
  KeyWrap other = key_wrap(2);
  const auto bytes = wrapped(wrap, as_bytes("a secret"), {});
  EXPECT_FALSE(unwrapped(other, bytes, {}));
  EXPECT_NE(wrap.key_id(), other.key_id());
  EXPECT_EQ(wrap.key_id(), key_wrap(1).key_id());
}

TEST(KeyWrap, NoncesNeverRepeat) {
  std::set<std::vector<uint8_t>> nonces;
  KeyWrap one = key_wrap();
  KeyWrap other = key_wrap();  // a restart: the same KEK, and nothing else
  for (int i = 0; i < 50'000; ++i) {
    for (KeyWrap* wrap : {&one, &other}) {
      const auto bytes = wrapped(*wrap, Bytes(), {});
      ASSERT_TRUE(nonces.insert(vector_of(Bytes(bytes).first(KeyWrap::kNonceLen))).second) << i;
    }
  }
}

TEST(KeyWrap, WorksOnAfterAMove) {
  KeyWrap first = key_wrap();
  const auto bytes = wrapped(first, as_bytes("a secret"), {});
  KeyWrap second = std::move(first);
  EXPECT_TRUE(unwrapped(second, bytes, {}));
  EXPECT_TRUE(unwrapped(second, wrapped(second, as_bytes("more"), {}), {}));
}

TEST(KeyWrap, TooLittleSpaceIsSeen) {
  KeyWrap wrap = key_wrap();
  std::array<uint8_t, 8 + KeyWrap::kOverhead - 1> space;
  Writer out(space);
  wrap.wrap(out, as_bytes("a secret"), {});
  EXPECT_FALSE(out.ok());
}

TEST(KeyWrapDigest, PartsAreToldApart) {
  KeyWrap wrap = key_wrap();
  const auto one = as_bytes("one");
  const auto two = as_bytes("two");
  const std::set<KeyDigest> digests = {
      wrap.digest({}),
      wrap.digest({Bytes()}),
      wrap.digest({one}),
      wrap.digest({one, two}),
      wrap.digest({as_bytes("onetwo")}),
      wrap.digest({two, one}),
      wrap.digest({one, Bytes(), two}),
      wrap.digest({as_bytes("on"), as_bytes("etwo")}),
  };
  EXPECT_EQ(digests.size(), 8u);
  EXPECT_EQ(wrap.digest({one, two}), wrap.digest({one, two}));
}

TEST(KeyWrapDigest, DependsOnTheKek) {
  KeyWrap wrap = key_wrap(1);
  KeyWrap other = key_wrap(2);
  EXPECT_NE(wrap.digest({as_bytes("one")}), other.digest({as_bytes("one")}));
}

TEST(KeyWrapDeathTest, OtherSizesAreABug) {
  KeyWrap wrap = key_wrap();
  const std::vector<uint8_t> too_long(KeyWrap::kMaxSecretLen + 1);
  EXPECT_DEATH(wrapped(wrap, too_long, {}), "CHECK failed");
  std::vector<uint8_t> out(1);
  EXPECT_DEATH(static_cast<void>(wrap.unwrap(out, std::vector<uint8_t>(28), {})), "CHECK failed");
  EXPECT_DEATH(KeyWrap{Kek()}, "CHECK failed");
}

}  // namespace
}  // namespace osprey::storage
