// Contexts from files of other programs, one after the other; the one door to this folder.
//
// Contexts are moved, not copied. So an importer goes over its source twice:
//
//   import_contexts(source, look)         is all of it good? refuses what was imported before
//   mark_imported(source, store, now)     from here on, a crash costs an --again, and no nonce
//   source.again = true
//   import_contexts(source, add)          only now the store gets them, each with its floor
//
// Control path.
#pragma once

#include <time.h>

#include <string>

#include "framework/base/result.h"
#include "storage/import/imported_context.h"

namespace osprey::storage {

enum class ImportFormat {
  kJsonLines,  // context_lines.h, with sender_sequence
  kCsv,        // csv.h
  kAiocoap,    // aiocoap_files.h; a directory, or a directory of such
  kLibcoap,    // libcoap_conf.h
};

struct ImportSource {
  std::string path;
  ImportFormat format = ImportFormat::kJsonLines;
  // libcoap's sequence file. Without it the floor is 0: right only for contexts that never sent.
  std::string sequence_file;
  // Take a source that was imported before.
  bool again = false;
};

// What the file or directory looks like by its first line; an error when it looks like nothing.
Result<ImportFormat> guess_format(const std::string& path);

// Gives `take` each context as soon as it is read: a file of lines may be longer than memory. Stops
// at the first error, of the source or of `take`, which has then had the contexts before.
Result<void> import_contexts(const ImportSource& source, const TakeContext& take);

// Notes beside the source, durably, that its contexts moved to `store_path` (import_marker.h). A
// pipe is not marked: there is no second time.
Result<void> mark_imported(const ImportSource& source, const std::string& store_path, time_t now);

}  // namespace osprey::storage
