#include "framework/server/response.h"

#include <gtest/gtest.h>

#include "tests/unit/support/vectors.h"

namespace osprey {
namespace {

using coap::Code;
using test::hex;

// Code, options and payload length of what is sent.
std::string text(Response& response) {
  const coap::Message message = response.message();
  std::string text = code_text(message.code);
  for (const test::Json& option : test::options_json(message.options)) {
    text += " " + option.at(0).dump() + "=" + option.at(1).get<std::string>();
  }
  return text + " +" + std::to_string(message.payload.size());
}

std::string payload(Response& response) { return std::string(as_text(response.message().payload)); }

struct FreshResponse : Response {
  explicit FreshResponse(std::optional<Block> asked = std::nullopt) {
    reset(Code::kContent, asked);
  }
};

TEST(Response, IsTheDefaultCodeUntilSomethingIsSaid) {
  FreshResponse response;
  EXPECT_EQ(text(response), "2.05 +0");
  response.reset(Code::kDeleted, std::nullopt);
  EXPECT_EQ(text(response), "2.02 +0");
}

TEST(Response, OptionsGoOutInOrderOfTheirNumbers) {
  FreshResponse response;
  response.option(2000, hex("aa"));
  response.max_age(60);
  response.content(ContentFormat::kJson, "{}");
  response.etag(hex("01"));
  response.option(2000, hex("bb"));  // unknown: may repeat, keeps its order
  response.uint_option(14, 0);       // Max-Age again: replaces
  EXPECT_EQ(text(response), "2.05 4=01 12=32 14= 2000=aa 2000=bb +2");
}

TEST(Response, OptionThatMayStandOnceReplacesTheEarlierOne) {
  FreshResponse response;
  for (uint32_t i = 0; i < 1000; ++i) response.max_age(i);
  response.etag(hex("01"));
  response.etag(hex("0203"));
  response.content(ContentFormat::kJson, "first");
  response.content(ContentFormat::kTextPlain, "second");
  EXPECT_EQ(text(response), "2.05 4=0203 12= 14=03e7 +6");
  EXPECT_EQ(payload(response), "second");
}

TEST(Response, LocationPathHasOneOptionForEachSegment) {
  const std::pair<const char*, const char*> rows[] = {
      {"", "2.01 +0"},        {"a", "2.01 8=61 +0"},          {"a/bc", "2.01 8=61 8=6263 +0"},
      {"/a", "2.01 8=61 +0"}, {"a//b/", "2.01 8=61 8=62 +0"}, {"/", "2.01 +0"},
  };
  for (const auto& [path, expected] : rows) {
    FreshResponse response;
    response.created(path);
    EXPECT_EQ(text(response), expected) << path;
  }
}

TEST(Response, ErrorDiscardsWhatWasSetBefore) {
  FreshResponse response;
  response.content(ContentFormat::kJson, "{}");
  response.max_age(3);
  response.error(Code::kConflict, "no");
  EXPECT_EQ(text(response), "4.09 +2");
  EXPECT_EQ(response.content_format(), std::nullopt);
  response.max_age(3);
  EXPECT_EQ(text(response), "4.09 14=03 +2");
}

TEST(Response, DiagnosticIsCutToWhatFits) {
  FreshResponse response;
  response.error(Code::kBadRequest, std::string(2 * kMaxPayload, 'x'));
  EXPECT_EQ(text(response), "4.00 +1024");
}

constexpr const char* kTooLong = "response options too long";

TEST(Response, TooManyOptionsMakeItAnInternalError) {
  FreshResponse response;
  for (size_t i = 0; i < Response::kMaxOptions; ++i) response.option(2000, {});
  EXPECT_EQ(response.message().code, Code::kContent);
  response.reset(Code::kContent, std::nullopt);
  for (size_t i = 0; i <= Response::kMaxOptions; ++i) response.option(2000, {});
  EXPECT_EQ(text(response), "5.00 +25");
  EXPECT_EQ(payload(response), kTooLong);
}

TEST(Response, TooLongOptionsMakeItAnInternalError) {
  const std::vector<uint8_t> half(Response::kMaxOptionBytes / 2);
  FreshResponse response;
  response.option(2000, half);
  response.option(2000, half);
  EXPECT_EQ(response.message().code, Code::kContent);
  response.reset(Code::kContent, std::nullopt);
  response.option(2000, half);
  response.option(2000, half);
  response.option(2000, hex("00"));
  EXPECT_EQ(text(response), "5.00 +25");
}

// Goal: a handler that goes on after an option did not fit cannot make a success of it.
TEST(Response, WhatFollowsAnOverflowDoesNotHideIt) {
  FreshResponse response;
  response.option(2000, std::vector<uint8_t>(Response::kMaxOptionBytes + 1));
  response.content(ContentFormat::kTextPlain, "all is well");
  response.changed();
  EXPECT_EQ(text(response), "5.00 +25");
  response.reset(Code::kContent, std::nullopt);
  EXPECT_EQ(text(response), "2.05 +0");
}

TEST(Response, OscoreOptionIsNotTheApplications) {
  FreshResponse response;
  response.option(coap::option::kOscore, {});
  EXPECT_EQ(response.message().code, Code::kInternalServerError);
}

TEST(Response, LargestOptionsArePutOnTheWire) {
  FreshResponse response;
  for (size_t i = 0; i < Response::kMaxOptions; ++i) {
    response.option(static_cast<uint16_t>(2000 + 600 * i),
                    std::vector<uint8_t>(Response::kMaxOptionBytes / Response::kMaxOptions));
  }
  const coap::Message message = response.message();
  EXPECT_EQ(message.code, Code::kContent);
  EXPECT_EQ(message.options.size(), Response::kMaxOptions * (3 + 1 + 16));
}

TEST(Response, SecondUseRemembersNothingOfTheFirst) {
  FreshResponse response(Block{1, false, 0});
  response.content(ContentFormat::kJson, std::string(100, 'x'));
  response.message();
  response.reset(Code::kChanged, std::nullopt);
  EXPECT_EQ(text(response), "2.04 +0");
  EXPECT_EQ(response.content_format(), std::nullopt);
}

// Every block of a body of `len` bytes at one size, put together; says how many there were.
std::string collect(const std::string& body, uint8_t size_exponent, size_t& num_blocks) {
  std::string collected;
  std::string tag;
  for (num_blocks = 0;; ++num_blocks) {
    Block asked{static_cast<uint32_t>(num_blocks), false, size_exponent};
    FreshResponse response(asked);
    response.content(ContentFormat::kTextPlain, body);
    const coap::Message message = response.message();
    EXPECT_EQ(message.code, Code::kContent);
    EXPECT_LE(message.payload.size(), asked.size());
    collected += as_text(message.payload);
    std::optional<Block> given;
    coap::OptionReader options = message.option_reader();
    while (const auto option = options.next()) {
      if (option->number == coap::option::kBlock2) given = Block::decode(option->value);
      if (option->number == coap::option::kSize2) {
        EXPECT_EQ(num_blocks, 0u);
        EXPECT_EQ(option->as_uint(), body.size());
      }
      if (option->number == coap::option::kETag) {
        if (num_blocks == 0) tag = to_hex(option->value);
        EXPECT_EQ(to_hex(option->value), tag);
        EXPECT_EQ(option->value.size(), 8u);
      }
    }
    if (!given) return collected;  // the whole body fits one block
    EXPECT_FALSE(tag.empty());
    EXPECT_EQ(given->number, num_blocks);
    EXPECT_EQ(given->size_exponent, size_exponent);
    if (!given->more) return collected;
    EXPECT_EQ(message.payload.size(), asked.size());
  }
}

std::string body_of(size_t len) {
  std::string body;
  for (size_t i = 0; i < len; ++i) body.push_back(static_cast<char>('a' + i % 23));
  return body;
}

// RFC 7959 §2.4: all blocks of a size, one after the other, are the body, and share an ETag.
TEST(ResponseBlocks, OfEverySizeMakeTheBody) {
  for (uint8_t exponent = 0; exponent <= 6; ++exponent) {
    const size_t size = size_t{16} << exponent;
    for (const size_t len : {size_t{0}, size_t{1}, size - 1, size, size + 1, 2 * size - 1, 2 * size,
                             2 * size + 1, 5 * size, size_t{10'000}}) {
      SCOPED_TRACE(std::to_string(size) + ", " + std::to_string(len));
      size_t last_block = 0;
      EXPECT_EQ(collect(body_of(len), exponent, last_block), body_of(len));
      EXPECT_EQ(last_block + 1, std::max<size_t>(1, (len + size - 1) / size));
    }
  }
}

TEST(ResponseBlocks, FirstBlockIsGivenWhereNoneWasAskedFor) {
  FreshResponse whole;
  whole.content(ContentFormat::kTextPlain, body_of(kMaxPayload));
  EXPECT_EQ(text(whole), "2.05 12= +1024");
  FreshResponse first;
  first.content(ContentFormat::kTextPlain, body_of(kMaxPayload + 1));
  const coap::Message message = first.message();
  EXPECT_EQ(message.payload.size(), kMaxPayload);
  const auto options = test::options_json(message.options);
  EXPECT_EQ(options.at(2), test::Json({23, "0e"}));  // NUM 0, more, 1024 bytes
  EXPECT_EQ(options.at(3), test::Json({28, "0401"}));
}

TEST(ResponseBlocks, BeyondTheEndIsABadRequest) {
  const std::pair<size_t, Block> rows[] = {
      {16, {1, false, 0}},   {17, {2, false, 0}},           {0, {1, false, 0}},
      {1024, {1, false, 6}}, {10'000, {0xfffff, false, 6}},
  };
  for (const auto& [len, asked] : rows) {
    FreshResponse response(asked);
    response.content(ContentFormat::kTextPlain, body_of(len));
    EXPECT_EQ(text(response), "4.00 +20") << len;
    EXPECT_EQ(payload(response), "block beyond the end");
  }
}

TEST(ResponseBlocks, WantedMoreBitIsIgnored) {
  FreshResponse response(Block{0, true, 0});
  response.content(ContentFormat::kTextPlain, body_of(8));
  EXPECT_EQ(text(response), "2.05 12= +8");
}

TEST(ResponseBlocks, ApplicationsETagIsKept) {
  FreshResponse response;
  response.etag(hex("abcd"));
  response.content(ContentFormat::kTextPlain, body_of(2000));
  EXPECT_EQ(text(response), "2.05 4=abcd 12= 23=0e 28=07d0 +1024");
}

TEST(ResponseBlocks, OtherBodyHasAnotherETag) {
  FreshResponse one, other;
  one.content(ContentFormat::kTextPlain, body_of(2000));
  other.content(ContentFormat::kTextPlain, body_of(2001));
  EXPECT_NE(test::options_json(one.message().options).at(0),
            test::options_json(other.message().options).at(0));
}

TEST(ResponseBlocks, SecondBodyLeavesNothingOfTheFirst) {
  FreshResponse response;
  response.content(ContentFormat::kTextPlain, body_of(2000));
  response.content(ContentFormat::kTextPlain, "short");
  EXPECT_EQ(text(response), "2.05 12= +5");
}

}  // namespace
}  // namespace osprey
