// The epoch of one store: the top 20 of the 40 bits of every own sequence number (I1).
//
// In epoch E a context uses the numbers [E * 2^20, (E + 1) * 2^20). Every start takes a new epoch,
// so whatever a crash forgot lies below. E stands in two copies, epoch.a and epoch.b:
//
//   magic (8) | version (2) | epoch (4) | created (8) | generation (8) | SHA-256 of all before (32)
//
//   magic       "OSPEPOCH"
//   version     1. In every version the last 32 bytes are SHA-256 of what is before them, so that
//               a newer one is told from a damaged one
//   created     unix seconds, when the store was made; never before kEarliestNowS
//   generation  how often the copies were written; for people who look at them
//
// Big endian. An epoch counts, and its numbers may be used, only after both copies are durable.
// Therefore at any moment, whatever a power cut left, each copy that is whole says at least the
// last epoch that was used, and one of the two is enough. The copies are written one after the
// other, the worse one first, each beside the old one and then renamed.
//
// Thread: one at a time.
#pragma once

#include <array>
#include <cstdint>

#include "framework/base/result.h"
#include "storage/directory.h"

namespace osprey::storage {

inline constexpr unsigned kEpochBits = 20;
inline constexpr uint32_t kMaxEpoch = (uint32_t{1} << kEpochBits) - 1;
inline constexpr int64_t kEpochFloorStepS = 600;

// 2026-01-01: a clock that says less is wrong. A machine without a battery clock may well make its
// store before it knows the time; from 1970 on, the epochs would be used up already.
inline constexpr int64_t kEarliestNowS = 1'767'225'600;

class EpochFile {
 public:
  // Epoch 0, which is thereby used up, created at `now_s` (unix seconds). Refuses when a copy is
  // there already.
  static Result<EpochFile> create(DirectoryPtr directory, int64_t now_s);

  // Takes the higher of the whole copies. A damaged, missing or older one beside it is written anew
  // by the next raise. Refused: no whole copy; a copy of a newer version.
  static Result<EpochFile> open(DirectoryPtr directory);

  // True if one of the two copies is there, whole or not.
  static Result<bool> exists(const Directory& directory);

  // The highest epoch that may have been used.
  uint32_t epoch() const { return epoch_; }
  int64_t created_s() const { return created_s_; }

  // What a start at `now_s` must raise to: above every epoch that was used, and not below one step
  // per 10 minutes since the store was made, because the copies may be older than they look (a
  // restored directory). Errors: the epochs are used up; the clock is far off.
  Result<uint32_t> epoch_for_start(int64_t now_s) const;

  // Makes the epoch at least `at_least`, durably in both copies. After an error epoch() is what it
  // was, and raise_to may be called again.
  Result<void> raise_to(uint32_t at_least);

 private:
  explicit EpochFile(DirectoryPtr directory) : directory_(std::move(directory)) {}
  Result<void> write_copy(size_t copy, uint32_t epoch);

  DirectoryPtr directory_;
  uint32_t epoch_ = 0;
  int64_t created_s_ = 0;
  uint64_t generation_ = 0;
  std::array<bool, 2> is_current_{};  // whether this copy durably says epoch_
};

}  // namespace osprey::storage
