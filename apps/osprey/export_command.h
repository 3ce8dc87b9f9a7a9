// `osprey context export`: contexts as other stores and programs read them.
//
// Each comes with the number that its next owner begins at (I1). Secrets (I7) only with --reveal.
#pragma once

#include <optional>
#include <string>

#include "apps/osprey/store_place.h"

namespace osprey::cli {

struct ExportArguments {
  StorePlace store;
  std::string format = "json";  // "json", "csv", "aiocoap", "libcoap"
  std::string to;               // a new file or directory; empty: standard output
  std::optional<std::string> name;
  std::string prefix;  // of names; empty: all
  bool reveal = false;
};

// Returns the exit code.
int export_contexts(const ExportArguments& arguments);

}  // namespace osprey::cli
