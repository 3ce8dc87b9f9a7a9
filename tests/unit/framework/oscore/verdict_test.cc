#include "framework/oscore/verdict.h"

#include <set>

#include <gtest/gtest.h>

namespace osprey::oscore {
namespace {

using coap::Code;

TEST(Verdict, EachHasACounterNameOfItsOwnAndAMeaning) {
  std::set<std::string_view> names;
  for (size_t i = 0; i < kNumVerdicts; ++i) {
    const VerdictInfo& row = info(static_cast<Verdict>(i));
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_FALSE(row.meaning.empty()) << row.name;
    EXPECT_EQ(row.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"), std::string_view::npos);
  }
}

TEST(Verdict, OnlyAPlainAnswerHasACodeAndItIsAnError) {
  for (size_t i = 0; i < kNumVerdicts; ++i) {
    const VerdictInfo& row = info(static_cast<Verdict>(i));
    if (row.answer == AnswerKind::kPlain || row.answer == AnswerKind::kPlainToCon) {
      EXPECT_GE(coap::code_class(row.code), 4) << row.name;
      EXPECT_FALSE(row.diagnostic.empty()) << row.name;
    } else {
      EXPECT_EQ(row.code, Code::kEmpty) << row.name;
    }
  }
}

// RFC 8613 §8.2: the answers to what does not verify, with the texts the RFC gives.
TEST(Verdict, OscoreFailuresHaveTheAnswersOfTheRfc) {
  const std::tuple<Verdict, Code, std::string_view> rows[] = {
      {Verdict::kBadOscoreOption, Code::kBadOption, "Failed to decode COSE"},
      {Verdict::kNoContext, Code::kUnauthorized, "Security context not found"},
      {Verdict::kReplay, Code::kUnauthorized, "Replay detected"},
      {Verdict::kBadTag, Code::kBadRequest, "Decryption failed"},
  };
  for (const auto& [verdict, code, text] : rows) {
    EXPECT_EQ(info(verdict).answer, AnswerKind::kPlain);
    EXPECT_EQ(info(verdict).code, code);
    EXPECT_EQ(info(verdict).diagnostic, text);
  }
}

TEST(Verdict, OutOfNumbersIsServiceUnavailable) {
  EXPECT_EQ(info(Verdict::kNoSequenceNumber).code, Code::kServiceUnavailable);
}

}  // namespace
}  // namespace osprey::oscore
