// The bound of udp-vs-echo: what the kernel's UDP sockets do when the program in between does
// nothing at all. No server on recvmmsg and sendmmsg can be faster.
//
// Each worker has a socket of its own (SO_REUSEPORT), its message headers prepared once and its
// buffers always at the same place: per datagram it copies one length. It sleeps in recvmmsg until
// there is a datagram.
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>

#include "dataplane/socket/socket_address.h"
#include "framework/base/limits.h"

namespace osprey::bench {
namespace {

constexpr int kExitUsage = 2;
constexpr int kSocketBufferLen = 8 << 20;  // bytes, as the udp port asks for
constexpr suseconds_t kStopCheck_us = 100'000;

class EchoWorker {
 public:
  explicit EchoWorker(int socket, socklen_t name_len) : socket_(socket) {
    for (size_t i = 0; i < kBatchMax; ++i) {
      incoming_parts_[i] = {buffers_[i].data(), buffers_[i].size()};
      outgoing_parts_[i] = {buffers_[i].data(), 0};
      incoming_[i].msg_hdr = header(i, name_len, incoming_parts_[i]);
      outgoing_[i].msg_hdr = header(i, name_len, outgoing_parts_[i]);
    }
  }
  ~EchoWorker() { close(socket_); }
  EchoWorker(const EchoWorker&) = delete;
  EchoWorker& operator=(const EchoWorker&) = delete;

  void run(const std::atomic<bool>& stopping) {
    while (!stopping.load(std::memory_order_relaxed)) {
      const int received = recvmmsg(socket_, incoming_.data(), kBatchMax, MSG_WAITFORONE, nullptr);
      if (received > 0) send_back(static_cast<size_t>(received));
    }
  }

 private:
  msghdr header(size_t i, socklen_t name_len, iovec& part) {
    msghdr header = {};
    header.msg_name = &peers_[i];
    header.msg_namelen = name_len;  // of one family, so the kernel never changes it
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    return header;
  }

  void send_back(size_t count) {
    for (size_t i = 0; i < count; ++i) outgoing_parts_[i].iov_len = incoming_[i].msg_len;
    for (size_t done = 0; done < count;) {
      const int sent =
          sendmmsg(socket_, outgoing_.data() + done, static_cast<unsigned>(count - done), 0);
      done += sent > 0 ? static_cast<size_t>(sent) : 1;  // what cannot be sent is lost
    }
  }

  int socket_;
  std::array<mmsghdr, kBatchMax> incoming_{};
  std::array<mmsghdr, kBatchMax> outgoing_{};
  std::array<iovec, kBatchMax> incoming_parts_;
  std::array<iovec, kBatchMax> outgoing_parts_;
  std::array<sockaddr_storage, kBatchMax> peers_;
  std::array<std::array<uint8_t, kMaxDatagram>, kBatchMax> buffers_;
};

void grow_buffer(int socket, int forced, int asked) {
  const int len = kSocketBufferLen;
  if (setsockopt(socket, SOL_SOCKET, forced, &len, sizeof len) == 0) return;
  setsockopt(socket, SOL_SOCKET, asked, &len, sizeof len);
}

// -1 with errno set on failure. `address` becomes the one that was bound, for port 0.
int bound_socket(SocketAddress& address) {
  const int fd = socket(address.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  grow_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF);
  grow_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF);
  const int on = 1;
  const timeval stop_check = {0, kStopCheck_us};
  const bool is_bound =
      setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0 &&
      setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &stop_check, sizeof stop_check) == 0 &&
      bind(fd, address.raw(), address.len) == 0 &&
      getsockname(fd, address.raw(), &address.len) == 0;
  if (is_bound) return fd;
  const int error = errno;
  close(fd);
  errno = error;
  return -1;
}

sigset_t block_stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

int serve(SocketAddress address, size_t num_workers) {
  const sigset_t signals = block_stop_signals();
  std::vector<std::unique_ptr<EchoWorker>> workers;
  for (size_t i = 0; i < num_workers; ++i) {
    const int socket = bound_socket(address);
    if (socket < 0) {
      std::fprintf(stderr, "udp_echo: cannot listen on %s: %s\n", address.text().c_str(),
                   std::strerror(errno));
      return kExitUsage;
    }
    workers.push_back(std::make_unique<EchoWorker>(socket, address.len));
  }
  std::atomic<bool> stopping = false;
  std::vector<std::thread> threads;
  for (const auto& worker : workers) {
    threads.emplace_back([&stopping, echo = worker.get()] { echo->run(stopping); });
  }
  std::printf("udp_echo: ready on %s; workers: %zu\n", address.text().c_str(), num_workers);
  std::fflush(stdout);
  int signal = 0;
  sigwait(&signals, &signal);
  stopping.store(true);
  for (std::thread& thread : threads) thread.join();
  return 0;
}

int run(int argc, char** argv) {
  CLI::App app("UDP echo: the bound of bench/wire");
  std::string listen;
  size_t num_workers = 1;
  app.add_option("--listen", listen, "numeric address and port")
      ->required()
      ->type_name("ADDR:PORT");
  app.add_option("--workers", num_workers, "threads, each with its socket")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }
  const auto address = parse_socket_address(listen);
  if (!address) {
    std::fprintf(stderr, "udp_echo: %s\n", address.error().text().c_str());
    return kExitUsage;
  }
  return serve(*address, num_workers);
}

}  // namespace
}  // namespace osprey::bench

int main(int argc, char** argv) { return osprey::bench::run(argc, argv); }
