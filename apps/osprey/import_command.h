// `osprey context import`: contexts move from files of this or other programs into a store, or into
// a running server.
#pragma once

#include <string>

#include "apps/osprey/store_place.h"

namespace osprey::cli {

struct ImportArguments {
  StorePlace store;
  std::string from;           // a file, a directory of aiocoap, or a pipe
  std::string format;         // "json", "csv", "aiocoap", "libcoap"; empty: by what it looks like
  std::string sequence_file;  // libcoap's
  bool again = false;
  bool json = false;
};

// The exit code: 1 when contexts were refused; all others are in the store then.
int import_contexts(const ImportArguments& arguments);

}  // namespace osprey::cli
