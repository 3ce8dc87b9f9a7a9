// One worker: the poll loop around the line, and the hand-over to and from its siblings.
//
//   rx -> serve (parse ... answer) -> tx        with what siblings hand over and what the store has
//                                               fetched in the same batch
//
// The loop is the same for every port. A port has
//
//   Slot, Kept               a packet with its buffer; a datagram apart from one
//   begin()                  on the worker's thread, before anything else
//   rx(slots), tx(slots)     up to kBatchMax; tx sends what has a reply, frees the rest, and
//   returns
//                            how many did not leave (verdict kSendFailed)
//   keep(slot, kept)         copies; restore(kept, slot) makes a slot again, false without a buffer
//   sleep(), wake()          between turns with nothing to do; wake from any thread
//   addresses(), tallies()   where it listens; what else it counts
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "dataplane/clock.h"
#include "dataplane/handoff.h"
#include "dataplane/tally.h"
#include "dataplane/waiting_room.h"
#include "framework/pipeline/line.h"

namespace osprey {

// A worker as whoever starts it sees it.
class Worker {
 public:
  Worker() = default;
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  virtual ~Worker() = default;

  // The siblings, in the order of their places; before any of them runs.
  virtual void meet(std::vector<Worker*> workers) = 0;
  // Serves until stop(). The worker's own thread.
  virtual void run() = 0;
  // Any thread, as the rest.
  virtual void stop() = 0;
  virtual void wake_if_asleep() = 0;
  virtual const pipeline::VerdictCounters& counters() const = 0;
  virtual std::vector<Tally> tallies() const = 0;
};

template <typename Port>
class PortWorker final : public Worker, public pipeline::Handoff {
 public:
  using Slot = typename Port::Slot;
  using Rings = HandoffRings<typename Port::Kept>;

  // `parts` without its handoff and place, which are this worker's own. `rings` is shared with the
  // siblings.
  PortWorker(pipeline::LineParts parts, pipeline::WorkerPlace place, std::unique_ptr<Port> port,
             std::shared_ptr<Rings> rings)
      : place_(place),
        port_(std::move(port)),
        rings_(std::move(rings)),
        quiescence_(parts.quiescence),
        fetcher_(parts.fetcher),
        slots_(std::make_unique<std::array<Slot, kBatchMax>>()),
        line_(with_own(parts)) {}

  void meet(std::vector<Worker*> workers) override { workers_ = std::move(workers); }

  void run() override {
    port_->begin();
    while (!stopping_.load(std::memory_order_relaxed)) {
      if (turn() == 0) sleep();
    }
    leave();
  }

  void stop() override {
    stopping_.store(true);
    port_->wake();
  }

  void wake_if_asleep() override {
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (asleep_.load()) port_->wake();
  }

  const pipeline::VerdictCounters& counters() const override { return line_.counters(); }
  std::vector<Tally> tallies() const override { return port_->tallies(); }

  bool give(oscore::WorkerIndex owner, const pipeline::Packet& packet) override {
    const auto& slot = static_cast<const Slot&>(packet);
    const bool given =
        rings_->ring(place_.index, owner).push([&](auto& kept) { port_->keep(slot, kept); });
    if (given) workers_[owner]->wake_if_asleep();
    return given;
  }

  // The store says that the table is complete after it put the last context there, and the worker
  // asks before it looks: what it then misses does not exist.
  oscore::Verdict await_context(const pipeline::Packet& packet) override {
    using oscore::Verdict;
    if (table_is_complete_ || packet.option.kid->size() > cose::kMaxIdLen) {
      return Verdict::kNoContext;
    }
    if (waiting_.is_full()) return Verdict::kFetchFull;
    const auto ticket = waiting_.enter(*port_, static_cast<const Slot&>(packet));
    if (fetcher_->fetch(ticket, packet.option)) return Verdict::kAwaitsContext;
    waiting_.forget(ticket);
    return Verdict::kFetchFull;
  }

