// RocksDB, as the store uses it: column families, group commits, cursors. The one folder that
// includes rocksdb/; none of its types or exceptions leaves it.
//
// What RocksDB alone does not promise, and the store therefore does not ask of it: that nothing is
// ever lost (storage/epoch_file.h carries I1). What it does: an acknowledged write that is lost is
// lost with everything after it, and damage that its checksums can see is an error.
//
// Thread: one at a time, except get and Cursor, which any number may use beside one writer.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "framework/base/bytes.h"
#include "framework/base/result.h"
#include "storage/secret_text.h"

namespace osprey::storage {

// The column families. What is in them: storage/records.
enum class Family : uint8_t {
  kMeta,       // one record
  kContexts,   // context key -> static part, secrets wrapped
  kNames,      // name -> context key
  kSenders,    // digest of a Sender Key -> context key, or what is left of a removed one
  kSequences,  // context key -> own numbers
  kWindows,    // context key -> replay window at a clean stop
};
inline constexpr size_t kNumFamilies = 6;

enum class Reach : uint8_t {
  kFew,   // some neighbours
  kLong,  // thousands in a row: reads ahead
};

enum class Durability : uint8_t {
  kSynced,  // on the disk when the call returns
  kLater,   // with the next synced write
};

class Database {
 public:
  // Writes that happen all or not at all. Made by batch(); not to outlive its database.
  class Batch {
   public:
    ~Batch();
    Batch(Batch&&) noexcept;
    Batch& operator=(Batch&&) noexcept;

    void put(Family family, Bytes key, Bytes value);
    void erase(Family family, Bytes key);
    void clear();
    bool empty() const;
    size_t size() const;  // bytes

   private:
    friend class Database;
    struct Parts;
    explicit Batch(std::unique_ptr<Parts> parts);
    std::unique_ptr<Parts> parts_;
  };

  // Walks one family in the order of its keys, over what is there when it is made.
  class Cursor {
   public:
    ~Cursor();
    Cursor(Cursor&&) noexcept;
    Cursor& operator=(Cursor&&) noexcept;

    // To the first key that is not below `key`.
    void seek(Bytes key);
    void next();
    bool valid() const;
    // Borrowed until the next move.
    Bytes key() const;
    Bytes value() const;
    // Whether it stopped because of an error, and which.
    Result<void> status() const;

   private:
    friend class Database;
    struct Parts;
    explicit Cursor(std::unique_ptr<Parts> parts);
    std::unique_ptr<Parts> parts_;
  };

  enum class Mode : uint8_t {
    kCreate,  // refuses when there is one
    kOpen,
    kReadOnly,  // also while another process has it open for writing; sees it as it is now
  };

  // `path`: the directory of the database, whose parent exists and is private.
  static Result<std::unique_ptr<Database>> open(const std::string& path, Mode mode);
  ~Database();

  // Nothing when there is no such key.
  Result<std::optional<std::string>> get(Family family, Bytes key) const;
  Batch batch() const;
  Result<void> write(Batch& batch, Durability durability);
  Cursor cursor(Family family, Reach reach) const;

  // Moves what is in the log to where it stays: the next open has nothing to replay.
  Result<void> empty_log();

  // Syncs and closes; nothing may be called afterwards. The destructor closes too, and says
  // nothing. After a write has failed there is nothing to sync: an error, and it is closed all the
  // same.
  Result<void> close();

  // Why a write failed, empty while none has: RocksDB takes no others until it is opened again.
  const std::string& failure() const;

  // About how many bytes it has on the disk.
  uint64_t disk_bytes() const;

 private:
  struct Parts;
  explicit Database(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace osprey::storage
