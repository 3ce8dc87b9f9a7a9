#include "storage/opened_store.h"

#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <system_error>
#include <utility>

#include "framework/base/check.h"
#include "framework/base/crash_point.h"
#include "framework/base/fault.h"

namespace osprey::storage {
namespace {

constexpr const char* kKek = "kek";
constexpr const char* kEpochCopies[] = {"epoch.a", "epoch.b"};
constexpr const char* kDatabase = "db";
constexpr const char* kNewDatabase = "db.new";

std::string adopt_command(const std::string& path) {
  return "osprey store adopt --store " + shell_word(path);
}

template <typename Value>
Result<Value> draw() {
  Value value{};
  if (getentropy(&value, sizeof value) != 0) {
    return fail("cannot draw a random number: " + std::generic_category().message(errno));
  }
  return value;
}

Result<KeyWrap> open_key(const Directory& directory, const StoreOptions& options) {
  return options.key_file.empty() ? KeyWrap::open(directory, kKek)
                                  : KeyWrap::open_file(options.key_file);
}

Result<MetaRecord> read_meta(const Database& database, const Directory& directory) {
  const auto value = database.get(Family::kMeta, meta_key());
  if (!value) return tl::unexpected(value.error());
  if (!*value) {
    return fail("the database " + directory.path_of(kDatabase) + " is empty or not a store's",
                "put the store back from a copy, then: " + adopt_command(directory.path()));
  }
  return parse_meta_record(as_bytes(std::string_view(**value)));
}

// A new store is as one that was stopped cleanly in epoch 1, so that what an import brings along
// counts at the first start.
Result<MetaRecord> new_meta(const KeyWrap& wrap) {
  const auto id = draw<StoreId>();
  if (!id) return tl::unexpected(id.error());
  const auto token = draw<uint64_t>();
  if (!token) return tl::unexpected(token.error());
  MetaRecord meta;
  meta.store_id = *id;
  meta.kek_id = wrap.key_id();
  meta.epoch = 1;
  meta.epoch_of_doubt = 1;
  meta.stop_token = *token | 1;  // never 0
  return meta;
}

// Made beside its place: what is in its place is whole.
Result<MetaRecord> make_database(const Directory& directory, KeyWrap& wrap) {
  const std::string path = directory.path_of(kNewDatabase);
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error) return fail("cannot remove " + path + ": " + error.message());
  const auto meta = new_meta(wrap);
  if (!meta) return meta;
  auto database = Database::open(path, Database::Mode::kCreate);
  if (!database) return tl::unexpected(database.error());
  Catalogue catalogue(**database, wrap, *meta);
  if (auto written = catalogue.write_meta(*meta); !written) return tl::unexpected(written.error());
  if (auto closed = (*database)->close(); !closed) return tl::unexpected(closed.error());
  if (auto moved = directory.rename(kNewDatabase, kDatabase); !moved) {
    return tl::unexpected(moved.error());
  }
  if (auto given = directory.give_to_owner(kDatabase); !given) {
    return tl::unexpected(given.error());
  }
  return meta;
}

// The database of an init that was cut short before the epoch was there. One that ever had a
// context belongs to a store that has lost its epoch, and that is what the error says.
Result<MetaRecord> empty_database(const DirectoryPtr& directory, const KeyWrap& wrap) {
  const auto database = Database::open(directory->path_of(kDatabase), Database::Mode::kOpen);
  if (!database) return tl::unexpected(database.error());
  for (const Family family : {Family::kContexts, Family::kSenders}) {
    Database::Cursor cursor = (*database)->cursor(family, Reach::kFew);
    cursor.seek({});
    if (const auto status = cursor.status(); !status) return tl::unexpected(status.error());
    if (cursor.valid()) return tl::unexpected(EpochFile::open(directory).error());
  }
  auto meta = read_meta(**database, *directory);
  if (meta && meta->kek_id != wrap.key_id()) {
    return fail("the database in " + directory->path() + " is of another key-encryption key",
                "put kek back, or remove the directory: there is no context in it");
  }
  return meta;
}

bool has_database_in(const Directory& directory) {
  return access(directory.path_of(kDatabase).c_str(), F_OK) == 0;
}

// RocksDB makes its files as the process's mask lets it: 0600 then, in every thread of it.
void make_files_private() { umask(077); }

}  // namespace

