#include "framework/oscore/context_table.h"

namespace osprey::oscore {

void ContextTable::Index::insert(uint64_t hash, SecurityContext* context) {
  if (2 * (used_ + 1) > entries_.size()) grow();
  const size_t mask = entries_.size() - 1;
  size_t at = hash & mask;
  while (entries_[at].context != nullptr) at = (at + 1) & mask;
  entries_[at] = {hash, context};
  ++used_;
}

void ContextTable::Index::grow() {
  std::vector<Entry> old(entries_.size() * 2);
  old.swap(entries_);
  used_ = 0;
  for (const Entry& entry : old) {
    if (entry.context != nullptr) insert(entry.hash, entry.context);
  }
}

template <typename Matches>
SecurityContext* ContextTable::Index::find(uint64_t hash, size_t nth,
                                           const Matches& matches) const {
  const size_t mask = entries_.size() - 1;
  for (size_t at = hash & mask; entries_[at].context != nullptr; at = (at + 1) & mask) {
    if (entries_[at].hash != hash || !matches(*entries_[at].context)) continue;
    if (nth-- == 0) return entries_[at].context;
  }
  return nullptr;
}

uint64_t ContextTable::hash_of(std::optional<Bytes> id_context, Bytes kid) const {
  const uint64_t kid_hash = hash_bytes(hash_key_, kid);
  return id_context ? hash_bytes(kid_hash, *id_context) : kid_hash;
}

Result<SecurityContext*> ContextTable::add(std::unique_ptr<SecurityContext> context) {
  const auto id_context = context->id_context();
  const Bytes kid = context->recipient_id();
  const auto same_key = [&](const SecurityContext& other) {
    return equal(other.recipient_key().reveal(), context->recipient_key().reveal());
  };
  Index& own = id_context ? by_kid_context_ : by_kid_;
  if (const SecurityContext* other = own.find(hash_of(id_context, kid), 0, same_key)) {
    return fail(
        "contexts " + other->name() + " and " + context->name() + " have the same Recipient Key",
        "remove one of them: a request for one would be accepted again by the other");
  }
  SecurityContext* added = context.get();
  mark_shared_ids(*added);
  if (id_context) by_kid_context_.insert(hash_of(id_context, kid), added);
  if (!id_context || !added->parameters().require_kid_context) {
    by_kid_.insert(hash_of(std::nullopt, kid), added);
  }
  contexts_.push_back(std::move(context));
  return added;
}

// Requests without kid context can mean every context with their kid that does not require one.
// With kid context, only those that have the same ID Context, which are among these or require it.
void ContextTable::mark_shared_ids(SecurityContext& added) {
  const uint64_t kid_hash = hash_of(std::nullopt, added.recipient_id());
  const auto mark_others = [&](const Index& index, uint64_t hash, const auto& matches) {
    for (size_t nth = 0;; ++nth) {
      SecurityContext* other = index.find(hash, nth, matches);
      if (other == nullptr) return;
      other->set_shares_ids(kid_hash);
      added.set_shares_ids(kid_hash);
      if (nth == 0 && index.find(hash, 1, matches) != nullptr) return;  // the rest is marked
    }
  };
  const auto same_kid = [&](const SecurityContext& other) {
    return equal(other.recipient_id(), added.recipient_id());
  };
  if (const auto id_context = added.id_context()) {
    mark_others(by_kid_context_, hash_of(id_context, added.recipient_id()),
                [&](const SecurityContext& other) {
                  return same_kid(other) && equal(*other.id_context(), *id_context);
                });
    if (added.parameters().require_kid_context) return;
  }
  mark_others(by_kid_, kid_hash, same_kid);
}

SecurityContext* ContextTable::find(const OscoreOption& option, size_t nth) const {
  const Bytes kid = *option.kid;
  if (!option.kid_context) {
    return by_kid_.find(hash_of(std::nullopt, kid), nth, [&](const SecurityContext& context) {
      return equal(context.recipient_id(), kid);
    });
  }
  const Bytes kid_context = *option.kid_context;
  return by_kid_context_.find(hash_of(kid_context, kid), nth, [&](const SecurityContext& context) {
    return equal(context.recipient_id(), kid) && equal(*context.id_context(), kid_context);
  });
}

SecurityContext* ContextTable::find_by_name(std::string_view name) const {
  for (const auto& context : contexts_) {
    if (context->name() == name) return context.get();
  }
  return nullptr;
}

}  // namespace osprey::oscore
