// One worker on the udp port: the poll loop, and the hand-over to and from its siblings.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "dataplane/handoff.h"
#include "dataplane/socket/udp_port.h"
#include "framework/base/clock.h"
#include "framework/pipeline/line.h"

namespace osprey {

// A datagram that crosses from one worker to another.
struct HandedDatagram {
  size_t len = 0;
  size_t socket_index = 0;
  SocketAddress peer;
  LocalAddress local;
  std::array<uint8_t, kMaxDatagram> bytes;
};

class UdpWorker final : public pipeline::Handoff {
 public:
  // `parts` without its handoff and place, which are this worker's own. `rings` is shared with the
  // siblings. Borrowed, except `port`.
  UdpWorker(const pipeline::LineParts& parts, pipeline::WorkerPlace place,
            std::unique_ptr<UdpPort> port, HandoffRings<HandedDatagram>& rings);

  // The siblings, in the order of their places; before any of them runs.
  void meet(std::vector<UdpWorker*> workers) { workers_ = std::move(workers); }

  // Serves until stop(). The worker's own thread.
  void run();
  // Any thread.
  void stop();

  const pipeline::VerdictCounters& counters() const { return line_.counters(); }
  const std::vector<SocketAddress>& addresses() const { return port_->addresses(); }

  bool give(oscore::WorkerIndex owner, const pipeline::Packet& packet) override;

 private:
  size_t turn();
  size_t take_handed_over(std::span<UdpSlot> slots);
  bool has_handed_over();
  void sleep();
  void wake_if_asleep();

  pipeline::WorkerPlace place_;
  std::unique_ptr<UdpPort> port_;
  HandoffRings<HandedDatagram>& rings_;
  std::vector<UdpWorker*> workers_;
  std::unique_ptr<std::array<UdpSlot, kBatchMax>> slots_;
  pipeline::Line line_;
  oscore::WorkerIndex first_giver_ = 0;  // whose ring is looked into first; goes round
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> asleep_ = false;
};

}  // namespace osprey
