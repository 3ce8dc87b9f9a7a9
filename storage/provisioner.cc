#include "storage/provisioner.h"

#include <utility>

#include "framework/base/crash_point.h"
#include "framework/base/fault.h"
#include "storage/reserver.h"

namespace osprey::storage {

using oscore::ContextParameters;
using oscore::SecurityContext;

// A change in the database and then in memory: `before` leaves it, and what the database has of
// `names` comes in. When the disk fails half-way, nobody knows what that is until settle() sees it.
Result<void> Provisioner::carry_out(Catalogue::Change& change,
                                    const std::vector<std::string>& names,
                                    const StoredContext* before) {
  if (auto lifts = store_.may_lift_to(change.epoch()); !lifts) return lifts;
  CRASH_POINT(kChangeBeforeCommit);
  if (loader_ != nullptr) loader_->drop_cursors();
  auto committed = change.commit();
  if (committed) CRASH_POINT(kChangeCommitted);
  if (live_ == nullptr) return committed;
  if (before != nullptr) take_out(*before);
  unsettled_.insert(unsettled_.end(), names.begin(), names.end());
  return committed ? settle() : committed;
}

Result<void> Provisioner::add(std::span<const NewContext> contexts) {
  Catalogue::Change change(store_.catalogue());
  std::vector<std::string> names;
  for (const NewContext& context : contexts) {
    if (const auto added = change.add(context.parameters, context.brought); !added) {
      return tl::unexpected(added.error());
    }
    names.push_back(context.parameters.name);
  }
  return carry_out(change, names, nullptr);
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
  return carry_out(change, {parameters.name}, &*stored);
}

Result<void> Provisioner::remove(const std::string& name) {
  const auto stored = existing(name);
  if (!stored) return tl::unexpected(stored.error());
  const auto floor = used_below(*stored);
  if (!floor) return tl::unexpected(floor.error());
  Catalogue::Change change(store_.catalogue());
  change.remove(*stored, *floor);
  return carry_out(change, {name}, &*stored);
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
  return carry_out(change, {name}, enabled ? nullptr : &*stored);
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

Result<void> Provisioner::settle() {
  if (unsettled_.empty()) return {};
  // Imported numbers above the store's epoch: the store goes there before it uses any.
  const uint32_t wanted = store_.catalogue().meta().epoch;
  if (wanted > store_.standing().epoch) {
    if (auto raised = store_.raise_epoch(wanted); !raised) return raised;
  }
  while (!unsettled_.empty()) {
    if (auto brought = bring_in(unsettled_.back()); !brought) return brought;
    unsettled_.pop_back();
  }
  return {};
}

Result<void> Provisioner::bring_in(const std::string& name) {
  const auto stored = store_.catalogue().find(name);
  if (!stored) return tl::unexpected(stored.error());
  if (!*stored) return {};  // it was removed
  const auto context = loader_->fetch(**stored);
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
