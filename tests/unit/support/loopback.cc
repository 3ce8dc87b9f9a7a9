#include "tests/unit/support/loopback.h"

#include <poll.h>
#include <unistd.h>

#include <utility>

namespace osprey::test {

SocketAddress address(std::string_view text) {
  const auto address = parse_socket_address(text);
  CHECK(address.has_value());
  return *address;
}

Loopback::Loopback(const SocketAddress& server)
    : fd_(socket(server.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
  CHECK(fd_ >= 0);
  CHECK(connect(fd_, server.raw(), server.len) == 0);
}

Loopback::~Loopback() {
  if (fd_ >= 0) close(fd_);
}

Loopback::Loopback(Loopback&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

void Loopback::send(Bytes datagram) {
  CHECK(::send(fd_, datagram.data(), datagram.size(), 0) == static_cast<ssize_t>(datagram.size()));
}

std::optional<ByteVector> Loopback::receive(int timeout_ms) {
  pollfd poll_fd{fd_, POLLIN, 0};
  if (poll(&poll_fd, 1, timeout_ms) != 1) return std::nullopt;
  ByteVector datagram(65'536);
  const ssize_t len = recv(fd_, datagram.data(), datagram.size(), 0);
  if (len < 0) return std::nullopt;
  datagram.resize(static_cast<size_t>(len));
  return datagram;
}

SocketAddress Loopback::local() const {
  SocketAddress local;
  local.len = sizeof local.storage;
  CHECK(getsockname(fd_, local.raw(), &local.len) == 0);
  return local;
}

bool has_ipv6() {
  const int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const SocketAddress loopback = address("[::1]:0");
  const bool bound = bind(fd, loopback.raw(), loopback.len) == 0;
  close(fd);
  return bound;
}

}  // namespace osprey::test
