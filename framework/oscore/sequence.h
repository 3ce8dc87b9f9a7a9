// Sender Sequence Numbers of one context (RFC 8613 §7.2.1, B.1.1).
//
// Numbers are taken only from a range that a store reserved durably beforehand; ranges only go up.
// So whatever happens to this process, no number is used twice (I1).
// Thread: only the worker that owns the context, but for ReservedNumbers.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <optional>

#include "framework/base/check.h"
#include "framework/base/fault.h"
#include "framework/oscore/option.h"

namespace osprey::oscore {

// An own number is the epoch of its store (storage/epoch_file.h) and a number within it.
inline constexpr unsigned kEpochBits = 20;
inline constexpr unsigned kNumberInEpochBits = 20;
static_assert((uint64_t{1} << (kEpochBits + kNumberInEpochBits)) == kMaxSequenceNumber + 1);

// First number of the epoch that `number` is in.
inline uint64_t epoch_start(uint64_t number) {
  return number >> kNumberInEpochBits << kNumberInEpochBits;
}

// Own numbers [first, limit).
struct SequenceRange {
  uint64_t first = 0;
  uint64_t limit = 0;
};

class SenderSequence {
 public:
  // The next number, used up by this call; nothing when the reserved range is.
  [[nodiscard]] std::optional<uint64_t> take() {
    if (next_ >= limit_) return std::nullopt;
    return FAULT(kNumberNotUsedUp) ? next_++ & ~uint64_t{7} : next_++;
  }

  // Goes on in `range`, which must lie above every number taken so far (CHECK), within 40 bits.
  void reserve(SequenceRange range) {
    CHECK(range.first >= next_);
    CHECK(range.limit <= kMaxSequenceNumber + 1);
    next_ = FAULT(kRangeGivenTwice) ? epoch_start(range.first) : range.first;
    limit_ = range.limit;
    low_water_ = range.first + (range.limit - range.first) / 2;
  }

  // Half of the range is used up, and it is not noted yet that more should be reserved.
  bool is_low() const { return next_ >= low_water_; }
  void note_low() { low_water_ = UINT64_MAX; }

  // First number that was not taken yet.
  uint64_t next() const { return next_; }
  uint64_t limit() const { return limit_; }

 private:
  uint64_t next_ = 0;
  uint64_t limit_ = 0;
  uint64_t low_water_ = UINT64_MAX;
};

// How far own numbers are reserved durably, where the store and the owner of the context meet.
// Thread: range_above by the owner; limit by any; the rest by the store's.
class ReservedNumbers {
 public:
  // Numbers up to `limit` are durable, from where the last range ended or, if that is in an older
  // epoch, from the first number of this one.
  void publish(uint64_t limit) { limit_.store(limit, std::memory_order_release); }
  uint64_t limit() const { return limit_.load(std::memory_order_acquire); }

  // What was reserved since the owner's range ended at `used_limit`; nothing if nothing was.
  std::optional<SequenceRange> range_above(uint64_t used_limit) const {
    const uint64_t reserved = limit();
    if (reserved <= used_limit) return std::nullopt;
    return SequenceRange{std::max(used_limit, epoch_start(reserved - 1)), reserved};
  }

  uint64_t loaded_next = 0;  // the next number when the context came into memory
  uint32_t chunk_len = 0;    // of the last range reserved
  bool is_closed = false;    // the context is being removed: nothing more is reserved
  bool is_chosen = false;    // for the group of reservations that is being made

 private:
  std::atomic<uint64_t> limit_ = 0;
};

}  // namespace osprey::oscore
