#include "framework/server/request.h"

#include <gtest/gtest.h>

#include "tests/unit/support/exchange.h"
#include "tests/unit/support/vectors.h"

namespace osprey {
namespace {

using coap::Code;
using test::Built;
using test::hex;

struct RawOption {
  uint16_t number;
  std::string value;  // hex
};

Built with(const std::vector<RawOption>& options) {
  Built built(Code::kGet);
  for (const RawOption& option : options) built.option(option.number, hex(option.value));
  return built;
}

RequestOptions read(Built& built) { return read_request_options(built.message().option_reader()); }

struct Row {
  const char* what;
  std::vector<RawOption> options;
  Code refusal;
};

std::string zeros(size_t len) { return std::string(2 * len, '0'); }

// RFC 7252 §5.4: critical ones that are not understood, whose length is wrong or that stand once
// too often are 4.02; elective ones are as if they were not there.
TEST(RequestOptions, WhatMustNotBeIgnoredIsRefused) {
  const Row rows[] = {
      {"nothing", {}, Code::kEmpty},
      {"a path and a query", {{11, "61"}, {11, "62"}, {15, "71"}}, Code::kEmpty},
      {"empty path segment", {{11, ""}}, Code::kEmpty},
      {"path segment of 255", {{11, zeros(255)}}, Code::kEmpty},
      {"path segment of 256", {{11, zeros(256)}}, Code::kBadOption},
      {"query of 256", {{15, zeros(256)}}, Code::kBadOption},
      {"Uri-Host", {{3, "61"}}, Code::kEmpty},
      {"Uri-Host, empty", {{3, ""}}, Code::kBadOption},
      {"Uri-Host, twice", {{3, "61"}, {3, "61"}}, Code::kBadOption},
      {"Uri-Port", {{7, "1633"}}, Code::kEmpty},
      {"Uri-Port of 3", {{7, "001633"}}, Code::kBadOption},
      {"Accept", {{17, "32"}}, Code::kEmpty},
      {"Accept of 3", {{17, "010203"}}, Code::kBadOption},
      {"Accept, twice", {{17, ""}, {17, "32"}}, Code::kBadOption},
      {"If-Match", {{1, "aa"}}, Code::kBadOption},
      {"If-None-Match", {{5, ""}}, Code::kBadOption},
      {"unknown critical", {{9999, "01"}}, Code::kBadOption},
      {"largest number", {{65535, ""}}, Code::kBadOption},
      {"unknown elective", {{9998, "01"}}, Code::kEmpty},
      {"unknown elective, often", {{9998, ""}, {9998, ""}}, Code::kEmpty},
      {"ETag, empty", {{4, ""}}, Code::kEmpty},
      {"Observe", {{6, ""}}, Code::kEmpty},
      {"Hop-Limit", {{16, "10"}}, Code::kEmpty},
      {"Echo", {{252, "0102"}}, Code::kEmpty},
      {"No-Response", {{258, "1a"}}, Code::kEmpty},
      {"Request-Tag", {{292, "aa"}}, Code::kEmpty},
      {"EDHOC", {{21, ""}}, Code::kBadOption},
      {"OSCORE inside", {{9, "0900"}}, Code::kBadOption},
      {"Block2", {{23, "06"}}, Code::kEmpty},
      {"Block2, reserved size", {{23, "07"}}, Code::kBadRequest},
      {"Block2 of 4", {{23, "00000006"}}, Code::kBadOption},
      {"Block2, twice", {{23, "06"}, {23, "16"}}, Code::kBadOption},
      {"Block1", {{27, "06"}}, Code::kBadOption},
      {"Block1, reserved size", {{27, "07"}}, Code::kBadRequest},
      {"Q-Block1", {{19, "06"}}, Code::kBadOption},
      {"Q-Block2", {{31, "06"}}, Code::kBadOption},
      {"Proxy-Uri", {{35, "61"}}, Code::kProxyingNotSupported},
      {"Proxy-Scheme", {{39, "61"}}, Code::kProxyingNotSupported},
      {"Proxy-Uri, empty", {{35, ""}}, Code::kBadOption},
      {"the first reason is told", {{5, ""}, {23, "07"}, {35, "61"}}, Code::kBadOption},
  };
  for (const Row& row : rows) {
    Built built = with(row.options);
    const RequestOptions options = read(built);
    EXPECT_EQ(options.refusal, row.refusal) << row.what;
    EXPECT_EQ(options.refusal_text.empty(), row.refusal == Code::kEmpty) << row.what;
  }
}

TEST(RequestOptions, ReadsPathFormatsAndBlock) {
  Built built = with({{11, "61"}, {11, ""}, {11, "6263"}, {12, "3c"}, {17, "0132"}, {23, "26"}});
  const RequestOptions options = read(built);
  ASSERT_EQ(options.path_len, 3u);
  EXPECT_EQ(options.path[0], "a");
  EXPECT_EQ(options.path[1], "");
  EXPECT_EQ(options.path[2], "bc");
  EXPECT_FALSE(options.path_too_deep);
  EXPECT_EQ(options.content_format, 60);
  EXPECT_EQ(options.accept, 0x132);
  ASSERT_TRUE(options.block2.has_value());
  EXPECT_EQ(options.block2->number, 2u);
}

TEST(RequestOptions, TakesLeadingZeros) {
  Built built = with({{12, "0000"}, {17, "0032"}});
  const RequestOptions options = read(built);
  EXPECT_EQ(options.content_format, 0);
  EXPECT_EQ(options.accept, 50);
}

TEST(RequestOptions, ElectiveOptionOfWrongLengthIsAsIfItWereNotThere) {
  Built built = with({{12, "010203"}});
  EXPECT_FALSE(read(built).content_format.has_value());
}

TEST(RequestOptions, SecondElectiveOptionIsAsIfItWereNotThere) {
  Built built = with({{12, "32"}, {12, "3c"}});
  EXPECT_EQ(read(built).content_format, 50);
}

// Not a refusal: whether such a path is told to be unknown is the access rules' to say.
TEST(RequestOptions, PathIsBounded) {
  Built longest = with(std::vector<RawOption>(kMaxPathSegments, {11, "61"}));
  EXPECT_EQ(read(longest).path_len, kMaxPathSegments);
  EXPECT_FALSE(read(longest).path_too_deep);
  Built longer = with(std::vector<RawOption>(kMaxPathSegments + 1, {11, "61"}));
  EXPECT_TRUE(read(longer).path_too_deep);
  Built much_longer = with(std::vector<RawOption>(400, {11, "61"}));
  EXPECT_TRUE(read(much_longer).path_too_deep);
  EXPECT_EQ(read(much_longer).refusal, Code::kEmpty);
}

class RequestView : public ::testing::Test {
 protected:
  Request request(Built& built) {
    message_ = built.message();
    options_ = read_request_options(message_.option_reader());
    return {message_, options_, Peer{}, 7};
  }

