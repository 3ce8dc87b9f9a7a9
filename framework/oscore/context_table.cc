#include "framework/oscore/context_table.h"

#include "framework/base/hash.h"

namespace osprey::oscore {

ContextTable::ContextTable(uint64_t hash_key, size_t num_workers)
    : hash_key_(hash_key),
      num_workers_(num_workers),
      by_kid_(ContextIndex::Key::kKid, hash_key),
      by_kid_context_(ContextIndex::Key::kKidAndIdContext, hash_key),
      strict_by_kid_(ContextIndex::Key::kKid, hash_key) {
  CHECK(num_workers > 0 && num_workers < kNoWorker);
}

void ContextTable::expect(size_t num_contexts, size_t num_with_id_context) {
  contexts_.reserve(num_contexts);
  by_kid_.expect(num_contexts);
  by_kid_context_.expect(num_with_id_context);
}

ContextIndex& ContextTable::kid_index_of(const SecurityContext& context) {
  const bool is_strict = context.id_context() && context.requires_kid_context();
  return is_strict ? strict_by_kid_ : by_kid_;
}

Result<SecurityContext*> ContextTable::add(std::unique_ptr<SecurityContext> context) {
  CHECK(contexts_.size() < UINT32_MAX);
  if (const SecurityContext* twin = twin_of(*context)) {
    return fail(
        "contexts " + twin->name() + " and " + context->name() + " have the same Recipient Key",
        "remove one of them: a request for one would be accepted again by the other");
  }
  SecurityContext& added = *context;
  take_owner_of_namesakes(added);
  mark_if_shared(added);
  added.position_ = static_cast<uint32_t>(contexts_.size());
  contexts_.push_back(std::move(context));
  size_.store(contexts_.size(), std::memory_order_relaxed);
  kid_index_of(added).insert(added);  // from here on workers find it
  if (added.id_context()) by_kid_context_.insert(added);
  return &added;
}

// One with the same IDs and Recipient Key.
const SecurityContext* ContextTable::twin_of(const SecurityContext& context) const {
  const auto id_context = context.id_context();
  const ContextIndex& index = id_context ? by_kid_context_ : by_kid_;
  const SecurityContext* other = index.find(context.recipient_id(), id_context.value_or(Bytes()));
  for (; other != nullptr; other = index.next(*other)) {
    if (equal(other->recipient_key().reveal(), context.recipient_key().reveal())) return other;
  }
  return nullptr;
}

// All that have this Recipient ID already have one owner, or there is only one of them: so the
// first will do. A worker may be claiming it at this moment; one of the two claims wins.
void ContextTable::take_owner_of_namesakes(SecurityContext& added) {
  const Bytes kid = added.recipient_id();
  SecurityContext* namesake = by_kid_.find(kid, {});
  if (namesake == nullptr) namesake = strict_by_kid_.find(kid, {});
  if (namesake == nullptr) return;
  const auto wish = static_cast<WorkerIndex>(hash_bytes(hash_key_, kid) % num_workers_);
  added.claim(namesake->claim(wish));
}

// Two contexts share their IDs if either kind of request can mean both. Marking the first of those
// that `added` joins will do: if there are more, they are marked.
void ContextTable::mark_if_shared(SecurityContext& added) {
  const auto mark_with = [&](SecurityContext* other) {
    if (other == nullptr) return;
    other->set_shares_ids();
    added.set_shares_ids();
  };
  const Bytes kid = added.recipient_id();
  if (const auto id_context = added.id_context()) mark_with(by_kid_context_.find(kid, *id_context));
  if (&kid_index_of(added) == &by_kid_) mark_with(by_kid_.find(kid, {}));
}

std::unique_ptr<SecurityContext> ContextTable::remove(SecurityContext& context) {
  const size_t position = context.position_;
  CHECK(position < contexts_.size() && contexts_[position].get() == &context);
  kid_index_of(context).remove(context);
  if (context.id_context()) by_kid_context_.remove(context);

  std::unique_ptr<SecurityContext> removed = std::move(contexts_[position]);
  if (position + 1 < contexts_.size()) {
    contexts_[position] = std::move(contexts_.back());
    contexts_[position]->position_ = static_cast<uint32_t>(position);
  }
  contexts_.pop_back();
  size_.store(contexts_.size(), std::memory_order_relaxed);
  return removed;
}

void ContextTable::reclaim(Quiescence& readers) {
  for (ContextIndex* index : {&by_kid_, &by_kid_context_, &strict_by_kid_}) {
    index->reclaim(readers);
  }
}

const ContextIndex& ContextTable::index_for(const OscoreOption& option) const {
  return option.kid_context ? by_kid_context_ : by_kid_;
}

SecurityContext* ContextTable::find(const OscoreOption& option, size_t nth) const {
  const ContextIndex& index = index_for(option);
  SecurityContext* found = index.find(*option.kid, option.kid_context.value_or(Bytes()));
  for (; found != nullptr && nth > 0; --nth) found = index.next(*found);
  return found;
}

void ContextTable::prefetch_slot(const OscoreOption& option) const {
  index_for(option).prefetch_slot(*option.kid, option.kid_context.value_or(Bytes()));
}

void ContextTable::prefetch_context(const OscoreOption& option) const {
  index_for(option).prefetch_context(*option.kid, option.kid_context.value_or(Bytes()));
}

SecurityContext* ContextTable::find_by_name(std::string_view name) const {
  for (const auto& context : contexts_) {
    if (context->name() == name) return context.get();
  }
  return nullptr;
}

}  // namespace osprey::oscore
