// Brings all contexts of a store into memory, some at a time, so that serving need not wait for it.
//
// Three cursors walk the same keys side by side: contexts, and what was saved of their numbers and
// windows. Whoever changes the database in between makes them start anew where they were.
//
// Thread: the store's.
#pragma once

#include <string>

#include "storage/live_contexts.h"

namespace osprey::storage {

class Loader {
 public:
  // Borrowed.
  Loader(OpenedStore& store, LiveContexts& live) : store_(store), live_(live) {}

  bool is_done() const { return is_done_; }

  // Looks at no more than `at_most` further contexts. One that is damaged is passed over, counted
  // and told; an error is the database's, and the same may be tried again.
  Result<void> load(size_t at_most);

  // The database is about to change, or has.
  void drop_cursors() { cursors_.reset(); }

  // Brings in what begins with `prefix`, out of its turn; damage and errors as above.
  Result<void> fetch(Bytes prefix);
  // Brings in one; nullptr if it is disabled.
  Result<oscore::SecurityContext*> fetch(const StoredContext& stored);

  uint64_t num_seen() const { return num_seen_; }
  uint64_t num_damaged() const { return num_damaged_; }
  const std::string& last_damage() const { return last_damage_; }

 private:
  struct Cursors {
    Database::Cursor contexts;
    Database::Cursor sequences;
    Database::Cursor windows;
  };

  // What one context saved, read by itself.
  struct Saved {
    std::optional<SequenceRecord> sequence;
    std::optional<std::string> window;

    SavedState state() const {
      return {sequence, window ? as_bytes(std::string_view(*window)) : Bytes()};
    }
  };

  void make_cursors();
  Result<void> status_of_cursors();
  Result<Saved> saved_state(Bytes key) const;
  void bring_in(Bytes key, Bytes value, const SavedState& saved);
  void note_damage(const Error& error);

  OpenedStore& store_;
  LiveContexts& live_;
  std::optional<Cursors> cursors_;
  std::string next_key_;  // where the walk goes on
  bool is_done_ = false;
  uint64_t num_seen_ = 0;
  uint64_t num_damaged_ = 0;
  std::string last_damage_;
};

}  // namespace osprey::storage
