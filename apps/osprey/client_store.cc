#include "apps/osprey/client_store.h"

#include <chrono>
#include <thread>

#include "apps/launch/random.h"
#include "framework/base/nearest.h"

namespace osprey::cli {
namespace {

constexpr size_t kNamesLookedAt = 10'000;  // for the one that was probably meant

}  // namespace

using storage::OpenMode;
using storage::Store;

tl::unexpected<Error> no_such_context(const Store& store, const std::string& name) {
  // An error here was reported when the store was opened.
  const auto names = store.names("", kNamesLookedAt).value_or(std::vector<std::string>());
  const std::vector<std::string_view> known(names.begin(), names.end());
  const std::string_view meant = nearest(name, known);
  std::string cause = "store " + store.path() + " has no context \"" + name + "\"";
  if (!meant.empty()) cause += "; did you mean \"" + std::string(meant) + "\"?";
  return fail(cause, "see those it has with: osprey context list --store " +
                         storage::shell_word(store.path()));
}

ClientStore::ClientStore(std::unique_ptr<Store> store)
    : store_(std::move(store)), table_(random_number<uint64_t>()) {}

ClientStore::~ClientStore() { static_cast<void>(store_->close()); }

Result<std::unique_ptr<ClientStore>> ClientStore::open(const std::string& path) {
  auto store = Store::open(path, OpenMode::kServe);
  if (!store) return tl::unexpected(store.error());
  std::unique_ptr<ClientStore> opened(new ClientStore(std::move(*store)));
  const auto served =
      opened->store_->serve(opened->table_, opened->nobody_, {nullptr}, Store::Load::kOnDemand);
  if (!served) return tl::unexpected(served.error());
  return opened;
}

Result<void> ClientStore::bring_in(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const auto context = store_->bring_in(name);
    if (!context) return tl::unexpected(context.error());
    contexts_.push_back(*context);
  }
  return {};
}

Result<std::unique_ptr<ClientStore>> ClientStore::open_one(const std::string& path,
                                                           const std::string& name) {
  auto opened = open(path);
  if (!opened) return opened;
  const auto found = (*opened)->store_->find(name);
  if (!found) return tl::unexpected(found.error());
  if (!*found) return no_such_context(*(*opened)->store_, name);
  if (auto brought = (*opened)->bring_in({name}); !brought) {
    return tl::unexpected(brought.error());
  }
  return opened;
}

Result<std::unique_ptr<ClientStore>> ClientStore::open_many(const std::string& path,
                                                            const std::string& prefix,
                                                            size_t max_contexts) {
  auto opened = open(path);
  if (!opened) return opened;
  const auto names = (*opened)->store_->names(prefix, max_contexts);
  if (!names) return tl::unexpected(names.error());
  if (names->empty()) {
    return fail("store " + path + " has no context whose name begins with \"" + prefix + "\"",
                "see those it has with: osprey context list --store " + storage::shell_word(path));
  }
  if (auto brought = (*opened)->bring_in(*names); !brought) {
    return tl::unexpected(brought.error());
  }
  return opened;
}

std::optional<oscore::SequenceRange> PatientSource::reserve_sender_sequence(
    oscore::SecurityContext& context) {
  constexpr std::chrono::microseconds kPause{50};
  constexpr int kPauses = 100'000;  // five seconds
  for (int i = 0; i < kPauses; ++i) {
    if (const auto range = source_.reserve_sender_sequence(context)) return range;
    std::this_thread::sleep_for(kPause);
  }
  return std::nullopt;
}

}  // namespace osprey::cli
