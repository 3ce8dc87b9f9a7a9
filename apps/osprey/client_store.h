// The contexts a client command uses, with the store that hands out their numbers.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "framework/oscore/context_table.h"
#include "storage/store.h"

namespace osprey::cli {

class ClientStore {
 public:
  // Takes the store for this process and brings the context of this name into memory. Errors name
  // what is missing.
  static Result<std::unique_ptr<ClientStore>> open_one(const std::string& path,
                                                       const std::string& name);
  // The first `max_contexts` contexts, by name, whose names begin with `prefix`; there is at least
  // one.
  static Result<std::unique_ptr<ClientStore>> open_many(const std::string& path,
                                                        const std::string& prefix,
                                                        size_t max_contexts);
  // Saves how far the numbers are used, so that the next command goes on there. If that fails, it
  // begins with a new epoch.
  ~ClientStore();

  oscore::SecurityContext& context(size_t i) { return *contexts_[i]; }
  const std::vector<oscore::SecurityContext*>& contexts() const { return contexts_; }
  size_t size() const { return contexts_.size(); }

  // Never waits; what is missing comes a moment later.
  oscore::SequenceSource& sequence() { return store_->link(0); }

 private:
  explicit ClientStore(std::unique_ptr<storage::Store> store);
  static Result<std::unique_ptr<ClientStore>> open(const std::string& path);
  Result<void> bring_in(const std::vector<std::string>& names);

  std::unique_ptr<storage::Store> store_;
  Quiescence nobody_{0};
  oscore::ContextTable table_;
  std::vector<oscore::SecurityContext*> contexts_;  // the table's
};

// Numbers for callers that have nothing better to do than wait for them.
class PatientSource final : public oscore::SequenceSource {
 public:
  explicit PatientSource(oscore::SequenceSource& source) : source_(source) {}
  std::optional<oscore::SequenceRange> reserve_sender_sequence(
      oscore::SecurityContext& context) override;
  bool expect_need(oscore::SecurityContext& context) override {
    return source_.expect_need(context);
  }

 private:
  oscore::SequenceSource& source_;
};

// "the store has no context NAME", with the name that was probably meant.
tl::unexpected<Error> no_such_context(const storage::Store& store, const std::string& name);

}  // namespace osprey::cli
