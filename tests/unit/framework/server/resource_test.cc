#include "framework/server/resource.h"

#include <gtest/gtest.h>

namespace osprey {
namespace {

using coap::Code;

void nothing(const Request& /*request*/, Response& /*response*/) {}

// RFC 6690 §2, RFC 7252 §7.2.1 (ct), RFC 8613 §9 (osc).
TEST(Resource, LinkNamesPathAndAttributes) {
  const std::pair<Resource, const char*> rows[] = {
      {Resource(""), "</>;osc"},
      {Resource("hello"), "</hello>;osc"},
      {Resource("a/b/c"), "</a/b/c>;osc"},
      {Resource("open").access(Access::kPlainAllowed), "</open>"},
      {Resource("x").produces({ContentFormat::kCbor}), "</x>;osc;ct=60"},
      {Resource("x").produces({ContentFormat::kTextPlain, ContentFormat::kJson}),
       "</x>;osc;ct=\"0 50\""},
      {Resource("x").type("temperature"), "</x>;osc;rt=\"temperature\""},
      {Resource("x").title("A \"good\" \\ one"), "</x>;osc;title=\"A \\\"good\\\" \\\\ one\""},
      {Resource("x").title("t").type("r").produces({ContentFormat::kTextPlain}),
       "</x>;osc;ct=0;rt=\"r\";title=\"t\""},
      // What a URI cannot hold is percent-encoded (RFC 3986 §2.1).
      {Resource("a b/>,<"), "</a%20b/%3E,%3C>;osc"},
      {Resource("caf\xc3\xa9"), "</caf%C3%A9>;osc"},
      {Resource("50%/a-b_c.d~e"), "</50%25/a-b_c.d~e>;osc"},
  };
  for (const auto& [resource, expected] : rows) EXPECT_EQ(resource.link(), expected);
}

TEST(Resource, EachMethodHasItsHandler) {
  const Resource all = Resource("x")
                           .get(nothing)
                           .post(nothing)
                           .put(nothing)
                           .del(nothing)
                           .fetch(nothing)
                           .patch(nothing)
                           .ipatch(nothing);
  const Resource none("x");
  for (uint8_t code = 0; code < 32; ++code) {
    const bool is_method = code >= 1 && code <= 7;
    EXPECT_EQ(all.handler(static_cast<Code>(code)) != nullptr, is_method) << int{code};
    EXPECT_EQ(none.handler(static_cast<Code>(code)), nullptr) << int{code};
  }
  EXPECT_EQ(all.handler(Code::kContent), nullptr);
  EXPECT_EQ(Resource("x").get(nothing).handler(Code::kPost), nullptr);
}

TEST(Resource, FormatsAreAllowedUnlessOthersAreStated) {
  const Resource any("x");
  EXPECT_TRUE(any.can_produce(0));
  EXPECT_TRUE(any.can_consume(65535));
  const Resource some =
      Resource("x").produces({ContentFormat::kJson}).consumes({ContentFormat::kCbor});
  EXPECT_TRUE(some.can_produce(50));
  EXPECT_FALSE(some.can_produce(60));
  EXPECT_TRUE(some.can_consume(60));
  EXPECT_FALSE(some.can_consume(50));
}

TEST(Resource, IsOscoreOnlyAndListedUntilToldOtherwise) {
  EXPECT_EQ(Resource("x").access(), Access::kOscoreOnly);
  EXPECT_TRUE(Resource("x").is_listed());
  EXPECT_FALSE(Resource("x").unlisted().is_listed());
}

}  // namespace
}  // namespace osprey
