#include "bench/wire/closed_loop.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "bench/wire/clock.h"
#include "framework/base/hash.h"
#include "framework/base/limits.h"

namespace osprey::bench {
namespace {

constexpr int kSocketBufferLen = 8 << 20;  // bytes; the kernel grants at most its own limit
// A round trip through a full window takes milliseconds.
constexpr TimeNs kWriteOffAfter = 500 * kMillisecond;
// A lane that wrote off so many windows without hearing anything between has no server.
constexpr int kMaxSilences = 4;

enum class State : uint8_t { kPrepared, kInFlight, kAnswered, kLost };

// What all lanes share.
struct Run {
  const PreparedRequests& requests;
  const LoopOptions& options;
  std::vector<State> states;
  LoopResult result;
};

// Whether the response to request i is kept: spread over all contexts.
bool is_kept(size_t i, size_t keep_every) { return mix64(i) % keep_every == 0; }

// One source port and its share of a leg: requests first, first + step, ... below end.
class Lane {
 public:
  Lane(Run& run, int socket, size_t first, size_t step, size_t end)
      : run_(run), socket_(socket), first_(first), next_(first), step_(step), end_(end) {
    for (size_t i = 0; i < kBatchMax; ++i) {
      incoming_parts_[i] = {buffers_[i].data(), buffers_[i].size()};
      incoming_[i].msg_hdr.msg_iov = &incoming_parts_[i];
      incoming_[i].msg_hdr.msg_iovlen = 1;
      outgoing_[i].msg_hdr.msg_iov = &outgoing_parts_[i];
      outgoing_[i].msg_hdr.msg_iovlen = 1;
    }
  }
  ~Lane() { close(socket_); }
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  bool is_done() const { return next_ >= end_ && in_flight_ == 0; }
  bool has_no_server() const { return silences_ == kMaxSilences; }
  // Writes off what is in flight and sends nothing more.
  void stop() {
    write_off();
    next_ = end_;
  }

  void turn(TimeNs now) {
    const size_t room = run_.options.window - in_flight_;
    // Not one by one, so that a system call carries many.
    if (room >= std::min(kBatchMax, run_.options.window / 4)) send(std::min(room, kBatchMax));
    if (receive() > 0) {
      heard_at_ = now;
      silences_ = 0;
    } else if (heard_at_ == 0) {
      heard_at_ = now;
    } else if (now - heard_at_ > kWriteOffAfter) {
      write_off();
      heard_at_ = now;
      ++silences_;
    }
  }

 private:
  void send(size_t at_most) {
    size_t count = 0;
    for (size_t i = next_; i < end_ && count < at_most; i += step_) {
      const Bytes datagram = run_.requests.datagram(i);
      // The kernel only reads it.
      outgoing_parts_[count++] = {const_cast<uint8_t*>(datagram.data()), datagram.size()};
    }
    if (count == 0) return;
    const int sent =
        sendmmsg(socket_, outgoing_.data(), static_cast<unsigned>(count), MSG_DONTWAIT);
    for (int k = 0; k < sent; ++k) {
      run_.states[next_] = State::kInFlight;
      next_ += step_;
      ++in_flight_;
      ++run_.result.sent;
    }
  }

  size_t receive() {
    const int received = recvmmsg(socket_, incoming_.data(), kBatchMax, MSG_DONTWAIT, nullptr);
    if (received <= 0) return 0;
    for (int k = 0; k < received; ++k) take(Bytes(buffers_[k]).first(incoming_[k].msg_len));
    return static_cast<size_t>(received);
  }

  void take(Bytes datagram) {
    const size_t i = run_.requests.index_of(datagram);
    if (i == run_.requests.size() || run_.states[i] != State::kInFlight) {
      ++run_.result.wrong;
      return;
    }
    run_.states[i] = State::kAnswered;
    --in_flight_;
    ++run_.result.responses;
    const bool has_right_code = datagram[1] == static_cast<uint8_t>(run_.options.outer_code);
    if (!has_right_code || datagram.size() > KeptResponse::kRoom) {
      ++run_.result.wrong;
    } else if (is_kept(i, run_.options.keep_every)) {
      keep(i, datagram);
    }
  }

