// `osprey context add|replace|remove|enable|disable`: in a store at rest, or in a running server.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apps/osprey/new_contexts.h"
#include "apps/osprey/store_place.h"

namespace osprey::cli {

struct AddArguments {
  StorePlace store;
  ContextArguments context;
  std::optional<std::string> peer_store;
  bool json = false;
};

enum class Change : uint8_t { kRemove, kEnable, kDisable };

struct ChangeArguments {
  StorePlace store;
  std::vector<std::string> names;
  bool json = false;
};

// Each returns the exit code.
int add_contexts(const AddArguments& arguments);
int replace_context(const AddArguments& arguments);
// Each name on its own: stops at the first that fails.
int change_contexts(Change change, const ChangeArguments& arguments);

}  // namespace osprey::cli
