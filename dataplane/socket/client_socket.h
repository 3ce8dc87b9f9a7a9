// A client's UDP socket, connected to one server: datagrams in batches, never blocking.
//
// Connected, so that the kernel passes on only what that server's address sent (RFC 7252 §5.3.2)
// and reports a port where nobody listens.
// Thread: one at a time.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "framework/base/bytes.h"
#include "framework/base/clock.h"
#include "framework/base/limits.h"
#include "framework/base/result.h"

namespace osprey {

class ClientSocket {
 public:
  // `host`: a name or an IP literal, without brackets. Looks names up, which may take seconds;
  // takes the first address that has a route.
  static Result<std::unique_ptr<ClientSocket>> connect(const std::string& host, uint16_t port);
  ~ClientSocket();
  ClientSocket(const ClientSocket&) = delete;
  ClientSocket& operator=(const ClientSocket&) = delete;

  // Sends the first ones, at most kBatchMax; returns how many the kernel took.
  size_t send(std::span<const Bytes> datagrams);

  // What has arrived, at most kBatchMax; borrowed until the next call. Those longer than
  // kMaxDatagram are left out.
  std::span<const Bytes> receive();

  // True once after the network said that nobody listens there (ICMP).
  bool take_refused();

  // Sleeps until something arrives, at most `timeout_ns`.
  void wait(TimeNs timeout_ns);

  int fd() const { return fd_; }

 private:
  struct Batch;

  explicit ClientSocket(int fd);
  void note_error(int error);

  int fd_;
  bool is_refused_ = false;
  std::unique_ptr<Batch> batch_;
};

}  // namespace osprey
