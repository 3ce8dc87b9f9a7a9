// Sender Sequence Numbers of one context (RFC 8613 §7.2.1, B.1.1).
//
// Numbers are taken only from a range that a store reserved durably beforehand; ranges only go up.
// So whatever happens to this process, no number is used twice (I1).
// Thread: only the worker that owns the context.
#pragma once

#include <cstdint>
#include <optional>

#include "framework/base/check.h"
#include "framework/oscore/option.h"

namespace osprey::oscore {

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
    return next_++;
  }

  // Goes on in `range`, which must lie above every number taken so far (CHECK), within 40 bits.
  void reserve(SequenceRange range) {
    CHECK(range.first >= next_);
    CHECK(range.limit <= kMaxSequenceNumber + 1);
    next_ = range.first;
    limit_ = range.limit;
  }

  // First number that was not taken yet.
  uint64_t next() const { return next_; }
  uint64_t limit() const { return limit_; }

 private:
  uint64_t next_ = 0;
  uint64_t limit_ = 0;
};

}  // namespace osprey::oscore
