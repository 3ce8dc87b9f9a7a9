#include "dataplane/socket/socket_address.h"

#include <gtest/gtest.h>

namespace osprey {
namespace {

TEST(SocketAddress, ParsesWhatItWrites) {
  struct Row {
    const char* text;
    const char* written;
    sa_family_t family;
    uint16_t port;
    bool is_any;
  };
  const Row rows[] = {
      {"127.0.0.1:5683", "127.0.0.1:5683", AF_INET, 5683, false},
      {"127.0.0.1", "127.0.0.1:5683", AF_INET, 5683, false},
      {"127.0.0.1:", "127.0.0.1:5683", AF_INET, 5683, false},
      {"0.0.0.0:0", "0.0.0.0:0", AF_INET, 0, true},
      {"255.255.255.255:65535", "255.255.255.255:65535", AF_INET, 65535, false},
      {"[::1]:5683", "[::1]:5683", AF_INET6, 5683, false},
      {"[::1]", "[::1]:5683", AF_INET6, 5683, false},
      {"::1", "[::1]:5683", AF_INET6, 5683, false},
      {"[::]:1", "[::]:1", AF_INET6, 1, true},
      {"::", "[::]:5683", AF_INET6, 5683, true},
      {"[2001:DB8:0::1]:1234", "[2001:db8::1]:1234", AF_INET6, 1234, false},
      {"[::ffff:127.0.0.1]:7", "[::ffff:127.0.0.1]:7", AF_INET6, 7, false},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.text);
    const auto address = parse_socket_address(row.text);
    ASSERT_TRUE(address.has_value());
    EXPECT_EQ(address->text(), row.written);
    EXPECT_EQ(address->family(), row.family);
    EXPECT_EQ(address->port(), row.port);
    EXPECT_EQ(address->is_any_address(), row.is_any);
    const auto again = parse_socket_address(address->text());
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(again->text(), row.written);
  }
}

TEST(SocketAddress, WhatIsNoneIsNamed) {
  const char* no_address = " is no numeric address with port";
  const char* no_port = ": the port is no number from 0 to 65535";
  const std::pair<const char*, const char*> rows[] = {
      {"", no_address},
      {"localhost:5683", no_address},
      {":5683", no_address},
      {"127.0.0:5683", no_address},
      {"127.0.0.1.1:5683", no_address},
      {"127.0.0.256:5683", no_address},
      {"[127.0.0.1]:x", no_port},
      {"[::1:5683", no_address},
      {"[]:5683", no_address},
      {"[::1]5683", no_address},
      {"[127.0.0.1]:5683", no_address},
      {"[::1]::5683", no_port},
      {" 127.0.0.1:5683", no_address},
      {"127.0.0.1:-1", no_port},
      {"127.0.0.1:65536", no_port},
      {"127.0.0.1:5683x", no_port},
      {"127.0.0.1: 5683", no_port},
      {"coap://127.0.0.1", no_port},
  };
  for (const auto& [text, cause] : rows) {
    const auto address = parse_socket_address(text);
    ASSERT_FALSE(address.has_value()) << text;
    EXPECT_EQ(address.error().cause, "\"" + std::string(text) + "\"" + cause);
  }
}

TEST(SocketAddress, PortCanBeSet) {
  for (const char* text : {"127.0.0.1:1", "[::1]:1"}) {
    SocketAddress address = *parse_socket_address(text);
    address.set_port(0xabcd);
    EXPECT_EQ(address.port(), 0xabcd);
  }
}

}  // namespace
}  // namespace osprey
