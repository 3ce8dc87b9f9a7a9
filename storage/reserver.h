// Reserves own numbers ahead of use (RFC 8613 B.1.1): chunks that grow with use, many contexts in
// one synced write, and only what is durable is published (I1).
//
//   epoch range   | given out | reserved, published | chunk | ... not yet reserved |
//                  E * 2^20    ^ next      limit ^                     (E + 1) * 2^20
//
// Thread: the store's.
#pragma once

#include <span>

#include "storage/opened_store.h"
#include "storage/store_link.h"

namespace osprey::storage {

inline constexpr uint32_t kFirstChunk = 32;
inline constexpr uint32_t kLastChunk = 65'536;

// How many numbers come after a chunk of `last` (0: none yet).
uint32_t next_chunk(uint32_t last);

// What comes next for a context whose reserved numbers end at `limit`, in a store in `epoch`;
// nothing when all up to that epoch's end is reserved.
std::optional<oscore::SequenceRange> next_range(uint64_t limit, uint32_t chunk_len, uint32_t epoch);

class Reserver {
 public:
  explicit Reserver(OpenedStore& store) : store_(store) {}

  // Reserves what `requests` ask for; those that have more by now, or are being removed, are passed
  // over. So is one that needs a higher epoch than the store can take, which refusal() tells: the
  // others have what they need, and it asks again. After an error nothing was published, and the
  // same may be asked again.
  Result<void> serve(std::span<const StoreLink::NumbersRequest> requests);

  // Of the last serve(); empty when there was none.
  const std::optional<Error>& refusal() const { return refusal_; }
  uint64_t num_reservations() const { return num_reservations_; }
  // In so many synced writes.
  uint64_t num_commits() const { return num_commits_; }

 private:
  struct Grant {
    oscore::SecurityContext* context;
    oscore::SequenceRange range;
    uint32_t chunk_len;
  };

  std::optional<Grant> choose(oscore::SecurityContext& context);

  OpenedStore& store_;
  std::vector<Grant> grants_;
  std::optional<Error> refusal_;
  uint64_t num_reservations_ = 0;
  uint64_t num_commits_ = 0;
};

}  // namespace osprey::storage
