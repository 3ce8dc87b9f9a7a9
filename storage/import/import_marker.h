// The note beside a source that its contexts were imported, and into which store.
//
// Contexts are moved, not copied: two stores with one Sender Key use the same nonces (RFC 8613
// §3.3). The note is DIR/osprey-imported in each context directory, FILE.osprey-imported beside a
// file; one line for each import. It stops us, not the program that the context came from.
#pragma once

#include <time.h>

#include <optional>
#include <string>

#include "framework/base/result.h"

namespace osprey::storage {

// Where the note of the file or context directory `path` is.
std::string marker_of(const std::string& path);

// The last line of the note: "2026-11-24T08:10:00Z moved to /var/lib/osprey". Nothing when `path`
// was never imported.
Result<std::optional<std::string>> read_marker(const std::string& path);

// Adds a line to the note, durably.
Result<void> write_marker(const std::string& path, const std::string& store_path, time_t now);

}  // namespace osprey::storage
