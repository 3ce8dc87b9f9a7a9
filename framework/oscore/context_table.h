// From (kid context, kid) to the security contexts a request may mean (RFC 8613 §3.3, §8.2 step 2).
//
//   with kid context     contexts with exactly this ID Context and Recipient ID
//   without              contexts with this Recipient ID, whatever their ID Context, unless they
//                        require the kid context
//
// IDs need not be unique; candidates are then tried in turn, at most kMaxContextCandidates.
//
// One owner. A request's candidates are tried by one worker, so all of them belong to it. A context
// that joins others with its Recipient ID takes their owner, whatever their ID Contexts: who can
// mean whom changes as contexts come, owners do not. If none of them has an owner yet, all get the
// one their Recipient ID hashes to.
//
// Contexts come and go while workers look them up. What was removed, and the arrays that a growing
// index leaves behind, are freed after a grace period (framework/base/quiescence.h).
// Thread: add, remove, expect, reclaim, at and find_by_name by one writer at a time; find,
// prefetch_ and size by any, a worker between the enter and leave of its turn.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "framework/base/quiescence.h"
#include "framework/base/result.h"
#include "framework/oscore/context.h"
#include "framework/oscore/context_index.h"
#include "framework/oscore/option.h"

namespace osprey::oscore {

class ContextTable {
 public:
  // `hash_key`: random, drawn at start. `num_workers`: those that contexts are shared out among.
  explicit ContextTable(uint64_t hash_key, size_t num_workers = 1);

  // Sizes the table beforehand, so that it need not grow on the way.
  void expect(size_t num_contexts, size_t num_with_id_context = 0);

  // Takes ownership. Refuses a second context with the same IDs and Recipient Key: each would
  // accept what the other has seen (I2).
  Result<SecurityContext*> add(std::unique_ptr<SecurityContext> context);

  // Lookups that begin later do not find it; the caller keeps it until a grace period has passed.
  // So long a worker may still serve with it: a context with the same keys must not be added
  // before, or both would accept one request (I2) and use one number (I1).
  std::unique_ptr<SecurityContext> remove(SecurityContext& context);

  // Frees the arrays that were outgrown before all readers' current turns. Call it now and then.
  void reclaim(Quiescence& readers);

  size_t size() const { return size_.load(std::memory_order_relaxed); }
  // Removing one puts the last in its place.
  SecurityContext& at(size_t i) const { return *contexts_[i]; }

  // Candidate number `nth` (from 0) for the request's kid; nullptr when there is none.
  // `option` has a kid. While contexts with these IDs come and go, one may be met twice or missed.
  SecurityContext* find(const OscoreOption& option, size_t nth = 0) const;

  // For a batch: first the slots of all, then the contexts of all, then find. So one packet's cache
  // misses hide behind its neighbours'. `option` has a kid.
  void prefetch_slot(const OscoreOption& option) const;
  void prefetch_context(const OscoreOption& option) const;

  // nullptr when there is none of this name. Linear; control path.
  SecurityContext* find_by_name(std::string_view name) const;

 private:
  ContextIndex& kid_index_of(const SecurityContext& context);
  const SecurityContext* twin_of(const SecurityContext& context) const;
  void take_owner_of_namesakes(SecurityContext& added);
  void mark_if_shared(SecurityContext& added);
  const ContextIndex& index_for(const OscoreOption& option) const;

  uint64_t hash_key_;
  size_t num_workers_;
  std::atomic<size_t> size_ = 0;
  std::vector<std::unique_ptr<SecurityContext>> contexts_;
  ContextIndex by_kid_;          // for requests without kid context
  ContextIndex by_kid_context_;  // for requests with
  ContextIndex strict_by_kid_;   // for the writer: contexts that a kid alone cannot mean
};

}  // namespace osprey::oscore
