// Latencies in logarithmic buckets: 32 for each doubling, so a figure is at most 3 % off.
//
//   value   bucket
//   0-31    the value itself
//   more    32 * (doublings above 32) + the five bits below the leading one
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>

#include "framework/base/clock.h"

namespace osprey::blast {

class Histogram {
 public:
  void add(TimeNs value_ns) {
    const auto value = static_cast<uint64_t>(value_ns < 0 ? 0 : value_ns);
    ++counts_[bucket(value)];
    ++total_;
    if (value_ns > max_ns_) max_ns_ = value_ns;
  }

  void merge(const Histogram& other) {
    for (size_t i = 0; i < kNumBuckets; ++i) counts_[i] += other.counts_[i];
    total_ += other.total_;
    if (other.max_ns_ > max_ns_) max_ns_ = other.max_ns_;
  }

  // Upper bound of the bucket in which `part` (0 to 1) of all values are reached; 0 without values.
  TimeNs quantile(double part) const {
    const auto wanted = static_cast<uint64_t>(std::ceil(part * static_cast<double>(total_)));
    uint64_t seen = 0;
    for (size_t i = 0; i < kNumBuckets; ++i) {
      seen += counts_[i];
      if (seen >= wanted && seen > 0) return upper_bound(i) < max_ns_ ? upper_bound(i) : max_ns_;
    }
    return max_ns_;
  }

  TimeNs max() const { return max_ns_; }
  uint64_t total() const { return total_; }

 private:
  static constexpr unsigned kBits = 5;
  static constexpr uint64_t kLinear = 1 << kBits;
  static constexpr size_t kNumBuckets = (64 - kBits + 1) * kLinear;

  static size_t bucket(uint64_t value) {
    if (value < kLinear) return value;
    const auto doublings = static_cast<unsigned>(std::bit_width(value)) - kBits - 1;
    return (doublings + 1) * kLinear + ((value >> doublings) - kLinear);
  }
  static TimeNs upper_bound(size_t i) {
    if (i < kLinear) return static_cast<TimeNs>(i);
    const size_t doublings = i / kLinear - 1;
    return static_cast<TimeNs>(((kLinear + i % kLinear + 1) << doublings) - 1);
  }

  std::array<uint64_t, kNumBuckets> counts_{};
  uint64_t total_ = 0;
  TimeNs max_ns_ = 0;
};

}  // namespace osprey::blast
