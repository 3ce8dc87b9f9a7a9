#include "framework/cose/algorithm.h"

#include <gtest/gtest.h>

namespace osprey::cose {
namespace {

// RFC 9053 §4: {number, name, key, nonce, tag}; the longest ID is nonce - 6 (RFC 8613 §3.3).
struct Row {
  int32_t number;
  std::string_view name;
  size_t key_len;
  size_t nonce_len;
  size_t tag_len;
  size_t max_id_len;
};

constexpr Row kRows[] = {
    {1, "A128GCM", 16, 12, 16, 6},
    {2, "A192GCM", 24, 12, 16, 6},
    {3, "A256GCM", 32, 12, 16, 6},
    {10, "AES-CCM-16-64-128", 16, 13, 8, 7},
    {11, "AES-CCM-16-64-256", 32, 13, 8, 7},
    {12, "AES-CCM-64-64-128", 16, 7, 8, 1},
    {13, "AES-CCM-64-64-256", 32, 7, 8, 1},
    {24, "ChaCha20/Poly1305", 32, 12, 16, 6},
    {30, "AES-CCM-16-128-128", 16, 13, 16, 7},
    {31, "AES-CCM-16-128-256", 32, 13, 16, 7},
    {32, "AES-CCM-64-128-128", 16, 7, 16, 1},
    {33, "AES-CCM-64-128-256", 32, 7, 16, 1},
};

TEST(Aead, RegistryIsThatOfCose) {
  ASSERT_EQ(aead_algorithms().size(), std::size(kRows));
  for (const Row& row : kRows) {
    const AeadAlgorithm* algorithm = find_aead(row.number);
    ASSERT_NE(algorithm, nullptr) << row.name;
    EXPECT_EQ(algorithm, find_aead(row.name));
    EXPECT_EQ(algorithm->number, row.number);
    EXPECT_EQ(algorithm->name, row.name);
    EXPECT_EQ(algorithm->key_len, row.key_len) << row.name;
    EXPECT_EQ(algorithm->nonce_len, row.nonce_len) << row.name;
    EXPECT_EQ(algorithm->tag_len, row.tag_len) << row.name;
    EXPECT_EQ(algorithm->max_id_len(), row.max_id_len) << row.name;
    EXPECT_LE(algorithm->key_len, kMaxKeyLen);
    EXPECT_LE(algorithm->nonce_len, kMaxNonceLen);
    EXPECT_LE(algorithm->tag_len, kMaxTagLen);
  }
}

TEST(Aead, UnknownIsNotFound) {
  for (const int32_t number : {0, 4, -1, 14, 34, -65534, 266}) {
    EXPECT_EQ(find_aead(number), nullptr) << number;
  }
  for (const std::string_view name : {"", "A128GC", "a128gcm", "AES-CCM", "A128CTR"}) {
    EXPECT_EQ(find_aead(name), nullptr) << name;
  }
}

TEST(Hkdf, ThreeHashes) {
  ASSERT_EQ(hkdf_algorithms().size(), 3u);
  EXPECT_EQ(find_hkdf("HKDF SHA-256")->hash_len, 32);
  EXPECT_EQ(find_hkdf("HKDF SHA-384")->hash_len, 48);
  EXPECT_EQ(find_hkdf("HKDF SHA-512")->hash_len, 64);
  EXPECT_EQ(find_hkdf("SHA-256"), nullptr);
  EXPECT_EQ(find_hkdf(""), nullptr);
}

}  // namespace
}  // namespace osprey::cose
