#include "storage/reserver.h"

#include <algorithm>

#include "framework/base/check.h"
#include "framework/base/crash_point.h"
#include "framework/base/fault.h"
#include "storage/records/sequence_record.h"

namespace osprey::storage {

using oscore::SecurityContext;
using oscore::SequenceRange;

uint32_t next_chunk(uint32_t last) {
  return last == 0 ? kFirstChunk : std::min(2 * last, kLastChunk);
}

std::optional<SequenceRange> next_range(uint64_t limit, uint32_t chunk_len, uint32_t epoch) {
  constexpr uint64_t kEpochLen = uint64_t{1} << oscore::kNumberInEpochBits;
  const uint64_t epoch_first = epoch * kEpochLen;
  // A context goes on in the epoch it is in; the store's own comes when that one is used up.
  const uint64_t own_end = limit == 0 ? 0 : oscore::epoch_start(limit - 1) + kEpochLen;
  uint64_t first = limit;
  uint64_t end = own_end;
  if (limit >= own_end) {
    if (limit > epoch_first) return std::nullopt;
    first = epoch_first;
    end = epoch_first + kEpochLen;
  }
  return SequenceRange{first, std::min(first + chunk_len, end)};
}

// Nothing when it takes a higher epoch and there is none. One try for a group is enough.
std::optional<Reserver::Grant> Reserver::choose(SecurityContext& context) {
  const uint32_t chunk_len = next_chunk(context.reserved().chunk_len);
  const uint64_t limit = context.reserved().limit();
  auto range = next_range(limit, chunk_len, store_.standing().epoch);
  if (!range) {
    if (refusal_) return std::nullopt;
    const uint64_t at_least = limit >> oscore::kNumberInEpochBits;
    if (auto raised = store_.raise_epoch(static_cast<uint32_t>(at_least)); !raised) {
      refusal_ = raised.error();
      return std::nullopt;
    }
    range = next_range(limit, chunk_len, store_.standing().epoch);
    CHECK(range.has_value());
  }
  return Grant{&context, *range, chunk_len};
}

Result<void> Reserver::serve(std::span<const StoreLink::NumbersRequest> requests) {
  grants_.clear();
  refusal_.reset();
  Database::Batch batch = store_.database().batch();
  for (const StoreLink::NumbersRequest& request : requests) {
    oscore::ReservedNumbers& reserved = request.context->reserved();
    // A worker that waits asks with every message.
    if (reserved.is_closed || reserved.is_chosen || reserved.limit() > request.used_limit) continue;
    const auto grant = choose(*request.context);
    if (!grant) continue;
    reserved.is_chosen = true;
    std::array<uint8_t, kSequenceRecordLen> record;
    Writer writer(record);
    write_sequence_record(writer, {grant->range.first, grant->range.limit});
    batch.put(Family::kSequences, context_key(*request.context, store_.wrap()).view(),
              writer.written());
    grants_.push_back(*grant);
  }
  if (grants_.empty()) return {};
  CRASH_POINT(kReservationBeforeWrite);
  const auto written = store_.database().write(batch, Durability::kSynced);
  for (const Grant& grant : grants_) grant.context->reserved().is_chosen = false;
  if (!written) return written;
  CRASH_POINT(kReservationWritten);
  for (const Grant& grant : grants_) {
    grant.context->reserved().chunk_len = grant.chunk_len;
    grant.context->reserved().publish(grant.range.limit);
  }
  CRASH_POINT(kReservationPublished);
  num_reservations_ += grants_.size();
  ++num_commits_;
  return {};
}

}  // namespace osprey::storage
