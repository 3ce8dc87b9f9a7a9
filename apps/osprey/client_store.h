// The contexts a client command uses, with the store that hands out their numbers.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "framework/oscore/context.h"
#include "storage/file_store.h"

namespace osprey::cli {

class ClientStore {
 public:
  // Takes the store for this process and a new epoch of sequence numbers; loads the context of this
  // name. Errors name what is missing.
  static Result<std::unique_ptr<ClientStore>> open_one(const std::string& path,
                                                       const std::string& name);
  // The first `max_contexts` contexts whose names begin with `prefix`; there is at least one.
  static Result<std::unique_ptr<ClientStore>> open_many(const std::string& path,
                                                        const std::string& prefix,
                                                        size_t max_contexts);

  oscore::SecurityContext& context(size_t i) { return *contexts_[i]; }
  size_t size() const { return contexts_.size(); }
  oscore::SequenceSource& sequence() { return *store_; }

 private:
  using Wanted = std::function<bool(const std::string& name)>;

  static Result<std::unique_ptr<ClientStore>> open(const std::string& path, const Wanted& wanted,
                                                   size_t max_contexts);

  std::unique_ptr<storage::FileStore> store_;
  std::vector<std::unique_ptr<oscore::SecurityContext>> contexts_;
};

// "the store has no context NAME", with the name that was probably meant.
tl::unexpected<Error> no_such_context(const storage::FileStore& store, const std::string& name);

}  // namespace osprey::cli
