// One worker on the udp port: the poll loop, and the hand-over to and from its siblings.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "dataplane/handoff.h"
#include "dataplane/socket/udp_port.h"
#include "dataplane/socket/waiting_room.h"
#include "framework/base/clock.h"
#include "framework/pipeline/line.h"

namespace osprey {

class UdpWorker final : public pipeline::Handoff {
 public:
  // `parts` without its handoff and place, which are this worker's own. `rings` is shared with the
  // siblings. Borrowed, except `port`.
  UdpWorker(const pipeline::LineParts& parts, pipeline::WorkerPlace place,
            std::unique_ptr<UdpPort> port, HandoffRings<KeptDatagram>& rings);

  // The siblings, in the order of their places; before any of them runs.
  void meet(std::vector<UdpWorker*> workers) { workers_ = std::move(workers); }

  // Serves until stop(). The worker's own thread.
  void run();
  // Any thread.
  void stop();

  const pipeline::VerdictCounters& counters() const { return line_.counters(); }
  const std::vector<SocketAddress>& addresses() const { return port_->addresses(); }

  bool give(oscore::WorkerIndex owner, const pipeline::Packet& packet) override;
  oscore::Verdict await_context(const pipeline::Packet& packet) override;

  // There is something for it in a ring. Any thread.
  void wake_if_asleep();

 private:
  size_t turn();
  size_t take_handed_over(std::span<UdpSlot> slots);
  size_t take_fetched(std::span<UdpSlot> slots);
  bool has_something();
  void sleep();
  void leave();

  pipeline::WorkerPlace place_;
  std::unique_ptr<UdpPort> port_;
  HandoffRings<KeptDatagram>& rings_;
  Quiescence* quiescence_;
  oscore::ContextFetcher* fetcher_;
  WaitingRoom waiting_;
  bool table_is_complete_ = true;  // since before this turn
  std::vector<UdpWorker*> workers_;
  std::unique_ptr<std::array<UdpSlot, kBatchMax>> slots_;
  pipeline::Line line_;
  oscore::WorkerIndex first_giver_ = 0;  // whose ring is looked into first; goes round
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> asleep_ = false;
};

}  // namespace osprey
