// aiocoap's context directories on disk: one, or a directory of many.
#pragma once

#include <string>
#include <vector>

#include "framework/base/result.h"
#include "storage/import/aiocoap_files.h"
#include "storage/import/imported_context.h"

namespace osprey::storage {

// The context directories at `path`: itself, or those right below it, by name. A context directory
// is one with settings.json or a file of secrets. An error when there is none.
Result<std::vector<std::string>> find_aiocoap_directories(const std::string& path);

// The context in `path`, named as the directory. Refused while a program of aiocoap has it open:
// its numbers would go on. (The lock of a program that was killed does not count.)
Result<ImportedContext> read_aiocoap_directory(const std::string& path);

// Makes the directory `path`, private to its owner, with these files in it, durably. Refused when
// there is anything of that name.
Result<void> make_aiocoap_directory(const std::string& path, const AiocoapFiles& files);

}  // namespace osprey::storage
