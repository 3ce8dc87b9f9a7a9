#include "dataplane/socket/client_socket.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace osprey {
namespace {

constexpr int kSocketBufferLen = 4 << 20;  // bytes; the kernel grants at most its own limit

struct FreeAddresses {
  void operator()(addrinfo* addresses) const { freeaddrinfo(addresses); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

Result<Addresses> look_up(const std::string& host, uint16_t port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_DGRAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (error != 0) {
    return fail("host " + host + " has no address: " + gai_strerror(error),
                "check its spelling with: getent hosts " + host);
  }
  return Addresses(found);
}

// -1 with errno set when there is no way to this address.
int open_connected(const addrinfo& address) {
  const int fd = socket(address.ai_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  if (::connect(fd, address.ai_addr, address.ai_addrlen) != 0) {
    const int error = errno;
    close(fd);
    errno = error;
    return -1;
  }
  // Without them it works too, only bursts are shorter.
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &kSocketBufferLen, sizeof kSocketBufferLen);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &kSocketBufferLen, sizeof kSocketBufferLen);
  return fd;
}

}  // namespace

struct ClientSocket::Batch {
  std::array<mmsghdr, kBatchMax> outgoing;
  std::array<iovec, kBatchMax> outgoing_parts;
  std::array<mmsghdr, kBatchMax> incoming;
  std::array<iovec, kBatchMax> incoming_parts;
  std::array<std::array<uint8_t, kMaxDatagram>, kBatchMax> buffers;
  std::array<Bytes, kBatchMax> received;
};

Result<std::unique_ptr<ClientSocket>> ClientSocket::connect(const std::string& host,
                                                            uint16_t port) {
  const auto addresses = look_up(host, port);
  if (!addresses) return tl::unexpected(addresses.error());
  for (const addrinfo* address = addresses->get(); address != nullptr; address = address->ai_next) {
    const int fd = open_connected(*address);
    if (fd >= 0) return std::unique_ptr<ClientSocket>(new ClientSocket(fd));
  }
  return fail("no way to " + host + ": " + std::strerror(errno),
              "see which networks this machine reaches with: ip route");
}

ClientSocket::ClientSocket(int fd) : fd_(fd), batch_(std::make_unique<Batch>()) {
  for (size_t i = 0; i < kBatchMax; ++i) {
    batch_->outgoing[i] = {};
    batch_->outgoing[i].msg_hdr.msg_iov = &batch_->outgoing_parts[i];
    batch_->outgoing[i].msg_hdr.msg_iovlen = 1;
    batch_->incoming[i] = {};
    batch_->incoming[i].msg_hdr.msg_iov = &batch_->incoming_parts[i];
    batch_->incoming[i].msg_hdr.msg_iovlen = 1;
    batch_->incoming_parts[i] = {batch_->buffers[i].data(), batch_->buffers[i].size()};
  }
}

ClientSocket::~ClientSocket() { close(fd_); }

void ClientSocket::note_error(int error) { is_refused_ |= error == ECONNREFUSED; }

size_t ClientSocket::send(std::span<const Bytes> datagrams) {
  const size_t count = std::min(datagrams.size(), kBatchMax);
  for (size_t i = 0; i < count; ++i) {
    // The kernel only reads it.
    batch_->outgoing_parts[i] = {const_cast<uint8_t*>(datagrams[i].data()), datagrams[i].size()};
  }
  // An error is often that of an earlier datagram (ICMP), reported once; so try once more.
  for (int attempt = 0; attempt < 2; ++attempt) {
    const int sent = sendmmsg(fd_, batch_->outgoing.data(), static_cast<unsigned>(count), 0);
    if (sent >= 0) return static_cast<size_t>(sent);
    note_error(errno);
  }
  return 0;
}

std::span<const Bytes> ClientSocket::receive() {
  int received =
      recvmmsg(fd_, batch_->incoming.data(), static_cast<unsigned>(kBatchMax), 0, nullptr);
  if (received < 0) {
    note_error(errno);
    received = 0;
  }
  size_t kept = 0;
  for (size_t i = 0; i < static_cast<size_t>(received); ++i) {
    const mmsghdr& header = batch_->incoming[i];
    if ((header.msg_hdr.msg_flags & MSG_TRUNC) != 0) continue;
    batch_->received[kept++] = Bytes(batch_->buffers[i]).first(header.msg_len);
  }
  return std::span(batch_->received).first(kept);
}

bool ClientSocket::take_refused() { return std::exchange(is_refused_, false); }

void ClientSocket::wait(TimeNs timeout_ns) {
  if (timeout_ns <= 0) return;
  const timespec timeout = {timeout_ns / kSecond, timeout_ns % kSecond};
  pollfd poll_fd = {fd_, POLLIN, 0};
  ppoll(&poll_fd, 1, &timeout, nullptr);  // an early return costs only another look
}

}  // namespace osprey
