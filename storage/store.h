// A store of security contexts: what apps see of storage/.
//
//   provision    open(kProvision), add, remove, ..., close
//   inspect      open(kInspect), for_each, find
//   serve        open(kServe), serve(table, ...), workers with their links, close
//
// The promise (I1, I2): no own sequence number is handed out twice under one key, and no request is
// accepted again that was accepted before: not after kill -9, a power cut at any moment, a full or
// failing disk, or when files are lost, damaged or put back from a copy. Nothing is believed
// that is not known to be so; what is in doubt costs one Echo exchange per context, or is refused.
//
// Threads: one, the control thread; links belong to their workers.
#pragma once

#include <span>

#include "storage/provisioner.h"
#include "storage/store_thread.h"

namespace osprey::storage {

class Store {
 public:
  using Health = StoreThread::Health;

  static Result<void> init(const std::string& path, const StoreOptions& options = {}) {
    return OpenedStore::init(path, options);
  }
  static Result<void> adopt(const std::string& path, const StoreOptions& options = {}) {
    return OpenedStore::adopt(path, options);
  }
  static Result<std::unique_ptr<Store>> open(const std::string& path, OpenMode mode,
                                             const StoreOptions& options = {});
  // As a crash does, when close() was not called: the next start is in doubt.
  ~Store();

  const std::string& path() const { return opened_->path(); }

  // Contexts, in the order of their Recipient IDs. Any mode.
  using Take = Catalogue::Take;
  Result<void> for_each(const Take& take) const;
  Result<std::optional<StoredContext>> find(const std::string& name) const;
  Result<std::vector<std::string>> names(std::string_view prefix, size_t max_names) const;
  // Own numbers from here up were not used when the store was opened: where another one must go on.
  Result<uint64_t> used_below(const StoredContext& stored) const {
    return provisioner_.used_below(stored);
  }
  uint64_t num_contexts() const;

  // Changes; all or none each, durable when they return. Not with kInspect.
  Result<void> add(std::span<const NewContext> contexts);
  Result<void> add(const oscore::ContextParameters& parameters);
  Result<void> replace(const oscore::ContextParameters& parameters);
  Result<void> remove(const std::string& name);
  Result<void> set_enabled(const std::string& name, bool enabled);

  // With kServe, once: begins to bring all contexts into `table`, each as its saved state allows,
  // and gives every worker a link. All is borrowed until close().
  using Load = StoreThread::Load;
  Result<void> serve(oscore::ContextTable& table, Quiescence& readers,
                     std::vector<std::function<void()>> wake_workers, Load load = Load::kAll);
  StoreLink& link(size_t worker) { return thread_->link(worker); }
  // Brings one context into the table out of its turn. Errors: no such name; it is disabled.
  Result<oscore::SecurityContext*> bring_in(const std::string& name);
  Health health() const;

  // After the workers have ended: saves windows and exact next numbers and marks the stop clean.
  // When it fails, the next start begins as after a crash.
  Result<void> close();

 private:
  explicit Store(std::unique_ptr<OpenedStore> opened)
      : opened_(std::move(opened)), provisioner_(*opened_) {}
  template <typename Change>
  Result<void> change(Change change);
  template <typename Read>
  auto read(Read read) const -> decltype(read());
  Result<void> save_contexts();

  std::unique_ptr<OpenedStore> opened_;
  Provisioner provisioner_;  // while it does not serve
  oscore::ContextTable* table_ = nullptr;
  std::unique_ptr<StoreThread> thread_;
};

}  // namespace osprey::storage
