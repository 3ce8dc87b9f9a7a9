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
                     std::unique_ptr<UdpPort> port, HandoffRings<HandedDatagram>& rings)
    : place_(place),
      port_(std::move(port)),
      rings_(rings),
      slots_(std::make_unique<std::array<UdpSlot, kBatchMax>>()),
      line_(with_own(parts, place, this)) {}

void UdpWorker::run() {
  while (!stopping_.load(std::memory_order_relaxed)) {
    if (turn() == 0) sleep();
  }
}

// One turn of the loop. Never blocks, allocates or throws. Returns how many packets it served.
size_t UdpWorker::turn() {
  const std::span<UdpSlot> slots(*slots_);
  // Those handed over come first but get at most half a batch, so that under full load neither they
  // nor the port's own wait for ever.
  size_t num_packets = take_handed_over(slots.first(kBatchMax / 2));
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
  const bool given = rings_.ring(place_.index, owner).push([&](HandedDatagram& handed) {
    handed.len = slot.len;
    handed.socket_index = slot.socket_index;
    handed.peer = slot.peer;
    handed.local = slot.local;
    std::memcpy(handed.bytes.data(), slot.data, slot.len);
  });
  if (given) workers_[owner]->wake_if_asleep();
  return given;
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
           rings_.ring(from, place_.index).pop([&](const HandedDatagram& handed) {
             UdpSlot& slot = slots[taken];
             slot.data = slot.buffer.data();
             slot.capacity = slot.buffer.size();
             slot.response = &slot.own_response;
             slot.socket_index = handed.socket_index;
             slot.peer = handed.peer;
             slot.local = handed.local;
             std::memcpy(slot.data, handed.bytes.data(), handed.len);
             begin_packet(slot, handed.len);
           })) {
      ++taken;
    }
  }
  return taken;
}

bool UdpWorker::has_handed_over() {
  for (WorkerIndex from = 0; from < place_.count; ++from) {
    if (from != place_.index && !rings_.ring(from, place_.index).empty()) return true;
  }
  return false;
}

// The flag goes up before the last look into the rings, and a giver looks at it after its push; so
// one of the two sees the other (both sequentially consistent).
void UdpWorker::sleep() {
  asleep_.store(true);
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (!has_handed_over() && !stopping_.load()) port_->sleep();
  asleep_.store(false);
}

void UdpWorker::wake_if_asleep() {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (asleep_.load()) port_->wake();
}

}  // namespace osprey
