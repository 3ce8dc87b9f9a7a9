#include "apps/osprey/change_commands.h"

#include <algorithm>
#include <cstdio>

#include <nlohmann/json.hpp>

#include "apps/osprey/context_editor.h"
#include "apps/osprey/progress.h"
#include "apps/osprey/text.h"

namespace osprey::cli {
namespace {

using storage::NewContext;

// Opens the other end's store, and makes it if there is none.
Result<std::unique_ptr<ContextEditor>> open_peer_store(const std::string& path) {
  const StorePlace place{path, {}, {}};
  auto opened = ContextEditor::open(place);
  if (opened) return opened;
  if (!storage::Store::init(path)) return opened;  // there is one: tell its error
  std::fprintf(stderr, "made store %s\n", path.c_str());
  return ContextEditor::open(place);
}

// Both stores get each group of contexts, the peer's first.
Result<void> add_group(ContextEditor& store, ContextEditor* peer_store,
                       const std::vector<NewContext>& group) {
  if (peer_store != nullptr) {
    std::vector<NewContext> mirrors;
    for (const NewContext& each : group) mirrors.push_back({mirrored(each.parameters), {}});
    if (auto added = peer_store->add(mirrors); !added) return added;
  }
  auto added = store.add(group);
  if (!added && peer_store != nullptr) {
    added.error().cause += " (the mirrored contexts are in " + peer_store->place() + " already)";
  }
  return added;
}

Result<void> add_groups(ContextEditor& store, ContextEditor* peer_store, uint32_t count,
                        const MakeContext& make) {
  Progress progress("contexts added", count);
  std::vector<NewContext> group;
  for (uint32_t done = 0; done < count;) {
    const auto size = std::min<uint32_t>(count - done, ContextEditor::kMaxGroup);
    for (uint32_t i = 0; i < size; ++i) group.push_back({make(done + i), {}});
    if (auto added = add_group(store, peer_store, group); !added) {
      if (done > 0) added.error().cause += "; " + std::to_string(done) + " are in";
      return added;
    }
    group.clear();
    done += size;
    progress.show(done);
  }
  return {};
}

Result<void> add_all(const AddArguments& arguments, const MakeContext& make) {
  auto store = ContextEditor::open(arguments.store);
  if (!store) return tl::unexpected(store.error());
  std::unique_ptr<ContextEditor> peer_store;
  if (arguments.peer_store) {
    auto opened = open_peer_store(*arguments.peer_store);
    if (!opened) return tl::unexpected(opened.error());
    peer_store = std::move(*opened);
  }
  const uint32_t count = arguments.context.count.value_or(1);
  if (auto added = add_groups(**store, peer_store.get(), count, make); !added) return added;
  if (peer_store) {
    if (auto closed = peer_store->close(); !closed) return closed;
  }
  return (*store)->close();
}

Result<void> replace_one(const AddArguments& arguments, const MakeContext& make) {
  const auto store = ContextEditor::open(arguments.store);
  if (!store) return tl::unexpected(store.error());
  if (auto replaced = (*store)->replace(make(0)); !replaced) return replaced;
  return (*store)->close();
}

// `verb`: "added", "replaced".
void tell(const AddArguments& arguments, const char* verb) {
  const ContextArguments& context = arguments.context;
  const char* name = context.name.c_str();
  if (arguments.json) {
    const nlohmann::ordered_json object = {{verb, context.count.value_or(1)}};
    std::printf("%s\n", object.dump().c_str());
    return;
  }
  if (context.count) {
    std::printf("%s %u contexts, %s-0 to %s-%u, each with a secret of its own\n", verb,
                *context.count, name, name, *context.count - 1);
  } else if (context.master_secret) {
    std::printf("%s context %s\n", verb, name);
  } else {
    std::printf("%s context %s with a master secret of %zu random bytes\n", verb, name,
                kDrawnSecretLen);
  }
  if (arguments.peer_store) {
    std::printf("added the other end's view to %s\n", arguments.peer_store->c_str());
  } else if (!context.master_secret && !context.count) {
    std::printf("the other end needs the secret; see it with: osprey context show %s %s --reveal\n",
                storage::shell_word(context.name).c_str(), arguments.store.arguments().c_str());
  }
}

const char* done_word(Change change) {
  switch (change) {
    case Change::kRemove: return "removed";
    case Change::kEnable: return "enabled";
    case Change::kDisable: return "disabled";
  }
  return "";
}

Result<void> make_change(ContextEditor& store, Change change, const std::string& name) {
  return change == Change::kRemove ? store.remove(name)
                                   : store.set_enabled(name, change == Change::kEnable);
}

}  // namespace

int add_contexts(const AddArguments& arguments) {
  const auto make = contexts_of(arguments.context);
  if (!make) return report(make.error(), kBadUsage, arguments.json);
  if (const auto added = add_all(arguments, *make); !added) {
    return report(added.error(), kBadUsage, arguments.json);
  }
  tell(arguments, "added");
  return kDone;
}

int replace_context(const AddArguments& arguments) {
  const auto make = contexts_of(arguments.context);
  if (!make) return report(make.error(), kBadUsage, arguments.json);
  if (const auto replaced = replace_one(arguments, *make); !replaced) {
    return report(replaced.error(), kBadUsage, arguments.json);
  }
  tell(arguments, "replaced");
  return kDone;
}

int change_contexts(Change change, const ChangeArguments& arguments) {
  const auto store = ContextEditor::open(arguments.store);
  if (!store) return report(store.error(), kBadUsage, arguments.json);
  const char* done = done_word(change);
  for (const std::string& name : arguments.names) {
    if (const auto changed = make_change(**store, change, name); !changed) {
      return report(changed.error(), kBadUsage, arguments.json);
    }
    if (!arguments.json) {
      std::printf("%s context %s in %s\n", done, name.c_str(), (*store)->place().c_str());
    }
  }
  if (const auto closed = (*store)->close(); !closed) {
    return report(closed.error(), kFailed, arguments.json);
  }
  if (arguments.json) {
    const nlohmann::ordered_json object = {{done, arguments.names.size()}};
    std::printf("%s\n", object.dump().c_str());
  }
  return kDone;
}

}  // namespace osprey::cli
