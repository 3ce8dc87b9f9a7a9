#include "framework/server/router.h"

#include <sstream>

#include <gtest/gtest.h>

#include "tests/unit/support/exchange.h"

namespace osprey {
namespace {

std::vector<std::string> segments_of(std::string_view path) {
  std::vector<std::string> segments;
  std::istringstream stream{std::string(path)};
  for (std::string segment; std::getline(stream, segment, '/');) segments.push_back(segment);
  return segments;
}

// What a path leads to: the resource's own path, then every parameter as name=value.
std::string found_at(const Router& router, const std::vector<std::string>& segments) {
  const coap::Message message;
  const RequestOptions options;
  Request request(message, options, Peer{}, 0);
  const std::vector<std::string_view> path(segments.begin(), segments.end());
  const Resource* resource = router.find(path, request);
  if (resource == nullptr) return "nothing";
  std::string text = resource->path();
  for (const char* name : {"id", "room", "a", "b", "c", "d", "e", "f", "g", "h"}) {
    const std::string_view value = request.parameter(name);
    if (!value.empty()) text += " " + std::string(name) + "=" + std::string(value);
  }
  return text;
}

std::string found(const Router& router, std::string_view path) {
  return found_at(router, segments_of(path));
}

TEST(Router, FindsByNameBeforeParameter) {
  Router router;
  for (const char* path :
       {"", "a", "a/b", "a/{id}", "{room}/x", "a/{id}/c", "a/b/d", "a/b/{id}/{room}/e"}) {
    router.add(path);
  }
  ASSERT_TRUE(router.finish().has_value());
  const std::pair<const char*, const char*> rows[] = {
      {"", ""},
      {"a", "a"},
      {"a/b", "a/b"},
      {"a/7", "a/{id} id=7"},
      {"z/x", "{room}/x room=z"},
      // The named child comes to nothing, so the parameter is tried.
      {"a/x", "a/{id} id=x"},
      {"a/b/c", "a/{id}/c id=b"},
      {"a/b/d", "a/b/d"},
      {"a/7/c", "a/{id}/c id=7"},
      {"a/b/1/2/e", "a/b/{id}/{room}/e id=1 room=2"},
      {"a/b/1/2/f", "nothing"},
      {"a/b/1", "nothing"},
      {"a/7/d", "nothing"},
      {"b", "nothing"},
      {"A", "nothing"},
      {"z/y", "nothing"},
  };
  for (const auto& [path, expected] : rows) EXPECT_EQ(found(router, path), expected) << path;
}

// Goal: what was put into the request on a way that came to nothing is not there in the end.
TEST(Router, TurningBackLeavesNoParameters) {
  Router router;
  router.add("{a}/{b}/x");
  router.add("{a}/y/{c}/z");
  ASSERT_TRUE(router.finish().has_value());
  EXPECT_EQ(found(router, "1/y/x"), "{a}/{b}/x a=1 b=y");
  EXPECT_EQ(found(router, "1/y/3/z"), "{a}/y/{c}/z a=1 c=3");
}

TEST(Router, ParameterTakesAnyBytes) {
  Router router;
  router.add("s/{id}");
  ASSERT_TRUE(router.finish().has_value());
  EXPECT_EQ(found_at(router, {"s", "a/b"}), "s/{id} id=a/b");
  EXPECT_EQ(found_at(router, {"s", "{id}"}), "s/{id} id={id}");
  EXPECT_EQ(found_at(router, {"s", std::string(255, '\xff')}),
            "s/{id} id=" + std::string(255, '\xff'));
}

TEST(Router, LimitsOfDepthAreReached) {
  Router router;
  router.add("1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16");
  router.add("{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}");
  ASSERT_TRUE(router.finish().has_value());
  EXPECT_EQ(found(router, "1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16"),
            "1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16");
  EXPECT_EQ(found(router, "8/7/6/5/4/3/2/1"),
            "{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h} a=8 b=7 c=6 d=5 e=4 f=3 g=2 h=1");
}

TEST(Router, BadPathsAreNamedWithTheReason) {
  const std::pair<std::vector<const char*>, const char*> rows[] = {
      {{"/a"}, "resource \"/a\": empty path segment"},
      {{"a/"}, "resource \"a/\": empty path segment"},
      {{"/"}, "resource \"/\": empty path segment"},
      {{"a//b"}, "resource \"a//b\": empty path segment"},
      {{"a{id}"}, "resource \"a{id}\": braces must enclose a whole segment, as in a/{id}"},
      {{"{id"}, "resource \"{id\": braces must enclose a whole segment, as in a/{id}"},
      {{"id}"}, "resource \"id}\": braces must enclose a whole segment, as in a/{id}"},
      {{"{}"}, "resource \"{}\": braces must enclose a whole segment, as in a/{id}"},
      {{"{a}{b}"}, "resource \"{a}{b}\": braces must enclose a whole segment, as in a/{id}"},
      {{"{id}/x/{id}"}, "resource \"{id}/x/{id}\": {id} stands in it twice"},
      {{"a", "b", "a"}, "resource \"a\" is defined twice"},
      {{"", ""}, "resource \"\" is defined twice"},
      {{"{id}", "{id}"}, "resource \"{id}\" is defined twice"},
      {{"s/{id}", "s/{room}/x"},
       "resource \"s/{room}/x\": {room} is called {id} in another resource"},
      {{".well-known/core"}, "resource \".well-known/core\" is defined twice"},
      {{"1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17"},
       "resource \"1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17\": more than 16 path segments"},
      {{"{1}/{2}/{3}/{4}/{5}/{6}/{7}/{8}/{9}"},
       "resource \"{1}/{2}/{3}/{4}/{5}/{6}/{7}/{8}/{9}\": more than 8 parameters"},
  };
  for (const auto& [paths, cause] : rows) {
    Router router;
    for (const char* path : paths) router.add(path);
    const auto finished = router.finish();
    ASSERT_FALSE(finished.has_value()) << cause;
    EXPECT_EQ(finished.error().cause, cause);
  }
}

// What .well-known/core says, as its handler gives it.
std::string core_links(const Router& router) {
  const coap::Message message;
  const RequestOptions options;
  Request request(message, options, Peer{}, 0);
  const std::vector<std::string_view> path = {".well-known", "core"};
  const Resource* core = router.find(path, request);
  if (core == nullptr) return "nothing";
  EXPECT_EQ(core->access(), Access::kPlainAllowed);
  Response response;
  response.reset(coap::Code::kContent, std::nullopt);
  (*core->handler(coap::Code::kGet))(request, response);
  EXPECT_EQ(response.content_format(), 40);
  return std::string(as_text(response.message().payload));
}

TEST(Router, WellKnownCoreListsWhatIsListed) {
  Router router;
  router.add("hello").produces({ContentFormat::kTextPlain}).title("Greets");
  router.add("open").access(Access::kPlainAllowed);
  router.add("sensors/{id}").title("a template has no one address");
  router.add("secret").unlisted();
  ASSERT_TRUE(router.finish().has_value());
  EXPECT_EQ(core_links(router), "</hello>;osc;ct=0;title=\"Greets\",</open>");
}

TEST(Router, WellKnownCoreOfAnEmptyServerIsEmpty) {
  Router router;
  ASSERT_TRUE(router.finish().has_value());
  EXPECT_EQ(core_links(router), "");
}

TEST(Router, ResourcesStayWhereTheyAre) {
  Router router;
  Resource& first = router.add("first");
  for (int i = 0; i < 1000; ++i) router.add(std::to_string(i));
  first.title("still here");
  ASSERT_TRUE(router.finish().has_value());
  EXPECT_EQ(found(router, "first"), "first");
}

}  // namespace
}  // namespace osprey
