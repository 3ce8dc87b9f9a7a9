#include "framework/oscore/derive.h"

#include <gtest/gtest.h>

#include "tests/unit/support/hex.h"

namespace osprey::oscore {
namespace {

using test::hex;

class DeriveTest : public ::testing::Test {
 protected:
  MasterInput input() const {
    MasterInput input;
    input.aead = cose::find_aead(10);
    input.hkdf = cose::find_hkdf("HKDF SHA-256");
    input.master_secret = secret_;
    input.master_salt = salt_;
    return input;
  }
  static std::vector<uint8_t> key(const MasterInput& input, Bytes id) {
    std::vector<uint8_t> key(input.aead->key_len);
    derive_key(key, input, id);
    return key;
  }

  const std::vector<uint8_t> secret_ = hex("0102030405060708090a0b0c0d0e0f10");
  const std::vector<uint8_t> salt_ = hex("9e7ca92223786340");
};

std::string info(const MasterInput& input, Bytes id, std::string_view type, size_t len) {
  std::vector<uint8_t> space(400);
  Writer writer(space);
  write_info(writer, input, id, type, len);
  EXPECT_TRUE(writer.ok());
  return to_hex(writer.written());
}

TEST_F(DeriveTest, InfoTellsAbsentFromEmptyIdContext) {
  MasterInput master = input();
  EXPECT_EQ(info(master, {}, "Key", 16), "8540f60a634b657910");
  master.id_context = Bytes();
  EXPECT_EQ(info(master, {}, "Key", 16), "8540400a634b657910");
  EXPECT_NE(key(input(), {}), key(master, {}));
}

TEST_F(DeriveTest, InfoOfTheLongestInputs) {
  MasterInput master = input();
  master.aead = cose::find_aead(33);
  const std::vector<uint8_t> id_context(255, 0x77), id(7, 0x01);
  master.id_context = id_context;
  EXPECT_EQ(info(master, id, "Key", 32),
            "8547" + to_hex(id) + "58ff" + to_hex(id_context) + "1821" + "634b6579" + "1820");
  EXPECT_EQ(key(master, id).size(), 32u);
}

TEST_F(DeriveTest, EveryInputChangesTheKey) {
  std::vector<std::vector<uint8_t>> keys;
  keys.push_back(key(input(), {}));
  keys.push_back(key(input(), hex("00")));
  MasterInput other = input();
  other.aead = cose::find_aead(12);  // as long a key, another algorithm
  keys.push_back(key(other, {}));
  other = input();
  other.hkdf = cose::find_hkdf("HKDF SHA-512");
  keys.push_back(key(other, {}));
  other = input();
  other.master_salt = {};
  keys.push_back(key(other, {}));
  const auto other_secret = hex("0102030405060708090a0b0c0d0e0f11");
  other = input();
  other.master_secret = other_secret;
  keys.push_back(key(other, {}));
  for (size_t i = 0; i < keys.size(); ++i) {
    for (size_t j = 0; j < i; ++j) EXPECT_NE(keys[i], keys[j]) << i << " and " << j;
  }
}

TEST_F(DeriveTest, AnOutputOfAnotherLengthIsABug) {
  std::vector<uint8_t> wrong(15);
  const MasterInput master = input();
  EXPECT_DEATH(derive_key(wrong, master, {}), "CHECK failed");
  EXPECT_DEATH(derive_common_iv(wrong, master), "CHECK failed");
}

}  // namespace
}  // namespace osprey::oscore
