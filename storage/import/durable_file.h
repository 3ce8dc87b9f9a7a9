// Files that are on the disk when the call returns. For what is written once, so nothing here
// replaces a file as a whole; a store's files are Directory's.
#pragma once

#include <sys/types.h>

#include <string>

#include "framework/base/bytes.h"
#include "framework/base/result.h"

namespace osprey::storage {

// Adds `content` to the end of the file, and makes it with `mode` when it is not there.
Result<void> append_durably(const std::string& path, Bytes content, mode_t mode);

// Makes a directory of its owner's alone. Refused when there is anything of that name.
Result<void> make_directory_durably(const std::string& path);

}  // namespace osprey::storage