  coap::Message message_;
  RequestOptions options_;
};

TEST_F(RequestView, QueryFindsTheFirstPairOfThisName) {
  Built built(Code::kGet);
  for (const char* pair : {"ab=0", "a=1", "a=2", "bare", "empty=", "x=y=z", "=nameless"}) {
    built.option(coap::option::kUriQuery, as_bytes(pair));
  }
  const Request seen = request(built);
  EXPECT_EQ(seen.query("a"), "1");
  EXPECT_EQ(seen.query("ab"), "0");
  EXPECT_EQ(seen.query("bare"), "");
  EXPECT_EQ(seen.query("empty"), "");
  EXPECT_EQ(seen.query("x"), "y=z");
  EXPECT_EQ(seen.query(""), "nameless");
  EXPECT_EQ(seen.query("b"), std::nullopt);
  EXPECT_EQ(seen.query("A"), std::nullopt);
}

TEST_F(RequestView, ShowsPayloadMethodTimeAndOptions) {
  Built built = Built(Code::kPost).option(4, hex("aa")).option(4, hex("bb")).payload("body");
  const Request seen = request(built);
  EXPECT_EQ(seen.method(), Code::kPost);
  EXPECT_EQ(seen.text(), "body");
  EXPECT_EQ(seen.payload().size(), 4u);
  EXPECT_EQ(seen.received_at(), 7);
  EXPECT_EQ(test::to_hex(seen.option(4)), "aa");
  EXPECT_EQ(seen.option(5), std::nullopt);
  EXPECT_FALSE(seen.peer().authenticated);
}

TEST_F(RequestView, ParametersAreBounded) {
  Built built(Code::kGet);
  Request seen = request(built);
  for (size_t i = 0; i < Request::kMaxPathParameters; ++i) {
    EXPECT_TRUE(seen.add_parameter({"name", "value"}));
  }
  EXPECT_FALSE(seen.add_parameter({"name", "value"}));
  EXPECT_EQ(seen.parameter("name"), "value");
  EXPECT_EQ(seen.parameter("other"), "");
}

}  // namespace
}  // namespace osprey
