// Hand-over of datagrams between workers: a context belongs to one worker, but the kernel or NIC
// may deliver its packets to another.
//
//   worker i --ring(i, j)--> worker j       one ring for each ordered pair, single producer,
//                                           single consumer, fixed size, nothing allocated
//
// The datagram is copied: buffers never change their owner. The first worker on which a context's
// packets arrive owns it, so in steady state the rings are empty.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "framework/base/check.h"
#include "framework/oscore/context.h"

namespace osprey {

// Single-producer single-consumer ring. A full ring refuses; it never overwrites.
template <typename T>
class SpscRing {
 public:
  // `capacity`: a power of two (CHECK).
  explicit SpscRing(size_t capacity)
      : mask_(capacity - 1), items_(std::make_unique<T[]>(capacity)) {
    CHECK(capacity > 0 && (capacity & mask_) == 0);
  }

  // Producer: `fill(T&)` writes the item in place. False if the ring is full.
  template <typename Fill>
  bool push(Fill fill) {
    const size_t head = head_.load(std::memory_order_relaxed);
    if (head - tail_.load(std::memory_order_acquire) > mask_) return false;
    fill(items_[head & mask_]);
    head_.store(head + 1, std::memory_order_release);
    return true;
  }

  // Consumer: `use(const T&)` reads the item in place. False if the ring is empty.
  template <typename Use>
  bool pop(Use use) {
    const size_t tail = tail_.load(std::memory_order_relaxed);
    if (tail == head_.load(std::memory_order_acquire)) return false;
    use(items_[tail & mask_]);
    tail_.store(tail + 1, std::memory_order_release);
    return true;
  }

  bool empty() const {
    return tail_.load(std::memory_order_acquire) == head_.load(std::memory_order_acquire);
  }

 private:
  alignas(64) std::atomic<size_t> head_ = 0;  // producer writes
  alignas(64) std::atomic<size_t> tail_ = 0;  // consumer writes
  alignas(64) const size_t mask_;
  std::unique_ptr<T[]> items_;
};

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
