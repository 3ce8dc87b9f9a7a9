#include "dataplane/socket/udp_port.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

namespace osprey {
namespace {

using oscore::Verdict;

// Room for bursts while a worker is busy; the kernel grants less without CAP_NET_ADMIN.
constexpr int kSocketBufferLen = 8 << 20;

bool set_option(int socket, int level, int name, int value) {
  return setsockopt(socket, level, name, &value, sizeof value) == 0;
}

void grow_buffers(int socket) {
  // The forced form ignores the system's limit and needs a capability; either is an improvement.
  if (!set_option(socket, SOL_SOCKET, SO_RCVBUFFORCE, kSocketBufferLen)) {
    set_option(socket, SOL_SOCKET, SO_RCVBUF, kSocketBufferLen);
  }
  if (!set_option(socket, SOL_SOCKET, SO_SNDBUFFORCE, kSocketBufferLen)) {
    set_option(socket, SOL_SOCKET, SO_SNDBUF, kSocketBufferLen);
  }
}

// Only a socket that listens on every address has to be told which one a datagram came to.
bool want_local_address(int socket, const SocketAddress& address) {
  if (!address.is_any_address()) return true;
  return address.family() == AF_INET ? set_option(socket, IPPROTO_IP, IP_PKTINFO, 1)
                                     : set_option(socket, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
}

// The address is what the reply needs; which interface it takes is for the routing tables to say.
void forget_interface(LocalAddress& local, sa_family_t family) {
  msghdr header{};
  header.msg_control = local.control.data();
  header.msg_controllen = local.len;
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
    uint8_t* data = CMSG_DATA(part);
    if (family == AF_INET && part->cmsg_type == IP_PKTINFO) {
      std::memset(data + offsetof(in_pktinfo, ipi_ifindex), 0, sizeof(in_pktinfo::ipi_ifindex));
    } else if (family == AF_INET6 && part->cmsg_type == IPV6_PKTINFO) {
      std::memset(data + offsetof(in6_pktinfo, ipi6_ifindex), 0, sizeof(in6_pktinfo::ipi6_ifindex));
    }
  }
}

void use_own_buffer(UdpSlot& slot) {
  slot.data = slot.buffer.data();
  slot.capacity = slot.buffer.size();
  slot.response = &slot.own_response;
}

tl::unexpected<Error> bind_error(const SocketAddress& address, int error) {
  const std::string where = "cannot listen on " + address.text() + ": ";
  if (error == EADDRINUSE) {
    return fail(where + "another process uses the port",
                "ss -ulpn 'sport = :" + std::to_string(address.port()) + "' shows it");
  }
  if (error == EACCES) {
    return fail(where + "ports below 1024 need a privilege", "choose another port, such as 5683");
  }
  if (error == EADDRNOTAVAIL) {
    return fail(where + "this machine has no such address", "ip address shows those it has");
  }
  return fail(where + std::strerror(error));
}

}  // namespace

struct UdpPort::Messages {
  std::array<mmsghdr, kBatchMax> headers;
  std::array<iovec, kBatchMax> buffers;
};

UdpPort::UdpPort() : messages_(std::make_unique<Messages>()) {}

UdpPort::~UdpPort() {
  for (const int socket : sockets_) close(socket);
  if (wake_fd_ >= 0) close(wake_fd_);
}

Result<std::unique_ptr<UdpPort>> UdpPort::open(const std::vector<SocketAddress>& listen) {
  return open(listen, Sharing::kAlone);
}

// A socket may begin to share its address after it was bound to it alone.
Result<std::unique_ptr<UdpPort>> UdpPort::open_sibling() {
  for (size_t i = 0; i < sockets_.size(); ++i) {
    if (!set_option(sockets_[i], SOL_SOCKET, SO_REUSEPORT, 1)) {
      return fail("socket for " + addresses_[i].text() + ": " + std::strerror(errno));
    }
  }
  return open(addresses_, Sharing::kWithSiblings);
}

Result<std::unique_ptr<UdpPort>> UdpPort::open(const std::vector<SocketAddress>& listen,
                                               Sharing sharing) {
  if (listen.size() > kMaxAddresses) {
    return fail("more than " + std::to_string(kMaxAddresses) + " addresses to listen on",
                "listen on 0.0.0.0 and [::] instead, which stand for all of them");
  }
  std::unique_ptr<UdpPort> port(new UdpPort());
  port->wake_fd_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (port->wake_fd_ < 0) return fail(std::string("eventfd: ") + std::strerror(errno));
  for (const SocketAddress& address : listen) {
    auto bound = port->bind_socket(address, sharing);
    if (!bound) return tl::unexpected(bound.error());
  }
  return port;
}

Result<void> UdpPort::bind_socket(SocketAddress address, Sharing sharing) {
  const int fd = socket(address.family(), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return fail("no socket for " + address.text() + ": " + std::strerror(errno));
  sockets_.push_back(fd);
  grow_buffers(fd);
  const bool configured =
      (sharing == Sharing::kAlone || set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1)) &&
      want_local_address(fd, address) &&
      (address.family() == AF_INET || set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1));
  if (!configured) return fail("socket for " + address.text() + ": " + std::strerror(errno));
  if (bind(fd, address.raw(), address.len) != 0) return bind_error(address, errno);
  if (getsockname(fd, address.raw(), &address.len) != 0) return bind_error(address, errno);
  addresses_.push_back(address);
  return {};
}

