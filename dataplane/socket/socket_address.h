// IPv4 and IPv6 endpoints as the kernel takes them, and as people write them.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <string>
#include <string_view>

#include "framework/base/result.h"

namespace osprey {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t len = 0;

  sockaddr* raw() { return reinterpret_cast<sockaddr*>(&storage); }
  const sockaddr* raw() const { return reinterpret_cast<const sockaddr*>(&storage); }
  sa_family_t family() const { return storage.ss_family; }
  uint16_t port() const;
  void set_port(uint16_t port);
  // 0.0.0.0 or [::].
  bool is_any_address() const;
  // "127.0.0.1:5683", "[::1]:5683".
  std::string text() const;
};

// Numeric address and port as text() writes them; the port may be left out (5683). Names are not
// looked up.
Result<SocketAddress> parse_socket_address(std::string_view text);

}  // namespace osprey
