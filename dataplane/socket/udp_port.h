// The udp port of one worker: kernel sockets, no root, no hugepages, no NIC.
//
// One socket for each listening address; the siblings' sockets share it by SO_REUSEPORT, so that
// the kernel spreads the clients. Receives and sends in batches (recvmmsg, sendmmsg). A reply
// leaves from the address its request came to.
// Thread: one worker; wake() any.
#pragma once

#include <sys/socket.h>

#include <memory>
#include <vector>

#include "dataplane/socket/kept_datagram.h"
#include "dataplane/tally.h"
#include "framework/base/result.h"

namespace osprey {

class UdpPort {
 public:
  using Slot = UdpSlot;
  using Kept = KeptDatagram;

  static constexpr size_t kMaxAddresses = 15;

  // Binds. The addresses must be free: SO_REUSEPORT alone would let two servers of one user share
  // a port unawares, and each would get half the packets of the other's contexts. Errors name the
  // address and what to do.
  static Result<std::unique_ptr<UdpPort>> open(const std::vector<SocketAddress>& listen);
  // One more port on the same addresses, for another worker of this server.
  Result<std::unique_ptr<UdpPort>> open_sibling();
  ~UdpPort();
  UdpPort(const UdpPort&) = delete;
  UdpPort& operator=(const UdpPort&) = delete;

  void begin() {}

  // Receives into `slots` (at most kBatchMax), from one socket, the next in turn that has
  // something. Never blocks. Returns how many; those have data, len, peer and local set, and the
  // verdict kTruncated if longer than kMaxDatagram.
  size_t rx(std::span<UdpSlot> slots);

  // Sends the replies of those that have one. Returns how many the kernel did not take; they get
  // the verdict kSendFailed.
  size_t tx(std::span<UdpSlot> slots);

  // Copies what it takes to go on with a datagram later, on this port or on a sibling's.
  void keep(const UdpSlot& slot, KeptDatagram& kept) const;
  bool restore(const KeptDatagram& kept, UdpSlot& slot) const;

  // Sleeps until a datagram arrives or wake() is called.
  void sleep();
  void wake();

  // As bound: the port number is known even where 0 was asked for.
  const std::vector<SocketAddress>& addresses() const { return addresses_; }
  std::vector<Tally> tallies() const { return {}; }

 private:
  struct Messages;

  enum class Sharing : uint8_t { kAlone, kWithSiblings };

  UdpPort();
  static Result<std::unique_ptr<UdpPort>> open(const std::vector<SocketAddress>& listen,
                                               Sharing sharing);
  Result<void> bind_socket(SocketAddress address, Sharing sharing);
  size_t receive(size_t socket_index, std::span<UdpSlot> slots);
  size_t send(size_t socket_index, std::span<UdpSlot*> slots);

  std::vector<int> sockets_;
  std::vector<SocketAddress> addresses_;
  int wake_fd_ = -1;
  size_t next_socket_ = 0;
  std::unique_ptr<Messages> messages_;
};

}  // namespace osprey
