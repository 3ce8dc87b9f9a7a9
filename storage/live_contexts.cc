#include "storage/live_contexts.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "framework/base/crash_point.h"
#include "framework/base/fault.h"
#include "storage/records/window_record.h"

namespace osprey::storage {

using oscore::SecurityContext;
using oscore::SequenceRange;

std::optional<SequenceRecord> saved_numbers(Bytes record, const Standing& standing) {
  if (record.empty()) return std::nullopt;
  if (const auto saved = parse_sequence_record(record)) return *saved;
  const uint64_t end = (uint64_t{standing.epoch} + 1) << oscore::kNumberInEpochBits;
  return SequenceRecord{end, end};
}

SequenceRange first_range(const std::optional<SequenceRecord>& saved, const Standing& standing) {
  const uint64_t epoch_first = uint64_t{standing.epoch} << oscore::kNumberInEpochBits;
  const uint64_t doubt_first = uint64_t{standing.epoch_of_doubt} << oscore::kNumberInEpochBits;
  if (saved && standing.continues && saved->next >= doubt_first) return {saved->next, saved->limit};
  if (saved && saved->limit > epoch_first) return {saved->limit, saved->limit};
  return {epoch_first, epoch_first + kNumbersWithEpoch};
}

SecurityContext* LiveContexts::find(const ContextRecord& record) const {
  oscore::OscoreOption option;
  option.kid = record.parameters.recipient_id;
  if (record.parameters.id_context) option.kid_context = *record.parameters.id_context;
  for (size_t nth = 0;; ++nth) {
    SecurityContext* context = table_.find(option, nth);
    if (context == nullptr) return nullptr;
    const bool same_kind =
        context->id_context().has_value() == record.parameters.id_context.has_value();
    if (same_kind && equal(context->recipient_key().reveal(), record.keys.recipient_key.reveal())) {
      return context;
    }
  }
}

Result<SecurityContext*> LiveContexts::bring_in(const ContextRecord& record,
                                                const SavedState& saved, const Standing& standing) {
  if (SecurityContext* there = find(record)) return there;
  if (!record.enabled) return nullptr;
  auto context = std::make_unique<SecurityContext>(record.parameters, record.keys);
  const SequenceRange range = first_range(saved.sequence, standing);
  context->sequence().reserve(range);
  context->reserved().publish(range.limit);
  context->reserved().loaded_next = range.first;
  if ((standing.continues || FAULT(kStaleWindow)) && !saved.window.empty()) {
    // A window that does not fit any more stays unset: B.1.2 sets it.
    static_cast<void>(restore_window(context->window(), saved.window, standing.epoch_of_doubt));
  }
  if (FAULT(kEmptyWindow) && !context->window().is_set()) context->window().initialise_empty();
  return table_.add(std::move(context));
}

void LiveContexts::take_out(SecurityContext& context) {
  context.reserved().is_closed = true;
  auto removed = table_.remove(context);
  CRASH_POINT(kContextRemoved);
  retired_.push_back({std::move(removed), readers_.begin_grace()});
}

void LiveContexts::wait_for_grace() const {
  constexpr std::chrono::microseconds kPause{50};
  for (const Retired& retired : retired_) {
    while (!readers_.has_passed(retired.ticket)) std::this_thread::sleep_for(kPause);
  }
}

std::vector<std::unique_ptr<SecurityContext>> LiveContexts::take_unused() {
  std::vector<std::unique_ptr<SecurityContext>> unused;
  std::erase_if(retired_, [&](Retired& retired) {
    if (!readers_.has_passed(retired.ticket)) return false;
    unused.push_back(std::move(retired.context));
    return true;
  });
  return unused;
}

}  // namespace osprey::storage
