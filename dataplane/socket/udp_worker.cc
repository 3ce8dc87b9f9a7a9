#include "dataplane/socket/udp_worker.h"

#include <chrono>
#include <cstring>

namespace osprey {
namespace {

using oscore::Verdict;
using oscore::WorkerIndex;
using pipeline::Packet;

TimeNs monotonic_now() {
  const auto since_boot = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(since_boot).count();
}

pipeline::LineParts with_own(pipeline::LineParts parts, pipeline::WorkerPlace place,
                             pipeline::Handoff* handoff) {
  parts.place = place;
  parts.handoff = handoff;
  return parts;
}

}  // namespace

UdpWorker::UdpWorker(const pipeline::LineParts& parts, pipeline::WorkerPlace place,
                     std::unique_ptr<UdpPort> port, HandoffRings<KeptDatagram>& rings)
    : place_(place),
      port_(std::move(port)),
      rings_(rings),
      quiescence_(parts.quiescence),
      fetcher_(parts.fetcher),
      slots_(std::make_unique<std::array<UdpSlot, kBatchMax>>()),
      line_(with_own(parts, place, this)) {}

void UdpWorker::run() {
  while (!stopping_.load(std::memory_order_relaxed)) {
    if (turn() == 0) sleep();
  }
  leave();
}

// One turn of the loop. Never blocks, allocates or throws. Returns how many packets it served.
size_t UdpWorker::turn() {
  if (quiescence_ != nullptr) quiescence_->enter(place_.index);
  const std::span<UdpSlot> slots(*slots_);
  // Those handed over come first but get at most half a batch, so that under full load neither they
  // nor the port's own wait for ever.
  size_t num_packets = take_handed_over(slots.first(kBatchMax / 2));
  if (fetcher_ != nullptr) {
    table_is_complete_ = fetcher_->has_all();
    num_packets += take_fetched(slots.subspan(num_packets, kBatchMax / 4));
  }
  num_packets += port_->rx(slots.subspan(num_packets));
  if (num_packets == 0) return 0;

  std::array<Packet*, kBatchMax> batch;
  for (size_t i = 0; i < num_packets; ++i) batch[i] = &slots[i];
  line_.serve(std::span(batch).first(num_packets), monotonic_now());  // parse ... answer

  const size_t failed = port_->tx(slots.first(num_packets));
  line_.count(Verdict::kSendFailed, failed);
  return num_packets;
}

void UdpWorker::stop() {
  stopping_.store(true);
  port_->wake();
}

bool UdpWorker::give(WorkerIndex owner, const Packet& packet) {
  const auto& slot = static_cast<const UdpSlot&>(packet);
  const bool given =
      rings_.ring(place_.index, owner).push([&](KeptDatagram& handed) { handed.keep(slot); });
  if (given) workers_[owner]->wake_if_asleep();
  return given;
}

// The store says that the table is complete after it put the last context there, and the worker
// asks before it looks: what it then misses does not exist.
Verdict UdpWorker::await_context(const Packet& packet) {
  if (table_is_complete_ || packet.option.kid->size() > cose::kMaxIdLen) return Verdict::kNoContext;
  if (waiting_.is_full()) return Verdict::kFetchFull;
  const auto ticket = waiting_.enter(static_cast<const UdpSlot&>(packet));
  if (fetcher_->fetch(ticket, packet.option)) return Verdict::kAwaitsContext;
  waiting_.forget(ticket);
  return Verdict::kFetchFull;
}

size_t UdpWorker::take_fetched(std::span<UdpSlot> slots) {
  std::array<WaitingRoom::Ticket, kBatchMax> tickets;
  const size_t num_fetched = fetcher_->take_fetched(std::span(tickets).first(slots.size()));
  for (size_t i = 0; i < num_fetched; ++i) {
    waiting_.leave(tickets[i], slots[i]);
    slots[i].was_awaited = true;
  }
  return num_fetched;
}

// The sibling's sockets are bound to the same addresses in the same order, so its reply can leave
// from this worker's.
size_t UdpWorker::take_handed_over(std::span<UdpSlot> slots) {
  size_t taken = 0;
  first_giver_ = static_cast<WorkerIndex>((first_giver_ + 1) % place_.count);
  for (WorkerIndex i = 0; i < place_.count; ++i) {
    const auto from = static_cast<WorkerIndex>((first_giver_ + i) % place_.count);
    if (from == place_.index) continue;
    while (taken < slots.size() &&
           rings_.ring(from, place_.index).pop([&](const KeptDatagram& handed) {
             handed.put_into(slots[taken]);
           })) {
      ++taken;
    }
  }
  return taken;
}

bool UdpWorker::has_something() {
  if (fetcher_ != nullptr && fetcher_->has_fetched()) return true;
  for (WorkerIndex from = 0; from < place_.count; ++from) {
    if (from != place_.index && !rings_.ring(from, place_.index).empty()) return true;
  }
  return false;
}

// The flag goes up before the last look into the rings, and a giver looks at it after its push; so
// one of the two sees the other (both sequentially consistent).
void UdpWorker::sleep() {
  leave();
  asleep_.store(true);
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (!has_something() && !stopping_.load()) port_->sleep();
  asleep_.store(false);
}

// Nobody waits for a worker that looks nothing up.
void UdpWorker::leave() {
  if (quiescence_ != nullptr) quiescence_->leave(place_.index);
}

void UdpWorker::wake_if_asleep() {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (asleep_.load()) port_->wake();
}

}  // namespace osprey
