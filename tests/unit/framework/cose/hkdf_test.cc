#include "framework/cose/hkdf.h"

#include <gtest/gtest.h>

#include "tests/unit/support/hex.h"

namespace osprey::cose {
namespace {

using test::hex;

std::vector<uint8_t> counting(uint8_t first, size_t len) {
  std::vector<uint8_t> bytes;
  for (size_t i = 0; i < len; ++i) bytes.push_back(static_cast<uint8_t>(first + i));
  return bytes;
}

// The inputs of RFC 5869 A.1 (and A.4, A.7 for other hashes), A.2 and A.3. Outputs for SHA-256 are
// the RFC's; those for SHA-384 and SHA-512 were computed with Python's hmac module.
struct Known {
  std::string_view algorithm;
  int input;
  std::string_view prk;
  std::string_view output;
};

constexpr Known kKnown[] = {
    {"HKDF SHA-256", 1, "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
     "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"},
    {"HKDF SHA-256", 2, "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
     "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e59"
     "0e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"},
    {"HKDF SHA-256", 3, "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
     "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"},
    {"HKDF SHA-384", 1,
     "704b39990779ce1dc548052c7dc39f303570dd13fb39f7acc564680bef80e8dec70ee9a7e1f3e293ef68eceb072a"
     "5ade",
     "9b5097a86038b805309076a44b3a9f38063e25b516dcbf369f394cfab43685f748b6457763e4f0204fc5"},
    {"HKDF SHA-384", 2,
     "b319f6831dff9314efb643baa29263b30e4a8d779fe31e9c901efd7de737c85b62e676d4dc87b0895c6a7dc97b52"
     "cebb",
     "484ca052b8cc724fd1c4ec64d57b4e818c7e25a8e0f4569ed72a6a05fe0649eebf69f8d5c832856bf4e4fbc17967"
     "d54975324a94987f7f41835817d8994fdbd6f4c09c5500dca24a56222fea53d8967a8b2e"},
    {"HKDF SHA-384", 3,
     "10e40cf072a4c5626e43dd22c1cf727d4bb140975c9ad0cbc8e45b40068f8f0ba57cdb598af9dfa6963a96899af0"
     "47e5",
     "c8c96e710f89b0d7990bca68bcdec8cf854062e54c73a7abc743fade9b242daacc1cea5670415b52849c"},
    {"HKDF SHA-512", 1,
     "665799823737ded04a88e47e54a5890bb2c3d247c7a4254a8e61350723590a26c36238127d8661b88cf80ef802d5"
     "7e2f7cebcf1e00e083848be19929c61b4237",
     "832390086cda71fb47625bb5ceb168e4c8e26a1a16ed34d9fc7fe92c1481579338da362cb8d9f925d7cb"},
    {"HKDF SHA-512", 2,
     "35672542907d4e142c00e84499e74e1de08be86535f924e022804ad775dde27ec86cd1e5b7d178c74489bdbeb307"
     "12beb82d4f97416c5a94ea81ebdf3e629e4a",
     "ce6c97192805b346e6161e821ed165673b84f400a2b514b2fe23d84cd189ddf1b695b48cbd1c8388441137b3ce28"
     "f16aa64ba33ba466b24df6cfcb021ecff235f6a2056ce3af1de44d572097a8505d9e7a93"},
    {"HKDF SHA-512", 3,
     "fd200c4987ac491313bd4a2a13287121247239e11c9ef82802044b66ef357e5b194498d0682611382348572a7b16"
     "11de54764094286320578a863f36562b0df6",
     "f5fa02b18298a72a8c23898a8703472c6eb179dc204c03425c970e3b164bf90fff22d04836d0e2343bac"},
};

struct Input {
  std::vector<uint8_t> salt, secret, info;
};

Input input(int number) {
  switch (number) {
    case 1: return {counting(0, 13), std::vector<uint8_t>(22, 0x0b), counting(0xf0, 10)};
    case 2: return {counting(0x60, 80), counting(0, 80), counting(0xb0, 80)};
    default: return {{}, std::vector<uint8_t>(22, 0x0b), {}};
  }
}

TEST(Hkdf, KnownAnswers) {
  for (const Known& known : kKnown) {
    const auto [salt, secret, info] = input(known.input);
    const HkdfAlgorithm& algorithm = *find_hkdf(known.algorithm);
    std::vector<uint8_t> prk(algorithm.hash_len);
    hkdf_extract(algorithm, prk, salt, secret);
    EXPECT_EQ(to_hex(prk), known.prk) << known.algorithm << " " << known.input;
    std::vector<uint8_t> output(known.output.size() / 2);
    hkdf(algorithm, output, salt, secret, info);
    EXPECT_EQ(to_hex(output), known.output) << known.algorithm << " " << known.input;
  }
}

TEST(Hkdf, EmptySaltIsHashLengthZeros) {
  for (const HkdfAlgorithm& algorithm : hkdf_algorithms()) {
    const std::vector<uint8_t> secret = counting(1, 16);
    const std::vector<uint8_t> zeros(algorithm.hash_len, 0);
    std::vector<uint8_t> without(16), with(16);
    hkdf(algorithm, without, {}, secret, {});
    hkdf(algorithm, with, zeros, secret, {});
    EXPECT_EQ(without, with);
  }
}

// The last 16 bytes of the longest output, computed with Python's hmac module.
TEST(Hkdf, LongestOutputIs255Blocks) {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"HKDF SHA-256", "4d48a6d1b981d7e523d5c0f22154ee88"},
      {"HKDF SHA-384", "71e079bb1ef9867117de2b2b16cb4a4e"},
      {"HKDF SHA-512", "cc54a28763012fec34d40b7c12ee8560"},
  };
  const auto [salt, secret, info] = input(1);
  for (const auto& [name, tail] : rows) {
    const HkdfAlgorithm& algorithm = *find_hkdf(name);
    std::vector<uint8_t> output(size_t{255} * algorithm.hash_len);
    hkdf(algorithm, output, salt, secret, info);
    EXPECT_EQ(to_hex(Bytes(output).last(16)), tail);
  }
}

TEST(HkdfDeathTest, MoreThan255BlocksIsABug) {
  std::vector<uint8_t> output(255 * 32 + 1);
  EXPECT_DEATH(hkdf(*find_hkdf("HKDF SHA-256"), output, {}, hex("00"), {}), "CHECK failed");
}

}  // namespace
}  // namespace osprey::cose
