// Tables of URIs and what becomes of them (RFC 7252 §6).
#include "framework/coap/uri.h"

#include <array>

#include <gtest/gtest.h>

namespace osprey::coap {
namespace {

using Parts = std::vector<std::string>;

struct Good {
  std::string text;
  std::string host;
  bool host_is_ip;
  uint16_t port;
  Parts path;
  Parts query;
};

TEST(Uri, GoodOnesAreTakenApart) {
  const Good cases[] = {
      {"coap://127.0.0.1", "127.0.0.1", true, 5683, {}, {}},
      {"coap://127.0.0.1/", "127.0.0.1", true, 5683, {}, {}},
      {"coap://127.0.0.1:61616/a/b", "127.0.0.1", true, 61616, {"a", "b"}, {}},
      {"coap://[::1]/a", "::1", true, 5683, {"a"}, {}},
      {"coap://[2001:db8::2:1]:7", "2001:db8::2:1", true, 7, {}, {}},
      {"coap://[fe80::1%25eth0]/a", "fe80::1%eth0", true, 5683, {"a"}, {}},
      {"coap://[fe80::1%eth0]/a", "fe80::1%eth0", true, 5683, {"a"}, {}},
      {"COAP://Example.COM/A", "example.com", false, 5683, {"A"}, {}},
      {"coap://localhost:/a", "localhost", false, 5683, {"a"}, {}},
      {"coap://h/?a=1&b=2", "h", false, 5683, {}, {"a=1", "b=2"}},
      {"coap://h?a", "h", false, 5683, {}, {"a"}},
      {"coap://h/a?", "h", false, 5683, {"a"}, {""}},
      {"coap://h/a//b/", "h", false, 5683, {"a", "", "b", ""}, {}},
      {"coap://h/a%2Fb?c%26d&%2F", "h", false, 5683, {"a/b"}, {"c&d", "/"}},
      {"coap://h/%E3%81%93", "h", false, 5683, {"\xe3\x81\x93"}, {}},
      {"coap://h/\xe3\x81\x93", "h", false, 5683, {"\xe3\x81\x93"}, {}},
      {"coap://h/a:b@c", "h", false, 5683, {"a:b@c"}, {}},
      {"coap://1.2.3/", "1.2.3", false, 5683, {}, {}},
      {"coap://h/" + std::string(255, 'x'), "h", false, 5683, {std::string(255, 'x')}, {}},
  };
  for (const Good& each : cases) {
    const auto uri = parse_uri(each.text);
    ASSERT_TRUE(uri.has_value()) << each.text << ": " << uri.error().text();
    EXPECT_EQ(uri->host, each.host) << each.text;
    EXPECT_EQ(uri->host_is_ip, each.host_is_ip) << each.text;
    EXPECT_EQ(uri->port, each.port) << each.text;
    EXPECT_EQ(uri->path, each.path) << each.text;
    EXPECT_EQ(uri->query, each.query) << each.text;
  }
}

struct Bad {
  std::string text;
  std::string said;  // part of the cause
};

TEST(Uri, BadOnesAreNamedWithTheirFault) {
  const Bad cases[] = {
      {"", "no coap URI"},
      {"127.0.0.1/a", "no coap URI"},
      {"coap:/a", "no coap URI"},
      {"coaps://h/a", "coaps"},
      {"http://h/a", "http"},
      {"coap:///a", "no host"},
      {"coap://:5683/a", "no host"},
      {"coap://h:0/a", "port"},
      {"coap://h:65536/a", "port"},
      {"coap://h:x/a", "port"},
      {"coap://h:-1/a", "port"},
      {"coap://::1/a", "more than one colon"},
      {"coap://[::1/a", "closing bracket"},
      {"coap://[::g]/a", "no IPv6 address"},
      {"coap://[127.0.0.1]/a", "no IPv6 address"},
      {"coap://[::1]x/a", "follows"},
      {"coap://user@h/a", "user"},
      {"coap://h/a#b", "fragment"},
      {"coap://h/%", "%"},
      {"coap://h/%4", "%"},
      {"coap://h/%zz", "%"},
      {"coap://h/a?%", "%"},
      {"coap://%zz/a", "%"},
      {"coap://127.0.0.1%00x/a", "control"},
      {"coap://[::1%00x]/a", "no IPv6 address"},
      {"coap://a%20b/a", "blank"},
      {"coap://h/a b", "blank"},
      {"coap://h/a\n", "control"},
      {"coap://h/" + std::string(256, 'x'), "longer than 255"},
      {"coap://h/?" + std::string(256, 'x'), "longer than 255"},
      {"coap://" + std::string(256, 'x'), "longer than 255"},
  };
  for (const Bad& each : cases) {
    const auto uri = parse_uri(each.text);
    ASSERT_FALSE(uri.has_value()) << each.text;
    EXPECT_NE(uri.error().cause.find(each.said), std::string::npos)
        << each.text << ": " << uri.error().text();
  }
}

TEST(Uri, BecomesOptionsWithUriHostOnlyForNames) {
  struct Case {
    std::string text;
    std::string options;  // hex
  };
  const Case cases[] = {
      {"coap://127.0.0.1:5684/", ""},
      {"coap://[::1]/a", "b161"},
      {"coap://h/a/?x",
       "3168"
       "8161"
       "00"
       "4178"},
  };
  for (const Case& each : cases) {
    std::array<uint8_t, 64> space;
    Writer writer(space);
    OptionWriter options(writer);
    const auto uri = parse_uri(each.text);
    ASSERT_TRUE(uri.has_value());
    write_uri_host(options, *uri);
    write_uri_path(options, *uri);
    write_uri_query(options, *uri);
    EXPECT_EQ(to_hex(writer.written()), each.options) << each.text;
  }
}

}  // namespace
}  // namespace osprey::coap
