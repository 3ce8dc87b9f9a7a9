// From (kid context, kid) to the security contexts a request may mean (RFC 8613 §3.3, §8.2 step 2).
//
//   with kid context     contexts with exactly this ID Context and Recipient ID
//   without              contexts with this Recipient ID, whatever their ID Context, unless they
//                        require the kid context
//
// IDs need not be unique; candidates are then tried in turn, at most kMaxContextCandidates.
//
// Two hash indexes with linear probing over entries {hash, context}; a lookup touches one or two
// cache lines of the index and then the context itself.
// Thread: built by the control thread before workers start; then read by all, written by none.
#pragma once

#include <memory>
#include <vector>

#include "framework/base/hash.h"
#include "framework/base/result.h"
#include "framework/oscore/context.h"
#include "framework/oscore/option.h"

namespace osprey::oscore {

class ContextTable {
 public:
  // `hash_key`: random, drawn at start.
  explicit ContextTable(uint64_t hash_key) : hash_key_(hash_key) {}

  // Takes ownership. Refuses a second context with the same IDs and Recipient Key: each would
  // accept what the other has seen (I2).
  Result<SecurityContext*> add(std::unique_ptr<SecurityContext> context);

  size_t size() const { return contexts_.size(); }
  SecurityContext& at(size_t i) const { return *contexts_[i]; }

  // Candidate number `nth` (from 0) for the request's kid; nullptr when there is none.
  // `option` has a kid.
  SecurityContext* find(const OscoreOption& option, size_t nth = 0) const;

  // nullptr when there is none of this name. Linear; control path.
  SecurityContext* find_by_name(std::string_view name) const;

 private:
  struct Entry {
    uint64_t hash = 0;
    SecurityContext* context = nullptr;
  };
  // Open addressing; the capacity is a power of two, at most half full.
  class Index {
   public:
    void insert(uint64_t hash, SecurityContext* context);
    template <typename Matches>
    SecurityContext* find(uint64_t hash, size_t nth, const Matches& matches) const;

   private:
    void grow();
    std::vector<Entry> entries_ = std::vector<Entry>(16);
    size_t used_ = 0;
  };

  void mark_shared_ids(SecurityContext& added);
  uint64_t hash_of(std::optional<Bytes> id_context, Bytes kid) const;

  uint64_t hash_key_;
  std::vector<std::unique_ptr<SecurityContext>> contexts_;
  Index by_kid_;          // requests without kid context
  Index by_kid_context_;  // requests with
};

}  // namespace osprey::oscore
