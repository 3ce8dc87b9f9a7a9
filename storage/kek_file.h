// The file of a key-encryption key (KEK, key_wrap.h): 64 hex digits and an end of line, mode 0400.
//
// It may lie in the store's directory or, better, where the store's backups do not reach. As ssh
// does, whoever reads it refuses a file that others may get at, with the chmod command to type.
#pragma once

#include <string>

#include "framework/base/result.h"
#include "framework/base/secret.h"
#include "storage/directory.h"

namespace osprey::storage {

inline constexpr size_t kKekLen = 32;  // bytes
using Kek = Secret<kKekLen>;

// Draws a KEK and writes it, durably, whole or not at all. Refused when there is a file of that
// name: what its key wraps would be lost.
Result<void> create_kek(const Directory& directory, const char* name);
// The same for a file that may lie anywhere. One that was cut short by a crash is refused by
// read_kek, and has wrapped nothing yet.
Result<void> create_kek(const std::string& path);

Result<Kek> read_kek(const Directory& directory, const char* name);
// The same for a file that may lie anywhere.
Result<Kek> read_kek(const std::string& path);

}  // namespace osprey::storage