  void keep(size_t i, Bytes datagram) {
    KeptResponse& kept = run_.result.kept.emplace_back();
    kept.index = i;
    kept.len = datagram.size();
    std::memcpy(kept.bytes.data(), datagram.data(), datagram.size());
  }

  void write_off() {
    for (size_t i = first_; i < next_ && in_flight_ > 0; i += step_) {
      if (run_.states[i] != State::kInFlight) continue;
      run_.states[i] = State::kLost;
      --in_flight_;
      ++run_.result.lost;
    }
  }

  Run& run_;
  int socket_;
  size_t first_;
  size_t next_;
  size_t step_;
  size_t end_;
  size_t in_flight_ = 0;
  TimeNs heard_at_ = 0;
  int silences_ = 0;
  std::array<mmsghdr, kBatchMax> incoming_{};
  std::array<mmsghdr, kBatchMax> outgoing_{};
  std::array<iovec, kBatchMax> incoming_parts_;
  std::array<iovec, kBatchMax> outgoing_parts_;
  std::array<std::array<uint8_t, 2 * KeptResponse::kRoom>, kBatchMax> buffers_;
};

// -1 with errno set on failure.
int connected_socket(const SocketAddress& server) {
  const int fd = socket(server.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || connect(fd, server.raw(), server.len) != 0) return -1;
  const int len = kSocketBufferLen;
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &len, sizeof len) != 0) {
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &len, sizeof len);
  }
  return fd;
}

using Lanes = std::vector<std::unique_ptr<Lane>>;

// Lanes with fresh source ports for the requests [first, end).
Result<Lanes> open_lanes(Run& run, size_t first, size_t end) {
  Lanes lanes;
  for (size_t i = 0; i < run.options.num_ports; ++i) {
    const int socket = connected_socket(run.options.server);
    if (socket < 0) {
      return fail("no socket to " + run.options.server.text() + ": " + std::strerror(errno));
    }
    lanes.push_back(std::make_unique<Lane>(run, socket, first + i, run.options.num_ports, end));
  }
  return lanes;
}

// Touches the memory now, so that nothing faults while the clock runs.
void make_room(std::vector<KeptResponse>& kept, size_t num_requests, size_t keep_every) {
  size_t count = 0;
  for (size_t i = 0; i < num_requests; ++i) count += is_kept(i, keep_every);
  kept.resize(count);
  kept.clear();
}

Result<void> run_leg(const Lanes& lanes, TimeNs deadline) {
  for (bool is_done = false; !is_done;) {
    const TimeNs now = monotonic_now();
    is_done = true;
    for (const auto& lane : lanes) {
      if (now > deadline) lane->stop();
      if (!lane->is_done()) lane->turn(now);
      if (lane->has_no_server()) return fail("nobody answers any more", "look at the server's log");
      is_done &= lane->is_done();
    }
  }
  return {};
}

}  // namespace

Result<LoopResult> run_closed_loop(const PreparedRequests& requests, const LoopOptions& options,
                                   pid_t server_pid) {
  Run run{requests, options, std::vector<State>(requests.size(), State::kPrepared), {}};
  make_room(run.result.kept, requests.size(), options.keep_every);
  const TimeNs deadline = monotonic_now() + options.time_limit;
  const size_t leg = options.num_ports * kIdsPerPort;
  for (size_t first = 0; first < requests.size() && monotonic_now() < deadline; first += leg) {
    auto lanes = open_lanes(run, first, std::min(requests.size(), first + leg));
    if (!lanes) return tl::unexpected(lanes.error());
    const TimeNs cpu_before = cpu_time_of(server_pid);
    const TimeNs before = monotonic_now();
    if (auto ran = run_leg(*lanes, deadline); !ran) return tl::unexpected(ran.error());
    run.result.duration += monotonic_now() - before;
    run.result.server_cpu += cpu_time_of(server_pid) - cpu_before;
  }
  return std::move(run.result);
}

}  // namespace osprey::bench
