// Plain UDP sockets on the loopback interface, as the other side of the ports under test.
#pragma once

#include <optional>

#include "dataplane/socket/socket_address.h"
#include "tests/unit/support/exchange.h"

namespace osprey::test {

// Long enough for a busy machine; only a failing test waits for it.
inline constexpr int kPatienceMs = 10'000;

SocketAddress address(std::string_view text);

// Connected, so that it receives only what comes from the very address and port it sends to.
class Loopback {
 public:
  explicit Loopback(const SocketAddress& server);
  ~Loopback();
  Loopback(Loopback&& other) noexcept;
  Loopback& operator=(Loopback&&) = delete;
  Loopback(const Loopback&) = delete;
  Loopback& operator=(const Loopback&) = delete;

  void send(Bytes datagram);
  // Nothing when none came in time.
  std::optional<ByteVector> receive(int timeout_ms = kPatienceMs);
  SocketAddress local() const;

 private:
  int fd_;
};

// Whether this machine has an IPv6 loopback address.
bool has_ipv6();

}  // namespace osprey::test
