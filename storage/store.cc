#include "storage/store.h"

#include "framework/base/check.h"
#include "framework/base/crash_point.h"
#include "framework/base/fault.h"
#include "storage/records/window_record.h"

namespace osprey::storage {
namespace {

using oscore::ContextParameters;
using oscore::SecurityContext;

constexpr size_t kSaveBatch = size_t{1} << 20;  // bytes
constexpr size_t kReadSlice = 256;              // contexts

template <size_t kMax, typename Write>
void put(Database::Batch& batch, Family family, const ContextKey& key, const Write& write) {
  std::array<uint8_t, kMax> space;
  Writer writer(space);
  write(writer);
  CHECK(writer.ok());
  batch.put(family, key.view(), writer.written());
}

// A window that no packet came near is as it was saved before.
bool window_may_differ(const SecurityContext& context) {
  return context.window().is_set() && context.owner() != oscore::kNoWorker;
}

bool numbers_differ(SecurityContext& context) {
  return context.sequence().next() != context.reserved().loaded_next && !FAULT(kUnsavedNumbers);
}

// What must be known of a context to go on with it. Nothing if that has not changed.
void save_context(SecurityContext& context, OpenedStore& store, Database::Batch& batch) {
  const bool save_window = window_may_differ(context);
  const bool save_numbers = numbers_differ(context);
  if (!save_window && !save_numbers) return;
  const ContextKey key = context_key(context, store.wrap());
  if (save_numbers) {
    const SequenceRecord record{context.sequence().next(), context.sequence().limit()};
    put<kSequenceRecordLen>(batch, Family::kSequences, key,
                            [&](Writer& out) { write_sequence_record(out, record); });
  }
  if (save_window) {
    put<kMaxWindowRecordLen>(batch, Family::kWindows, key, [&](Writer& out) {
      write_window_record(out, context.window(), store.standing().epoch_of_doubt);
    });
  }
}

}  // namespace

Result<std::unique_ptr<Store>> Store::open(const std::string& path, OpenMode mode,
                                           const StoreOptions& options) {
  auto opened = OpenedStore::open(path, mode, options);
  if (!opened) return tl::unexpected(std::move(opened.error()));
  return std::unique_ptr<Store>(new Store(std::move(*opened)));
}

Store::~Store() {
  if (thread_) thread_->stop();
}

template <typename Change>
Result<void> Store::change(Change change) {
  CHECK(opened_->mode() != OpenMode::kInspect);
  if (!thread_) return change(provisioner_);
  const Health now = health();
  if (now.is_behind) return fail("the store cannot write: " + now.last_failure);
  return thread_->run([&] { return change(thread_->provisioner()); });
}

// While it serves, the database and what unwraps its secrets are the store's thread's.
template <typename Read>
auto Store::read(Read read) const -> decltype(read()) {
  return thread_ ? thread_->run(read) : read();
}

uint64_t Store::num_contexts() const {
  const auto now =
      read([&]() -> Result<uint64_t> { return opened_->catalogue().meta().num_contexts; });
  return now ? *now : health().num_contexts;
}

Result<std::optional<StoredContext>> Store::find(const std::string& name) const {
  return read([&] { return opened_->catalogue().find(name); });
}

Result<std::vector<std::string>> Store::names(std::string_view prefix, size_t max_names) const {
  return read([&] { return opened_->catalogue().names(prefix, max_names); });
}

// While it serves, some at a time: reservations do not wait for all of them.
Result<void> Store::for_each(const Take& take) const {
  if (!thread_) return opened_->catalogue().for_each(take);
  ContextKey last;
  for (;;) {
    auto some = read([&] { return opened_->catalogue().after(last.view(), kReadSlice); });
    if (!some) return tl::unexpected(std::move(some.error()));
    if (some->empty()) return {};
    last = some->back().key;
    for (StoredContext& stored : *some) {
      if (auto taken = take(std::move(stored)); !taken) return taken;
    }
  }
}

Result<void> Store::add(std::span<const NewContext> contexts) {
  return change([&](Provisioner& provisioner) { return provisioner.add(contexts); });
}

Result<void> Store::add(const ContextParameters& parameters) {
  const NewContext context{parameters.duplicate(), {}};
  return add({&context, 1});
}

Result<void> Store::replace(const ContextParameters& parameters) {
  return change([&](Provisioner& provisioner) { return provisioner.replace(parameters); });
}

Result<void> Store::remove(const std::string& name) {
  return change([&](Provisioner& provisioner) { return provisioner.remove(name); });
}

Result<void> Store::set_enabled(const std::string& name, bool enabled) {
  return change([&](Provisioner& provisioner) { return provisioner.set_enabled(name, enabled); });
}

Result<void> Store::serve(oscore::ContextTable& table, Quiescence& readers,
                          std::vector<std::function<void()>> wake_workers, Load load) {
  CHECK(opened_->mode() == OpenMode::kServe && !thread_);
  auto thread = StoreThread::start(*opened_, table, readers, std::move(wake_workers), load);
  if (!thread) return tl::unexpected(std::move(thread.error()));
  table_ = &table;
  thread_ = std::move(*thread);
  return {};
}

Result<SecurityContext*> Store::bring_in(const std::string& name) {
  return thread_->run([&]() -> Result<SecurityContext*> {
    const auto stored = opened_->catalogue().find(name);
    if (!stored) return tl::unexpected(stored.error());
    if (!*stored) {
      return fail("there is no context named " + name + " in " + path(),
                  "osprey context list --store " + shell_word(path()));
    }
    auto context = thread_->loader().fetch(**stored);
    if (context && *context == nullptr) {
      return fail("the context " + name + " is disabled",
                  "osprey context enable " + name + " --store " + shell_word(path()));
    }
    return context;
  });
}

Store::Health Store::health() const { return thread_ ? thread_->health() : Health(); }

Result<void> Store::close() {
  if (opened_->mode() == OpenMode::kInspect) return opened_->database().close();
  CRASH_POINT(kStopBeforeSaving);
  if (thread_) {
    thread_->stop();
    thread_.reset();
    if (!opened_->has_database()) return fail("the database was closed after a failure");
    if (auto saved = save_contexts(); !saved) return saved;
  }
  return opened_->close_clean();
}

Result<void> Store::save_contexts() {
  Database::Batch batch = opened_->database().batch();
  const auto write = [&]() -> Result<void> {
    // The metadata that close_clean writes is synced, and with it all that is before it in the log.
    auto written = opened_->database().write(batch, Durability::kLater);
    batch.clear();
    CRASH_POINT(kStopHalfSaved);
    return written;
  };
  for (size_t i = 0; i < table_->size(); ++i) {
    save_context(table_->at(i), *opened_, batch);
    if (batch.size() < kSaveBatch) continue;
    if (auto written = write(); !written) return written;
  }
  return write();
}

}  // namespace osprey::storage