int64_t wall_clock_s() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// The epoch comes last: what was cut short before it is there can be made again.
Result<void> OpenedStore::init(const std::string& path, const StoreOptions& options) {
  make_files_private();
  const auto directory = Directory::create(path, *options.calls);
  if (!directory) return tl::unexpected(directory.error());
  const auto lock = StoreLock::acquire(**directory);
  if (!lock) return tl::unexpected(lock.error());
  const auto has_epoch = EpochFile::exists(**directory);
  if (!has_epoch) return tl::unexpected(has_epoch.error());
  if (*has_epoch) return fail("there is a store at " + path + " already");

  const auto has_key = (*directory)->identity(kKek);
  if (!has_key) return tl::unexpected(has_key.error());
  if (options.key_file.empty() && !*has_key) {
    if (auto made = KeyWrap::create_key(**directory, kKek); !made) return made;
  }
  auto wrap = open_key(**directory, options);
  if (!wrap) return tl::unexpected(wrap.error());
  const auto meta = has_database_in(**directory) ? empty_database(*directory, *wrap)
                                                 : make_database(**directory, *wrap);
  if (!meta) return tl::unexpected(meta.error());
  auto epoch = EpochFile::create(*directory, meta->store_id, options.now_s());
  if (!epoch) return tl::unexpected(epoch.error());
  if (auto raised = epoch->raise_to(meta->epoch, options.now_s()); !raised) return raised;
  return epoch->mark_clean_stop(meta->stop_token, options.now_s());
}

Result<void> OpenedStore::adopt(const std::string& path, const StoreOptions& options) {
  const auto directory = Directory::open(path, *options.calls);
  if (!directory) return tl::unexpected(directory.error());
  const auto lock = StoreLock::acquire(**directory);
  if (!lock) return tl::unexpected(lock.error());
  auto epoch = EpochFile::open(*directory);
  if (!epoch) return tl::unexpected(epoch.error());
  return epoch->adopt(options.now_s());
}

Result<std::unique_ptr<OpenedStore>> OpenedStore::open(const std::string& path, OpenMode mode,
                                                       const StoreOptions& options) {
  make_files_private();
  auto directory = Directory::open(path, *options.calls);
  if (!directory) return tl::unexpected(std::move(directory.error()));
  const auto has_epoch = EpochFile::exists(**directory);
  if (!has_epoch) return tl::unexpected(has_epoch.error());
  if (!*has_epoch && !has_database_in(**directory)) {
    return fail(path + " is not a store", "osprey store init --store " + shell_word(path));
  }
  auto wrap = open_key(**directory, options);
  if (!wrap) return tl::unexpected(std::move(wrap.error()));
  std::unique_ptr<OpenedStore> store(
      new OpenedStore(std::move(*directory), mode, options, std::move(*wrap)));
  if (mode == OpenMode::kInspect) {
    if (auto opened = store->open_database(Database::Mode::kReadOnly); !opened) {
      return tl::unexpected(std::move(opened.error()));
    }
    // Whoever reads continues nothing: the most that may have been used is what counts.
    const MetaRecord& meta = store->catalogue_->meta();
    store->standing_ = {meta.epoch, meta.epoch_of_doubt, false};
    return store;
  }
  if (auto locked = store->lock_and_read_epoch(); !locked) {
    return tl::unexpected(std::move(locked.error()));
  }
  if (auto opened = store->open_database(Database::Mode::kOpen); !opened) {
    return tl::unexpected(std::move(opened.error()));
  }
  if (auto started = store->start(); !started) return tl::unexpected(std::move(started.error()));
  return store;
}

Result<void> OpenedStore::lock_and_read_epoch() {
  auto lock = StoreLock::acquire(*directory_);
  if (!lock) return tl::unexpected(std::move(lock.error()));
  lock_ = std::move(*lock);
  for (const char* name : kEpochCopies) directory_->remove_leftover(name);
  auto epoch = EpochFile::open(directory_);
  if (!epoch) return tl::unexpected(std::move(epoch.error()));
  if (!epoch->is_in_place() && !FAULT(kCopyTrusted)) {
    return fail(
        "the store " + path() +
            " was copied or restored: sequence numbers that it gave out elsewhere since are "
            "not in it",
        "make sure that the other one is not used any more, then: " + adopt_command(path()));
  }
  epoch_file_ = std::move(*epoch);
  return {};
}

Result<void> OpenedStore::open_database(Database::Mode mode) {
  auto database = Database::open(database_path(), mode);
  if (!database) return tl::unexpected(std::move(database.error()));
  const auto meta = checked_meta(**database);
  if (!meta) return tl::unexpected(meta.error());
  database_ = std::move(*database);
  if (catalogue_) {
    catalogue_->use(*database_, *meta);
  } else {
    catalogue_.emplace(*database_, wrap_, *meta);
  }
  return {};
}

Result<MetaRecord> OpenedStore::checked_meta(const Database& database) const {
  auto meta = read_meta(database, *directory_);
  if (!meta) return meta;
  if (meta->kek_id != wrap_.key_id()) {
    return fail("the secrets in " + path() + " were wrapped under another key-encryption key",
                "name the right one (store.key_file, --key-file), or put kek back");
  }
  if (epoch_file_ && meta->store_id != epoch_file_->store_id()) {
    return fail(
        "the database " + database_path() + " and the epoch files belong to different stores",
        "put the right ones back, then: " + adopt_command(path()));
  }
  return meta;
}

