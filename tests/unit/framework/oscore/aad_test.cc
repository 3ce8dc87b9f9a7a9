#include "framework/oscore/aad.h"

#include <gtest/gtest.h>

#include "tests/unit/support/hex.h"

namespace osprey::oscore {
namespace {

using test::hex;

// Goal: the AAD is ["Encrypt0", h'', bstr(aad_array)] with shortest heads for every length that
// can occur. Method: the array alone wrapped by hand; sizes as RFC 8613 §5.4 gives them.
TEST(Aad, WrapsTheArrayForEveryLengthOfKidAndPartialIv) {
  for (const cose::AeadAlgorithm& algorithm : cose::aead_algorithms()) {
    for (size_t kid_len = 0; kid_len <= algorithm.max_id_len(); ++kid_len) {
      for (size_t piv_len = 1; piv_len <= kMaxPartialIvLen; ++piv_len) {
        const std::vector<uint8_t> kid(kid_len, 0xab), piv(piv_len, 0xcd);
        std::array<uint8_t, 32> space;
        Writer array(space);
        write_external_aad(array, algorithm, kid, piv);
        ASSERT_TRUE(array.ok());
        EXPECT_EQ(array.size(), 7 + (algorithm.number >= 24 ? 1 : 0) + kid_len + piv_len);

        AadBuffer buffer;
        const Bytes aad = write_aad(buffer, algorithm, kid, piv);
        const char head[] = {static_cast<char>(0x40 + array.size()), 0};
        EXPECT_EQ(to_hex(aad),
                  "8368456e63727970743040" + to_hex(as_bytes(head)) + to_hex(array.written()));
      }
    }
  }
}

TEST(Aad, LongestFillsItsBuffer) {
  AadBuffer buffer;
  const std::vector<uint8_t> kid(7, 1), piv(5, 2);
  EXPECT_EQ(write_aad(buffer, *cose::find_aead(30), kid, piv).size(), kMaxAadLen);
}

TEST(Aad, AlgorithmsAbove23TakeTwoBytes) {
  std::array<uint8_t, 32> space;
  Writer writer(space);
  write_external_aad(writer, *cose::find_aead(24), hex("25"), hex("05"));
  EXPECT_EQ(to_hex(writer.written()),
            "8501811818"
            "4125"
            "4105"
            "40");
}

}  // namespace
}  // namespace osprey::oscore
