// `osprey context list|show`: reads the store, also while a server serves it.
//
// Secrets (I7): printed only when asked for by --reveal.
#pragma once

#include <string>

#include "apps/osprey/store_place.h"

namespace osprey::cli {

struct ShowArguments {
  StorePlace store;
  std::string name;  // of `show`
  bool json = false;
  bool reveal = false;
};

// Each returns the exit code.
int list_contexts(const ShowArguments& arguments);
int show_context(const ShowArguments& arguments);

}  // namespace osprey::cli
