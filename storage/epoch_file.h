// The epoch of one store: the top 20 of the 40 bits of every own sequence number (I1).
//
// In epoch E a context uses the numbers [E * 2^20, (E + 1) * 2^20). A start that is not provably
// the continuation of a clean stop takes a new epoch, so whatever was forgotten lies below. E
// stands in two copies, epoch.a and epoch.b:
//
//   magic (8) | version (2) | store id (16) | epoch (4) | allowance (4) | counted (8) | written (8)
//   | stop token (8) | generation (8) | inode (8) | birth (8) | SHA-256 of all before (32)
//
//   magic         "OSPEPOCH"
//   version       2. In every version the last 32 bytes are SHA-256 of what is before them, so that
//                 a newer one is told from a damaged one
//   store id      random; the database has it too
//   allowance     epochs that may be taken beyond those that the clock gives (below)
//   counted       unix seconds, up to which the clock's epochs were taken; at first when the store
//                 was made, but never before kEarliestNowS
//   written       unix seconds, when this copy was written
//   stop token    after a clean stop what the database says too, else 0
//   generation    how often the copies were written; for people who look at them
//   inode, birth  of this very file: a copy that was copied or restored is another file
//
// Big endian. An epoch counts, and its numbers may be used, only after both copies are durable.
// Therefore at any moment, whatever a power cut left, each copy that is whole says at least the
// last epoch that was used, and one of the two is enough. The copies are written one after the
// other, the worse one first, each beside the old one and then renamed.
//
// An older copy of a whole store, put back, does not know how many epochs were used since. So
// epochs are bound to the clock:
//
//   every ten minutes   one epoch is passed over, with the next raise, and the allowance grows by
//   one every raise         takes one from the allowance; with none left it is refused
//
// A snapshot of the whole machine, put back, thus begins above what came after it, if that was not
// more than one raise in ten minutes. And whoever adopts a copy knows what the store that it was
// made of can have reached at most: epoch + allowance + two for every ten minutes since.
//
// Thread: one at a time.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "framework/base/result.h"
#include "framework/oscore/sequence.h"
#include "storage/directory.h"
#include "storage/store_id.h"

namespace osprey::storage {

using oscore::kEpochBits;
inline constexpr uint32_t kMaxEpoch = (uint32_t{1} << kEpochBits) - 1;
inline constexpr int64_t kEpochFloorStepS = 600;

// The allowance of a new store, and the most it grows to: starts after crashes, ranges used up.
inline constexpr uint32_t kEpochAllowance = 16'384;

// How long after a clean stop its windows and numbers are taken at their word. A snapshot of the
// whole machine, put back later than that, takes a new epoch.
inline constexpr int64_t kCleanStopTrustS = 600;

// 2026-01-01: a clock that says less is wrong. A machine without a battery clock may well make its
// store before it knows the time; from 1970 on, the epochs would be used up already.
inline constexpr int64_t kEarliestNowS = 1'767'225'600;

class EpochFile {
 public:
  // Epoch 0, which is thereby used up, created at `now_s` (unix seconds). Refuses when a copy is
  // there already.
  static Result<EpochFile> create(DirectoryPtr directory, const StoreId& id, int64_t now_s);

  // Takes the higher of the whole copies. A damaged, missing or older one beside it is written anew
  // by the next raise. Refused: no whole copy; a copy of a newer version.
  static Result<EpochFile> open(DirectoryPtr directory);

  // True if one of the two copies is there, whole or not.
  static Result<bool> exists(const Directory& directory);

  // The highest epoch that may have been used.
  uint32_t epoch() const { return epoch_; }
  const StoreId& store_id() const { return store_id_; }
  uint32_t allowance() const { return allowance_; }

  // False if neither copy is the file that was written: the directory was copied or restored.
  bool is_in_place() const { return in_place_; }

  // The token of the clean stop that was the last thing to happen to the store; 0 if it was not, or
  // if there is any doubt: the copies differ, one is not in place, it is too long ago.
  uint64_t stop_token(int64_t now_s) const;

  // What to raise to at `now_s`, for a start that continues nothing or for numbers that are used
  // up; above `database_epoch` as well. Errors: the epochs are used up, all of them or the
  // allowance; the clock is far off.
  Result<uint32_t> next_epoch(int64_t now_s, uint32_t database_epoch = 0) const;

  // Makes the epoch at least `at_least`, durably in both copies, and forgets a clean stop. After an
  // error epoch() is what it was, and raise_to may be called again.
  Result<void> raise_to(uint32_t at_least, int64_t now_s);

  // Says durably that everything was saved under `stop_token` (not 0). The last thing a store does.
  Result<void> mark_clean_stop(uint64_t stop_token, int64_t now_s);

  // Takes the mark away again, durably: it is good for one start.
  Result<void> consume_clean_stop(int64_t now_s);

  // Makes a copied or restored store one of its own: in place, in an epoch above all that the other
  // life of the store can have reached by now, with a new allowance.
  //
  // That life may have been adopted itself, of which an older copy knows nothing. So every adoption
  // is noted beside the directory, in PATH.adopted, where a restore of the directory leaves it; on
  // another machine it must be put there by hand.
  Result<void> adopt(int64_t now_s);

 private:
  explicit EpochFile(DirectoryPtr directory) : directory_(std::move(directory)) {}
  // Epochs that the clock has given since they were counted.
  int64_t steps_until(int64_t now_s) const;
  Result<int64_t> highest_reach(int64_t now_s) const;
  Result<void> note_adoption() const;
  void count_until(int64_t now_s, uint32_t epoch);
  Result<void> write_both(uint32_t epoch, uint64_t stop_token, int64_t now_s);
  Result<void> write_copy(size_t copy, uint32_t epoch, uint64_t stop_token);

  DirectoryPtr directory_;
  StoreId store_id_{};
  uint32_t epoch_ = 0;
  uint32_t allowance_ = kEpochAllowance;
  int64_t counted_s_ = 0;
  int64_t written_s_ = 0;
  uint64_t stop_token_ = 0;  // what both copies say
  uint64_t generation_ = 0;
  bool in_place_ = false;
  std::array<bool, 2> is_current_{};  // whether this copy durably says all this
};

}  // namespace osprey::storage
