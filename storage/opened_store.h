// A store that this process has open: the lock, the epoch, the keys' key and the database, and what
// was found out about them at the start.
//
// The start decides what can be believed. It continues a clean stop only if the epoch's two copies
// and the database say the same token, the copies are the files that were written, and it is not
// long ago; that mark is then used up, durably, before anything else happens. In every other case
// it takes a new epoch, and what was saved counts for nothing: windows are unset, numbers begin
// with the epoch.
//
//   epoch.a, epoch.b   epoch_file.h        kek    key_wrap.h
//   lock               store_lock.h        db/    rocks/database.h, catalogue.h
//
// Thread: one at a time.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "storage/catalogue.h"
#include "storage/epoch_file.h"
#include "storage/key_wrap.h"
#include "storage/rocks/database.h"
#include "storage/store_lock.h"

namespace osprey::storage {

enum class OpenMode : uint8_t {
  kServe,      // locks the store; hands out numbers, so takes an epoch unless it continues
  kProvision,  // locks the store, changes contexts, takes no epoch
  kInspect,    // reads only, also while another process serves
};

// Unix seconds.
int64_t wall_clock_s();

struct StoreOptions {
  std::function<int64_t()> now_s = wall_clock_s;
  FileCalls* calls = &FileCalls::system();
  std::string key_file;  // of the KEK; empty: `kek` in the store itself
};

// How far what was saved may be believed.
struct Standing {
  uint32_t epoch = 0;
  uint32_t epoch_of_doubt = 0;  // that of the last start that continued nothing
  bool continues = false;       // windows and exact numbers since then count
};

class OpenedStore {
 public:
  // Makes an empty store: the directory (0700) if it is not there, and the files (0600, the KEK
  // 0400). Refuses when there is a store already.
  static Result<void> init(const std::string& path, const StoreOptions& options);

  // Makes a directory that was copied or restored a store of its own (EpochFile::adopt).
  static Result<void> adopt(const std::string& path, const StoreOptions& options);

  // When this returns with kServe, the epoch is durable or the clean stop used up.
  static Result<std::unique_ptr<OpenedStore>> open(const std::string& path, OpenMode mode,
                                                   const StoreOptions& options);

  const std::string& path() const { return directory_->path(); }
  OpenMode mode() const { return mode_; }
  const Standing& standing() const { return standing_; }
  // False after reopen_database has failed; then there is nothing to read or to save.
  bool has_database() const { return database_ != nullptr; }
  Database& database() { return *database_; }
  Catalogue& catalogue() { return *catalogue_; }
  KeyWrap& wrap() { return wrap_; }

  // A higher epoch, durably, for contexts that have used up their range; `at_least` this one.
  Result<void> raise_epoch(uint32_t at_least = 0);

  // Whether contexts may lift the store to `epoch` with the numbers that they bring along.
  Result<void> may_lift_to(uint32_t epoch) const;

  // After a disk was full or failed: closes the database and opens it again, sees whether it takes
  // writes, and takes a new epoch as a start in doubt does: what was written before may be lost, or
  // be there although it failed. Contexts in memory go on with what they have.
  Result<void> reopen_database();

  // Everything is saved: marks the stop clean and closes. Not for kInspect.
  Result<void> close_clean();

 private:
  OpenedStore(DirectoryPtr directory, OpenMode mode, StoreOptions options, KeyWrap wrap)
      : directory_(std::move(directory)),
        mode_(mode),
        options_(std::move(options)),
        wrap_(std::move(wrap)) {}
  std::string database_path() const { return directory_->path_of("db"); }
  Result<void> lock_and_read_epoch();
  Result<void> open_database(Database::Mode mode);
  Result<MetaRecord> checked_meta(const Database& database) const;
  Result<void> start();
  Result<void> continue_clean_stop();
  Result<void> take_new_epoch();

  DirectoryPtr directory_;
  OpenMode mode_;
  StoreOptions options_;
  std::optional<StoreLock> lock_;
  std::optional<EpochFile> epoch_file_;  // not with kInspect
  KeyWrap wrap_;
  std::unique_ptr<Database> database_;
  std::optional<Catalogue> catalogue_;
  Standing standing_;
};

}  // namespace osprey::storage
