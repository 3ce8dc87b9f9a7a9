// Hand-over of datagrams between workers: a context belongs to one worker, but the kernel or NIC
// may deliver its packets to another.
//
//   worker i --ring(i, j)--> worker j       one ring for each ordered pair, single producer,
//                                           single consumer, fixed size, nothing allocated
//
// The datagram is copied: buffers never change their owner. The first worker on which a context's
// packets arrive owns it, so in steady state the rings are empty.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "framework/base/check.h"
#include "framework/base/spsc_ring.h"
#include "framework/oscore/context.h"

namespace osprey {

// The rings of one port type among `count` workers.
template <typename Item>
class HandoffRings {
 public:
  static constexpr size_t kCapacity = 128;  // datagrams for each pair

  explicit HandoffRings(oscore::WorkerIndex count) : count_(count) {
    for (size_t i = 0; i < size_t{count} * count; ++i) {
      const bool to_itself = i / count == i % count;
      rings_.push_back(to_itself ? nullptr : std::make_unique<SpscRing<Item>>(kCapacity));
    }
  }

  SpscRing<Item>& ring(oscore::WorkerIndex from, oscore::WorkerIndex to) {
    CHECK(from != to);
    return *rings_[size_t{from} * count_ + to];
  }

  oscore::WorkerIndex count() const { return count_; }

 private:
  oscore::WorkerIndex count_;
  std::vector<std::unique_ptr<SpscRing<Item>>> rings_;
};

}  // namespace osprey