size_t UdpPort::rx(std::span<UdpSlot> slots) {
  CHECK(slots.size() <= kBatchMax);
  if (slots.empty()) return 0;
  for (size_t i = 0; i < sockets_.size(); ++i) {
    const size_t index = next_socket_;
    next_socket_ = (next_socket_ + 1) % sockets_.size();
    if (const size_t received = receive(index, slots); received > 0) return received;
  }
  return 0;
}

size_t UdpPort::receive(size_t socket_index, std::span<UdpSlot> slots) {
  const bool wants_local = addresses_[socket_index].is_any_address();
  for (size_t i = 0; i < slots.size(); ++i) {
    messages_->buffers[i] = {slots[i].buffer.data(), slots[i].buffer.size()};
    msghdr& header = messages_->headers[i].msg_hdr;
    header = {};
    header.msg_name = &slots[i].peer.storage;
    header.msg_namelen = sizeof slots[i].peer.storage;
    header.msg_iov = &messages_->buffers[i];
    header.msg_iovlen = 1;
    if (wants_local) {
      header.msg_control = slots[i].local.control.data();
      header.msg_controllen = LocalAddress::kSpace;
    }
  }
  const int received = recvmmsg(sockets_[socket_index], messages_->headers.data(),
                                static_cast<unsigned>(slots.size()), MSG_DONTWAIT, nullptr);
  if (received <= 0) return 0;
  for (size_t i = 0; i < static_cast<size_t>(received); ++i) {
    const mmsghdr& header = messages_->headers[i];
    UdpSlot& slot = slots[i];
    use_own_buffer(slot);
    slot.peer.len = header.msg_hdr.msg_namelen;
    slot.local.len = header.msg_hdr.msg_controllen;
    if (wants_local) forget_interface(slot.local, addresses_[socket_index].family());
    slot.socket_index = socket_index;
    begin_packet(slot, header.msg_len);
    if ((header.msg_hdr.msg_flags & MSG_TRUNC) != 0) slot.verdict = Verdict::kTruncated;
  }
  return static_cast<size_t>(received);
}

size_t UdpPort::tx(std::span<UdpSlot> slots) {
  std::array<UdpSlot*, kBatchMax> replies;
  size_t failed = 0;
  for (size_t index = 0; index < sockets_.size(); ++index) {
    size_t num_replies = 0;
    for (UdpSlot& slot : slots) {
      if (slot.has_reply && slot.socket_index == index) replies[num_replies++] = &slot;
    }
    if (num_replies > 0) failed += send(index, std::span(replies).first(num_replies));
  }
  return failed;
}

size_t UdpPort::send(size_t socket_index, std::span<UdpSlot*> slots) {
  for (size_t i = 0; i < slots.size(); ++i) {
    UdpSlot& slot = *slots[i];
    messages_->buffers[i] = {slot.data, slot.len};
    msghdr& header = messages_->headers[i].msg_hdr;
    header = {};
    header.msg_name = &slot.peer.storage;
    header.msg_namelen = slot.peer.len;
    header.msg_iov = &messages_->buffers[i];
    header.msg_iovlen = 1;
    if (slot.local.len > 0) {
      header.msg_control = slot.local.control.data();
      header.msg_controllen = slot.local.len;
    }
  }
  size_t failed = 0;
  size_t done = 0;
  while (done < slots.size()) {
    const int sent = sendmmsg(sockets_[socket_index], messages_->headers.data() + done,
                              static_cast<unsigned>(slots.size() - done), MSG_DONTWAIT);
    if (sent > 0) {
      done += static_cast<size_t>(sent);
    } else if (errno != EINTR) {
      slots[done]->verdict = Verdict::kSendFailed;  // this one; the next may go elsewhere
      ++failed;
      ++done;
    }
  }
  return failed;
}

void UdpPort::keep(const UdpSlot& slot, KeptDatagram& kept) const {
  kept.len = slot.len;
  kept.socket_index = slot.socket_index;
  kept.peer = slot.peer;
  kept.local = slot.local;
  std::memcpy(kept.bytes.data(), slot.data, slot.len);
}

bool UdpPort::restore(const KeptDatagram& kept, UdpSlot& slot) const {
  use_own_buffer(slot);
  slot.socket_index = kept.socket_index;
  slot.peer = kept.peer;
  slot.local = kept.local;
  std::memcpy(slot.data, kept.bytes.data(), kept.len);
  begin_packet(slot, kept.len);
  return true;
}

void UdpPort::sleep() {
  std::array<pollfd, 1 + kMaxAddresses> fds;
  size_t num_fds = 0;
  fds[num_fds++] = {wake_fd_, POLLIN, 0};
  for (const int socket : sockets_) fds[num_fds++] = {socket, POLLIN, 0};
  poll(fds.data(), num_fds, -1);
  uint64_t times = 0;
  if ((fds[0].revents & POLLIN) != 0 && read(wake_fd_, &times, sizeof times) < 0) return;
}

void UdpPort::wake() {
  const uint64_t once = 1;
  // Can only fail when the counter is full, and then the sleeper is awake already.
  if (write(wake_fd_, &once, sizeof once) < 0) return;
}

}  // namespace osprey