Result<void> OpenedStore::start() {
  const MetaRecord& meta = catalogue_->meta();
  const uint64_t token = epoch_file_->stop_token(options_.now_s());
  const bool continues = token != 0 && meta.stop_token == token &&
                         meta.epoch == epoch_file_->epoch() && meta.epoch_of_doubt != 0;
  standing_ = {std::max(epoch_file_->epoch(), meta.epoch), meta.epoch_of_doubt, continues};
  if (continues) return continue_clean_stop();
  return mode_ == OpenMode::kServe ? take_new_epoch() : Result<void>();
}

// Before anything else happens: a mark that stayed would make the next start believe it again.
Result<void> OpenedStore::continue_clean_stop() {
  if (!FAULT(kCleanMarkKept)) {
    if (auto consumed = epoch_file_->consume_clean_stop(options_.now_s()); !consumed) {
      return consumed;
    }
  }
  CRASH_POINT(kCleanMarkConsumed);
  return {};
}

Result<void> OpenedStore::take_new_epoch() {
  MetaRecord meta = catalogue_->meta();
  const auto epoch = epoch_file_->next_epoch(options_.now_s(), meta.epoch);
  if (!epoch) return tl::unexpected(epoch.error());
  if (!FAULT(kNoEpochStep) || meta.epoch == 0) {
    if (auto raised = epoch_file_->raise_to(*epoch, options_.now_s()); !raised) return raised;
  }
  CRASH_POINT(kStartBeforeMeta);
  meta.epoch = epoch_file_->epoch();
  meta.epoch_of_doubt = meta.epoch;
  meta.stop_token = 0;
  if (auto written = catalogue_->write_meta(meta); !written) return written;
  CRASH_POINT(kStartMetaWritten);
  standing_ = {meta.epoch, meta.epoch_of_doubt, false};
  return {};
}

Result<void> OpenedStore::raise_epoch(uint32_t at_least) {
  // One that was raised before the database failed is there to be used.
  uint32_t epoch = epoch_file_->epoch();
  if (epoch <= standing_.epoch || epoch < at_least) {
    const auto next = epoch_file_->next_epoch(options_.now_s(), std::max(at_least, 1u) - 1);
    if (!next) return tl::unexpected(next.error());
    epoch = *next;
  }
  if (auto raised = epoch_file_->raise_to(epoch, options_.now_s()); !raised) return raised;
  MetaRecord meta = catalogue_->meta();
  meta.epoch = epoch_file_->epoch();
  if (auto written = catalogue_->write_meta(meta); !written) return written;
  standing_.epoch = meta.epoch;
  return {};
}

Result<void> OpenedStore::reopen_database() {
  if (database_) static_cast<void>(database_->close());
  database_.reset();
  if (auto opened = open_database(Database::Mode::kOpen); !opened) return opened;
  // A write first: a disk that is still full is not to use up the epochs.
  if (auto written = catalogue_->write_meta(catalogue_->meta()); !written) return written;
  return take_new_epoch();
}

// Half of what is left stays for starts after crashes.
Result<void> OpenedStore::may_lift_to(uint32_t epoch) const {
  const uint32_t highest =
      std::max(standing_.epoch, epoch_file_->epoch() + epoch_file_->allowance() / 2);
  if (epoch <= highest) return {};
  return fail("own numbers in epoch " + std::to_string(epoch) +
                  " are used up already, and the store " + path() +
                  " may go no further than to epoch " + std::to_string(highest),
              "give the context new keys");
}

// A store that never took an epoch, or was not continued by somebody who only provisions, is left
// as it was found: in doubt.
Result<void> OpenedStore::close_clean() {
  CHECK(mode_ != OpenMode::kInspect);
  const bool can_be_continued = mode_ == OpenMode::kServe || standing_.continues;
  MetaRecord meta = catalogue_->meta();
  if (can_be_continued) {
    const auto token = draw<uint64_t>();
    if (!token) return tl::unexpected(token.error());
    meta.stop_token = *token | 1;  // never 0
    if (auto written = catalogue_->write_meta(meta); !written) return written;
  }
  CRASH_POINT(kStopSaved);
  if (auto emptied = database_->empty_log(); !emptied) return emptied;
  const auto closed = database_->close();
  database_.reset();
  if (!closed) return closed;
  if (auto given = directory_->give_to_owner(kDatabase); !given) return given;
  CRASH_POINT(kStopClosed);
  // Contexts whose imported numbers lie above it have lifted the database's epoch alone: in doubt.
  if (can_be_continued && meta.epoch == epoch_file_->epoch()) {
    if (auto marked = epoch_file_->mark_clean_stop(meta.stop_token, options_.now_s()); !marked) {
      return marked;
    }
  }
  CRASH_POINT(kStopMarked);
  lock_.reset();
  return {};
}

}  // namespace osprey::storage
