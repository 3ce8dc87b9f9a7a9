// Where a store is and how its secrets are read, as all store and context commands take it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "storage/store.h"

namespace osprey::cli {

struct StorePlace {
  std::string path;
  std::string key_file;  // of the key-encryption key; empty: in the store
  std::string socket;    // the admin socket of the server that serves it; empty: in the store

  storage::StoreOptions options() const;
  // "--store DIR --key-file FILE", for commands in error texts.
  std::string arguments() const;
};

// Why the store cannot be locked, naming the process that has it; nothing if it is free, or is no
// store.
std::optional<Error> why_locked(const std::string& path);

// Opens it to read, also while a server writes: its files may move while they are being opened, so
// a failure is looked at again.
Result<std::unique_ptr<storage::Store>> open_to_read(const StorePlace& place);

}  // namespace osprey::cli
