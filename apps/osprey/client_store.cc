#include "apps/osprey/client_store.h"

#include "framework/base/nearest.h"

namespace osprey::cli {

using storage::FileStore;
using storage::OpenMode;

tl::unexpected<Error> no_such_context(const FileStore& store, const std::string& name) {
  std::vector<std::string> names;
  // An error here was reported when the store was opened.
  (void)store.for_each([&](const oscore::ContextParameters& parameters) -> Result<void> {
    names.push_back(parameters.name);
    return {};
  });
  const std::vector<std::string_view> known(names.begin(), names.end());
  const std::string_view meant = nearest(name, known);
  std::string cause = "store " + store.path() + " has no context \"" + name + "\"";
  if (!meant.empty()) cause += "; did you mean \"" + std::string(meant) + "\"?";
  return fail(cause, "see those it has with: osprey context list --store " +
                         storage::shell_word(store.path()));
}

Result<std::unique_ptr<ClientStore>> ClientStore::open(const std::string& path,
                                                       const Wanted& wanted, size_t max_contexts) {
  auto store = FileStore::open(path, OpenMode::kServe);
  if (!store) return tl::unexpected(store.error());
  auto opened = std::make_unique<ClientStore>();
  opened->store_ = std::move(*store);
  const auto loaded =
      opened->store_->load([&](std::unique_ptr<oscore::SecurityContext> context) -> Result<void> {
        if (opened->contexts_.size() < max_contexts && wanted(context->name())) {
          opened->contexts_.push_back(std::move(context));
        }
        return {};
      });
  if (!loaded) return tl::unexpected(loaded.error());
  return opened;
}

Result<std::unique_ptr<ClientStore>> ClientStore::open_one(const std::string& path,
                                                           const std::string& name) {
  auto opened = open(
      path, [&](const std::string& each) { return each == name; }, 1);
  if (opened && (*opened)->size() == 0) return no_such_context(*(*opened)->store_, name);
  return opened;
}

Result<std::unique_ptr<ClientStore>> ClientStore::open_many(const std::string& path,
                                                            const std::string& prefix,
                                                            size_t max_contexts) {
  auto opened = open(
      path, [&](const std::string& each) { return each.starts_with(prefix); }, max_contexts);
  if (opened && (*opened)->size() == 0) {
    return fail("store " + path + " has no context whose name begins with \"" + prefix + "\"",
                "see those it has with: osprey context list --store " + storage::shell_word(path));
  }
  return opened;
}

}  // namespace osprey::cli
