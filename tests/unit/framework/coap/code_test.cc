#include "framework/coap/code.h"

#include <gtest/gtest.h>

namespace osprey::coap {
namespace {

// RFC 7252 §12.1: every code belongs to one class, and only these classes mean something.
TEST(Code, EveryCodeIsRequestResponseEmptyOrReserved) {
  for (int number = 0; number < 256; ++number) {
    const auto code = static_cast<Code>(number);
    const int code_class = number / 32;
    EXPECT_EQ(osprey::coap::code_class(code), code_class);
    EXPECT_EQ(code_detail(code), number % 32);
    EXPECT_EQ(is_request(code), code_class == 0 && number != 0) << number;
    EXPECT_EQ(is_response(code), code_class >= 2 && code_class <= 5) << number;
    EXPECT_EQ(is_success(code), code_class == 2) << number;
  }
}

TEST(Code, TextIsClassDotTwoDigits) {
  const std::pair<Code, const char*> rows[] = {
      {Code::kEmpty, "0.00"},
      {Code::kGet, "0.01"},
      {Code::kContent, "2.05"},
      {Code::kContinue, "2.31"},
      {Code::kBadOption, "4.02"},
      {Code::kUnprocessableEntity, "4.22"},
      {static_cast<Code>(0xff), "7.31"},
      {Code::kHopLimitReached, "5.08"},
  };
  for (const auto& [code, text] : rows) EXPECT_EQ(code_text(code), text);
}

TEST(Code, NamesWhatHasAName) {
  EXPECT_EQ(code_text_with_name(Code::kContent), "2.05 Content");
  EXPECT_EQ(code_text_with_name(Code::kUnauthorized), "4.01 Unauthorized");
  EXPECT_EQ(code_text_with_name(Code::kFetch), "0.05 FETCH");
  EXPECT_EQ(code_text_with_name(static_cast<Code>(0xff)), "7.31");
  EXPECT_EQ(code_text_with_name(static_cast<Code>(0x60)), "3.00");
}

TEST(Code, MethodNamesAreThoseOfRequests) {
  const std::string_view names[] = {"GET", "POST", "PUT", "DELETE", "FETCH", "PATCH", "iPATCH"};
  for (size_t i = 0; i < std::size(names); ++i) {
    EXPECT_EQ(method_name(static_cast<Code>(i + 1)), names[i]);
  }
  EXPECT_EQ(method_name(Code::kEmpty), "");
  EXPECT_EQ(method_name(static_cast<Code>(8)), "");
  EXPECT_EQ(method_name(Code::kContent), "");
}

TEST(Type, FourNames) {
  EXPECT_EQ(type_name(Type::kCon), "CON");
  EXPECT_EQ(type_name(Type::kNon), "NON");
  EXPECT_EQ(type_name(Type::kAck), "ACK");
  EXPECT_EQ(type_name(Type::kRst), "RST");
}

}  // namespace
}  // namespace osprey::coap
