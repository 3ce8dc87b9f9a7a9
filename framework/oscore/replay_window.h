// Replay window of one Recipient Context (RFC 8613 §7.4, sliding window of RFC 6347 §4.1.2.6).
//
//   too old | newest - size + 1 ......... newest | not seen yet
//   refuse  | one bit each: 1 = seen             | accept
//
// Two steps, since only an authenticated Partial IV may move the window: look before decrypting,
// record after. try_record decides, as one batch can carry the same Partial IV twice.
//
// A window starts unset: after a restart nobody knows what was seen. It accepts nothing until it
// is initialised, by initialise_empty (a context that was never used) or by initialise_at (an Echo
// exchange proved one Partial IV fresh, B.1.2).
//
// The bits form a ring indexed by Partial IV; windows up to 64 need no allocation.
// Thread: only the worker that owns the context, which makes the two steps atomic (§7.4).
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "framework/base/limits.h"

namespace osprey::oscore {

class ReplayWindow {
 public:
  // `size`: 1 to kMaxReplayWindow (CHECK), in numbers.
  explicit ReplayWindow(size_t size = kDefaultReplayWindow);

  size_t size() const { return size_; }
  bool is_set() const { return is_set_; }

  // Everything from 0 up is acceptable.
  void initialise_empty();
  // `piv` is seen, everything below it refused, everything above acceptable.
  void initialise_at(uint64_t piv);

  // True if `piv` is new and not too old. Changes nothing. False while unset.
  bool may_accept(uint64_t piv) const;

  // Marks `piv` seen. False, and no change, if it was seen, is too old, or the window is unset.
  [[nodiscard]] bool try_record(uint64_t piv);

  // What a set window is, for a store to keep over a clean stop: the newest number seen, plus one,
  // and the ring of bits.
  uint64_t next() const { return next_; }
  std::span<const uint64_t> words() const { return {ring(), num_words()}; }
  // Becomes the set window of this size that next() and words() came from. `words` must be as many
  // as this window's (CHECK); bits outside the window do not matter.
  void restore(uint64_t next, std::span<const uint64_t> words);

 private:
  bool bit(uint64_t piv) const;
  void set_bit(uint64_t piv);
  void clear_bit(uint64_t piv);
  uint64_t* ring() { return more_ ? more_.get() : &word_; }
  const uint64_t* ring() const { return more_ ? more_.get() : &word_; }
  size_t num_words() const;
  void fill(uint64_t word);
  void move_to(uint64_t piv);

  uint64_t next_ = 0;  // newest + 1: nothing at or above it was seen
  uint64_t word_ = 0;
  std::unique_ptr<uint64_t[]> more_;  // instead of word_, for windows above 64
  uint32_t capacity_;                 // bits in the ring: a power of two, at least size_
  uint16_t size_;
  bool is_set_ = false;
};

static_assert(kMaxReplayWindow <= UINT16_MAX);

}  // namespace osprey::oscore
