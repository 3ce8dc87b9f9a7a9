#include "dataplane/socket/socket_address.h"

#include <arpa/inet.h>

#include <charconv>
#include <cstring>

namespace osprey {
namespace {

constexpr uint16_t kCoapPort = 5683;

sockaddr_in& v4(SocketAddress& address) { return reinterpret_cast<sockaddr_in&>(address.storage); }
const sockaddr_in& v4(const SocketAddress& address) {
  return reinterpret_cast<const sockaddr_in&>(address.storage);
}
sockaddr_in6& v6(SocketAddress& address) {
  return reinterpret_cast<sockaddr_in6&>(address.storage);
}
const sockaddr_in6& v6(const SocketAddress& address) {
  return reinterpret_cast<const sockaddr_in6&>(address.storage);
}

struct HostAndPort {
  std::string host;
  std::string_view port;
  bool is_in_brackets = false;  // as only IPv6 addresses are
};

HostAndPort split(std::string_view text) {
  if (text.starts_with('[')) {
    const size_t close = text.find(']');
    if (close == std::string_view::npos) return {};
    std::string_view rest = text.substr(close + 1);
    if (!rest.empty() && rest[0] != ':') return {};
    if (!rest.empty()) rest.remove_prefix(1);
    return {std::string(text.substr(1, close - 1)), rest, true};
  }
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos) return {std::string(text), {}};
  if (text.find(':', colon + 1) != std::string_view::npos) return {std::string(text), {}};
  return {std::string(text.substr(0, colon)), text.substr(colon + 1)};
}

}  // namespace

uint16_t SocketAddress::port() const {
  return ntohs(family() == AF_INET ? v4(*this).sin_port : v6(*this).sin6_port);
}

void SocketAddress::set_port(uint16_t port) {
  (family() == AF_INET ? v4(*this).sin_port : v6(*this).sin6_port) = htons(port);
}

bool SocketAddress::is_any_address() const {
  if (family() == AF_INET) return v4(*this).sin_addr.s_addr == htonl(INADDR_ANY);
  return std::memcmp(&v6(*this).sin6_addr, &in6addr_any, sizeof in6addr_any) == 0;
}

std::string SocketAddress::text() const {
  char host[INET6_ADDRSTRLEN] = "?";
  if (family() == AF_INET) {
    inet_ntop(AF_INET, &v4(*this).sin_addr, host, sizeof host);
    return std::string(host) + ":" + std::to_string(port());
  }
  inet_ntop(AF_INET6, &v6(*this).sin6_addr, host, sizeof host);
  return "[" + std::string(host) + "]:" + std::to_string(port());
}

Result<SocketAddress> parse_socket_address(std::string_view text) {
  const HostAndPort parts = split(text);
  uint16_t port = kCoapPort;
  if (!parts.port.empty()) {
    const char* end = parts.port.data() + parts.port.size();
    const auto [stopped, error] = std::from_chars(parts.port.data(), end, port);
    if (error != std::errc() || stopped != end) {
      return fail("\"" + std::string(text) + "\": the port is no number from 0 to 65535");
    }
  }
  SocketAddress address;
  if (!parts.is_in_brackets && inet_pton(AF_INET, parts.host.c_str(), &v4(address).sin_addr) == 1) {
    address.storage.ss_family = AF_INET;
    address.len = sizeof(sockaddr_in);
  } else if (inet_pton(AF_INET6, parts.host.c_str(), &v6(address).sin6_addr) == 1) {
    address.storage.ss_family = AF_INET6;
    address.len = sizeof(sockaddr_in6);
  } else {
    return fail("\"" + std::string(text) + "\" is no numeric address with port",
                "write it like 0.0.0.0:5683 or [::1]:5683");
  }
  address.set_port(port);
  return address;
}

}  // namespace osprey
