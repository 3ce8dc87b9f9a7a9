// The contexts in the database: which there are, and changes to them, all or none.
//
//   kContexts    context key -> ContextRecord
//   kNames       name -> context key                     no name twice
//   kSenders     Sender Key's digest -> SenderRecord     no Sender Key twice, and none forgotten
//   kSequences, kWindows   context key -> what the context brings along or takes with it
//
// Thread: one at a time.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "storage/key_wrap.h"
#include "storage/records/context_record.h"
#include "storage/records/meta_record.h"
#include "storage/rocks/database.h"

namespace osprey::storage {

struct StoredContext {
  ContextKey key;
  ContextRecord record;
};

// What an imported context brings along beside its parameters.
struct BroughtAlong {
  uint64_t sequence_floor = 0;                   // own numbers below may have been used
  const oscore::ReplayWindow* window = nullptr;  // of a source that was left in order; borrowed
};

class Catalogue {
 public:
  // Several changes that are written as one. Borrows the catalogue.
  class Change {
   public:
    explicit Change(Catalogue& catalogue);

    // Errors: the name, Sender Key or Recipient Key is there already; what a record cannot hold.
    Result<ContextKey> add(const oscore::ContextParameters& parameters,
                           const BroughtAlong& brought = {}, bool enabled = true);
    // `used_below`: own numbers below may have been used. They stay with the Sender Key for ever.
    void remove(const StoredContext& context, uint64_t used_below);
    void set_enabled(StoredContext& context, bool enabled);
    // Its own numbers go on at `used_below`, and its window is unset.
    void begin_anew(const StoredContext& context, uint64_t used_below);

    size_t size() const { return num_changes_; }
    // The store's epoch with it: contexts may bring numbers along that lie above what it was.
    uint32_t epoch() const { return meta_.epoch; }
    Result<void> commit();

   private:
    Result<void> check_new(const oscore::ContextParameters& parameters, Bytes key,
                           const KeyDigest& sender);
    // What was used below under a Sender Key that was here before; nothing if it was not.
    Result<std::optional<uint64_t>> floor_of(const KeyDigest& sender,
                                             const std::string& name) const;
    void keep_floor(Bytes key, uint64_t floor);

    Catalogue& catalogue_;
    Database::Batch batch_;
    MetaRecord meta_;
    size_t num_changes_ = 0;
    // What this change adds and removes, which the database does not know yet.
    std::set<std::string> names_;
    std::set<KeyDigest> senders_;
    std::set<std::string> keys_;
    std::set<std::string> removed_names_;
    std::map<KeyDigest, uint64_t> removed_senders_;  // and what was used below
    std::set<std::string> removed_keys_;
  };

  // Borrowed. `meta` is what the database says.
  Catalogue(Database& database, KeyWrap& wrap, const MetaRecord& meta)
      : database_(&database), wrap_(wrap), meta_(meta) {}

  const MetaRecord& meta() const { return meta_; }
  // Writes `meta` durably, and goes by it from then on.
  Result<void> write_meta(const MetaRecord& meta, Durability durability = Durability::kSynced);
  // After the database was closed and opened again.
  void use(Database& database, const MetaRecord& meta) {
    database_ = &database;
    meta_ = meta;
  }

  // Nothing when there is no context of this name.
  Result<std::optional<StoredContext>> find(std::string_view name) const;

  // Every context whose key begins with `prefix`, in the order of keys. Stops at the first error,
  // its own or `take`'s.
  using Take = std::function<Result<void>(StoredContext)>;
  Result<void> for_each_with(Bytes prefix, const Take& take) const;
  Result<void> for_each(const Take& take) const { return for_each_with({}, take); }
  // At most `max_contexts`, those that come after `key`.
  Result<std::vector<StoredContext>> after(Bytes key, size_t max_contexts) const;

  // Names that begin with `prefix`, in order, at most `max_names`.
  Result<std::vector<std::string>> names(std::string_view prefix, size_t max_names) const;

 private:
  Result<StoredContext> parse(Bytes key, Bytes value) const;

  Database* database_;
  KeyWrap& wrap_;
  MetaRecord meta_;
};

// What the metadata are found by.
Bytes meta_key();

}  // namespace osprey::storage
