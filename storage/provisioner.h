// Adds, replaces, removes, disables and enables contexts, in the database first and then, in a
// store that serves, in memory, without stopping a worker.
//
// Thread: one at a time; the store's while it serves.
#pragma once

#include <span>
#include <string>

#include "storage/loader.h"

namespace osprey::storage {

struct NewContext {
  oscore::ContextParameters parameters;
  BroughtAlong brought;
};

class Provisioner {
 public:
  // `live` and `loader`: of a store that serves, else nullptr. Borrowed.
  explicit Provisioner(OpenedStore& store, LiveContexts* live = nullptr, Loader* loader = nullptr)
      : store_(store), live_(live), loader_(loader) {}

  // All or none, durably.
  Result<void> add(std::span<const NewContext> contexts);

  // The context of this name gets these parameters. One with other keys begins anew with its window
  // unset; own numbers of a Sender Key that stays go on.
  Result<void> replace(const oscore::ContextParameters& parameters);

  // Errors: there is none of this name.
  Result<void> remove(const std::string& name);
  Result<void> set_enabled(const std::string& name, bool enabled);

  // A change that failed may be in the database all the same, so its contexts are not in memory any
  // more. Brings them in as the database has them; for a store that serves, before anything else is
  // done with it.
  Result<void> settle();

  // Own numbers from here up were never used, in a store that does not serve.
  Result<uint64_t> used_below(const StoredContext& stored) const;

 private:
  Result<StoredContext> existing(const std::string& name) const;
  Result<void> carry_out(Catalogue::Change& change, const std::vector<std::string>& names,
                         const StoredContext* before);
  void take_out(const StoredContext& stored);
  Result<void> bring_in(const std::string& name);
  Result<void> give_numbers(oscore::SecurityContext& context);

  OpenedStore& store_;
  LiveContexts* live_;
  Loader* loader_;
  std::vector<std::string> unsettled_;  // names
};

}  // namespace osprey::storage
