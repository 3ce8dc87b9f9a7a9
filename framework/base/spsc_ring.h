// Single-producer single-consumer ring: how one thread passes items to one other without a lock.
//
// Fixed size, items in place, nothing allocated after the start. A full ring refuses; it never
// overwrites.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

#include "framework/base/check.h"

namespace osprey {

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

}  // namespace osprey
