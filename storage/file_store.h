// A store in one directory, without a database: contexts as JSON lines, and the epoch file.
//
//   contexts.jsonl     one context per line (context_lines.h); read at start, written whole
//   epoch.a, epoch.b   the epoch (epoch_file.h)
//   lock               the pid of the process that has the store
//
// In epoch E a context uses the own sequence numbers [E * 2^20, (E + 1) * 2^20). Every open for
// serving takes a new epoch; a context that uses up its range has the epoch raised for all.
//
// Threads: reserve_sender_sequence by any, each context only by its owner; the rest by one control
// thread.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "framework/oscore/context_store.h"
#include "storage/directory.h"
#include "storage/epoch_keeper.h"
#include "storage/grant_table.h"
#include "storage/store_lock.h"

namespace osprey::storage {

enum class OpenMode : uint8_t {
  kServe,      // locks the store and takes a new epoch: the only mode that hands out numbers
  kProvision,  // locks the store, may add contexts, takes no epoch
  kInspect,    // reads only, also while another process serves
};

// Unix seconds.
int64_t wall_clock_s();

struct StoreOptions {
  int64_t now_s = wall_clock_s();  // for the epoch's floor
  FileCalls* calls = &FileCalls::system();
};

class ContextIndex;

class FileStore final : public oscore::ContextStore {
 public:
  // What became of the epoch since the store was opened.
  struct Health {
    uint32_t epoch = 0;  // 0 when it hands out no numbers
    uint64_t failed_raises = 0;
    std::string last_failure;  // of a raise; empty when there was none
  };

  // Makes an empty store: the directory (0700) if it is not there, and the files (0600). Refuses
  // when there is a store already.
  static Result<void> init(const std::string& path, const StoreOptions& options = {});

  // With kServe: when this returns, the new epoch is durable. Everything that can be wrong with the
  // lines of contexts.jsonl is found before an epoch is spent on it.
  static Result<std::unique_ptr<FileStore>> open(const std::string& path, OpenMode mode,
                                                 const StoreOptions& options = {});
  ~FileStore() override;

  // Every stored context as it is written down, in order. Stops at the first error, its own or
  // `take`'s. Two contexts of one name, or with one Sender Key or Recipient Key, are an error.
  Result<void> for_each(const std::function<Result<void>(oscore::ContextParameters)>& take) const;

  Result<void> load(
      const std::function<Result<void>(std::unique_ptr<oscore::SecurityContext>)>& take) override;

  // Adds contexts to the store, all or none, durably. The whole file is written anew: give many at
  // once. Not with kInspect.
  Result<void> add(std::span<const oscore::ContextParameters> contexts);
  Result<void> add(const oscore::ContextParameters& context) { return add({&context, 1}); }

  // For contexts of this store only (CHECK): there when it was opened, loaded, or added.
  std::optional<oscore::SequenceRange> reserve_sender_sequence(
      const oscore::SecurityContext& context) override;

  Health health() const;
  const std::string& path() const { return directory_->path(); }

 private:
  FileStore(DirectoryPtr directory, OpenMode mode)
      : directory_(std::move(directory)), mode_(mode) {}
  Result<void> check_is_store() const;
  Result<void> start_serving(int64_t now_s);
  Result<SecretText> read_contexts() const;
  Result<void> parse_contexts(
      std::string_view text, ContextIndex& index,
      const std::function<Result<void>(oscore::ContextParameters)>& take) const;
  uint64_t grant_key(const oscore::ContextParameters& parameters) const;

  DirectoryPtr directory_;
  OpenMode mode_;
  std::optional<StoreLock> lock_;
  // kServe only:
  uint64_t hash_key_ = 0;
  std::unique_ptr<GrantTable> grants_;
  std::unique_ptr<EpochKeeper> keeper_;
};

}  // namespace osprey::storage
