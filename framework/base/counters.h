// A counter that one thread adds to and any thread reads.
#pragma once

#include <atomic>
#include <cstdint>

namespace osprey {

class Counter {
 public:
  // The owning thread alone, so no read-modify-write instruction is needed.
  void add(uint64_t n) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  uint64_t read() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_ = 0;
};

}  // namespace osprey
