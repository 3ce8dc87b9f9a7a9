// The contexts in memory, as the store's thread brings them in and takes them out while workers
// serve.
//
// What a context may begin with (I1, I2):
//
//   in this epoch already        nothing: above what is reserved, more is reserved first
//   since the last doubt, and    exactly where the clean stop left it, window and all
//     this start continues
//   otherwise                    the first numbers of the epoch, which come with the epoch itself,
//                                and an unset window
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "framework/base/quiescence.h"
#include "framework/oscore/context_table.h"
#include "storage/opened_store.h"
#include "storage/records/sequence_record.h"

namespace osprey::storage {

// Own numbers that every context has in a new epoch without a write: after a crash ten million Echo
// challenges need no ten million writes.
inline constexpr uint64_t kNumbersWithEpoch = 32;

// What the database saved of a context, as it lies there.
struct SavedState {
  std::optional<SequenceRecord> sequence;
  Bytes window;  // empty: none
};

// What the record of a context's own numbers says; nothing when it is empty. Of one that cannot be
// read, that all numbers up to the end of the store's epoch are used up. Pure.
std::optional<SequenceRecord> saved_numbers(Bytes record, const Standing& standing);

// The range that a context begins with. Pure.
oscore::SequenceRange first_range(const std::optional<SequenceRecord>& saved,
                                  const Standing& standing);

class LiveContexts {
 public:
  // Borrowed.
  LiveContexts(oscore::ContextTable& table, Quiescence& readers)
      : table_(table), readers_(readers) {}

  // The context in memory that has this one's IDs and Recipient Key; nullptr when it is not there.
  oscore::SecurityContext* find(const ContextRecord& record) const;

  // Puts a context into the table, unless it is there or disabled (then nullptr or what is there).
  Result<oscore::SecurityContext*> bring_in(const ContextRecord& record, const SavedState& saved,
                                            const Standing& standing);

  // Takes a context out of the table. It is freed by free_retired, when no worker can hold it.
  void take_out(oscore::SecurityContext& context);

  // Until no worker can hold what was taken out so far: the length of a worker's turn.
  void wait_for_grace() const;

  // True while something that was taken out may still be in use.
  bool has_retired() const { return !retired_.empty(); }
  // Those that no worker holds any more. Requests that they made before are to be looked at before
  // they are freed.
  std::vector<std::unique_ptr<oscore::SecurityContext>> take_unused();

  oscore::ContextTable& table() { return table_; }
  void reclaim() { table_.reclaim(readers_); }

 private:
  struct Retired {
    std::unique_ptr<oscore::SecurityContext> context;
    Quiescence::Ticket ticket;
  };

  oscore::ContextTable& table_;
  Quiescence& readers_;
  std::vector<Retired> retired_;
};

}  // namespace osprey::storage