 private:
  pipeline::LineParts with_own(pipeline::LineParts parts) {
    parts.place = place_;
    parts.handoff = this;
    return parts;
  }

  // One turn of the loop. Never blocks, allocates or throws. Returns how many packets it served.
  size_t turn() {
    if (quiescence_ != nullptr) quiescence_->enter(place_.index);
    const std::span<Slot> slots(*slots_);
    // Those handed over come first but get at most half a batch, so that under full load neither
    // they nor the port's own wait for ever.
    size_t num_packets = take_handed_over(slots.first(kBatchMax / 2));
    if (fetcher_ != nullptr) {
      table_is_complete_ = fetcher_->has_all();
      num_packets += take_fetched(slots.subspan(num_packets, kBatchMax / 4));
    }
    num_packets += port_->rx(slots.subspan(num_packets));
    if (num_packets == 0) return 0;

    std::array<pipeline::Packet*, kBatchMax> batch;
    for (size_t i = 0; i < num_packets; ++i) batch[i] = &slots[i];
    line_.serve(std::span(batch).first(num_packets), monotonic_now());  // parse ... answer

    line_.count(oscore::Verdict::kSendFailed, port_->tx(slots.first(num_packets)));
    return num_packets;
  }

  // The sibling's port has the same addresses in the same order, so its reply can leave from here.
  size_t take_handed_over(std::span<Slot> slots) {
    using oscore::WorkerIndex;
    size_t taken = 0;
    first_giver_ = static_cast<WorkerIndex>((first_giver_ + 1) % place_.count);
    for (WorkerIndex i = 0; i < place_.count; ++i) {
      const auto from = static_cast<WorkerIndex>((first_giver_ + i) % place_.count);
      if (from == place_.index) continue;
      auto& ring = rings_->ring(from, place_.index);
      while (taken < slots.size() &&
             ring.pop([&](const auto& kept) { taken += restore(kept, slots[taken]); })) {
      }
    }
    return taken;
  }

  size_t take_fetched(std::span<Slot> slots) {
    std::array<oscore::ContextFetcher::Ticket, kBatchMax> tickets;
    const size_t num_fetched = fetcher_->take_fetched(std::span(tickets).first(slots.size()));
    size_t taken = 0;
    for (size_t i = 0; i < num_fetched; ++i) {
      if (restore(waiting_.leave(tickets[i]), slots[taken]) == 0) continue;
      slots[taken++].was_awaited = true;
    }
    return taken;
  }

  // How many became packets again: 1, or 0 without a buffer.
  size_t restore(const typename Port::Kept& kept, Slot& slot) {
    if (port_->restore(kept, slot)) return 1;
    line_.count(oscore::Verdict::kNoBuffer);
    return 0;
  }

  bool has_something() {
    if (fetcher_ != nullptr && fetcher_->has_fetched()) return true;
    for (oscore::WorkerIndex from = 0; from < place_.count; ++from) {
      if (from != place_.index && !rings_->ring(from, place_.index).empty()) return true;
    }
    return false;
  }

  // The flag goes up before the last look into the rings, and a giver looks at it after its push;
  // so one of the two sees the other (both sequentially consistent).
  void sleep() {
    leave();
    asleep_.store(true);
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (!has_something() && !stopping_.load()) port_->sleep();
    asleep_.store(false);
  }

  // Nobody waits for a worker that looks nothing up.
  void leave() {
    if (quiescence_ != nullptr) quiescence_->leave(place_.index);
  }

  pipeline::WorkerPlace place_;
  std::unique_ptr<Port> port_;
  std::shared_ptr<Rings> rings_;
  Quiescence* quiescence_;
  oscore::ContextFetcher* fetcher_;
  WaitingRoom<Port> waiting_;
  bool table_is_complete_ = true;  // since before this turn
  std::vector<Worker*> workers_;
  std::unique_ptr<std::array<Slot, kBatchMax>> slots_;
  pipeline::Line line_;
  oscore::WorkerIndex first_giver_ = 0;  // whose ring is looked into first; goes round
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> asleep_ = false;
};

}  // namespace osprey
