#include "storage/provisioner.h"

#include <utility>

#include "framework/base/crash_point.h"
#include "framework/base/fault.h"
#include "storage/reserver.h"

namespace osprey::storage {

using oscore::ContextParameters;
using oscore::SecurityContext;

Result<void> Provisioner::commit(Catalogue::Change& change) {
  if (auto lifts = store_.may_lift_to(change.epoch()); !lifts) return lifts;
  CRASH_POINT(kChangeBeforeCommit);
  if (loader_ != nullptr) loader_->drop_cursors();
  if (auto committed = change.commit(); !committed) return committed;
  CRASH_POINT(kChangeCommitted);
  // Imported numbers above the store's epoch: the store goes there before it uses any.
  const uint32_t wanted = store_.catalogue().meta().epoch;
  if (live_ != nullptr && wanted > store_.standing().epoch) return store_.raise_epoch(wanted);
  return {};
}

Result<void> Provisioner::add(std::span<const NewContext> contexts) {
  Catalogue::Change change(store_.catalogue());
  for (const NewContext& context : contexts) {
    if (const auto added = change.add(context.parameters, context.brought); !added) {
      return tl::unexpected(added.error());
    }
  }
  if (auto committed = commit(change); !committed) return committed;
  if (live_ == nullptr) return {};
  for (const NewContext& context : contexts) {
    if (auto brought = bring_in(context.parameters.name); !brought) return brought;
  }
  return {};
}

Result<void> Provisioner::replace(const ContextParameters& parameters) {
  const auto stored = existing(parameters.name);
  if (!stored) return tl::unexpected(stored.error());
  const auto floor = used_below(*stored);
  if (!floor) return tl::unexpected(floor.error());
  Catalogue::Change change(store_.catalogue());
  change.remove(*stored, *floor);
  const auto added = change.add(parameters, {}, stored->record.enabled);
  if (!added) return tl::unexpected(added.error());
  if (auto committed = commit(change); !committed) return committed;
  take_out(*stored);
  return live_ == nullptr ? Result<void>() : bring_in(parameters.name);
}

Result<void> Provisioner::remove(const std::string& name) {
  const auto stored = existing(name);
  if (!stored) return tl::unexpected(stored.error());
  const auto floor = used_below(*stored);
  if (!floor) return tl::unexpected(floor.error());
  Catalogue::Change change(store_.catalogue());
  change.remove(*stored, *floor);
  if (auto committed = commit(change); !committed) return committed;
  take_out(*stored);
  return {};
}

Result<void> Provisioner::set_enabled(const std::string& name, bool enabled) {
  auto stored = existing(name);
  if (!stored) return tl::unexpected(stored.error());
  const auto floor = used_below(*stored);
  if (!floor) return tl::unexpected(floor.error());
  Catalogue::Change change(store_.catalogue());
  change.set_enabled(*stored, enabled);
  // What was saved is of before; what this run used is not saved yet.
  if (!enabled) change.begin_anew(*stored, *floor);
  if (auto committed = commit(change); !committed) return committed;
  if (!enabled) take_out(*stored);
  return enabled && live_ != nullptr ? bring_in(name) : Result<void>();
}

Result<StoredContext> Provisioner::existing(const std::string& name) const {
  auto found = store_.catalogue().find(name);
  if (!found) return tl::unexpected(std::move(found.error()));
  if (!*found) {
    return fail("there is no context named " + name + " in " + store_.path(),
                "osprey context list --store " + shell_word(store_.path()));
  }
  return std::move(**found);
}

// Until the context is taken out its worker goes on using what is reserved; nothing is reserved
// meanwhile, since that is this thread's doing.
Result<uint64_t> Provisioner::used_below(const StoredContext& stored) const {
  if (FAULT(kSenderForgotten)) return 0;
  if (live_ != nullptr) {
    if (SecurityContext* context = live_->find(stored.record)) return context->reserved().limit();
  }
  const auto value = store_.database().get(Family::kSequences, stored.key.view());
  if (!value) return tl::unexpected(value.error());
  const Bytes record = *value ? as_bytes(std::string_view(**value)) : Bytes();
  return first_range(saved_numbers(record, store_.standing()), store_.standing()).limit;
}

// Waits until no worker can hold it: one with the same keys may come in its place.
void Provisioner::take_out(const StoredContext& stored) {
  if (live_ == nullptr) return;
  if (SecurityContext* context = live_->find(stored.record)) {
    live_->take_out(*context);
    live_->wait_for_grace();
  }
}

Result<void> Provisioner::bring_in(const std::string& name) {
  const auto stored = existing(name);
  if (!stored) return tl::unexpected(stored.error());
  const auto context = loader_->fetch(*stored);
  if (!context) return tl::unexpected(context.error());
  return *context == nullptr ? Result<void>() : give_numbers(**context);
}

// One that comes back goes on above what is reserved, so it has nothing yet; its first message
// should not have to wait.
Result<void> Provisioner::give_numbers(SecurityContext& context) {
  const oscore::SenderSequence& sequence = std::as_const(context).sequence();
  if (sequence.next() < sequence.limit()) return {};
  const StoreLink::NumbersRequest request{&context, context.reserved().limit()};
  return Reserver(store_).serve({&request, 1});
}

}  // namespace osprey::storage
