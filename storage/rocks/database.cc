#include "storage/rocks/database.h"

#include <array>
#include <vector>

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include "framework/base/check.h"
#include "storage/directory.h"
#include "storage/rocks/options.h"

namespace osprey::storage {
namespace {

// The names in the database; RocksDB insists on the first.
constexpr std::array<const char*, kNumFamilies> kFamilyNames = {"default", "contexts",  "names",
                                                                "senders", "sequences", "windows"};

rocksdb::Slice slice(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Bytes bytes_of(const rocksdb::Slice& slice) {
  return {reinterpret_cast<const uint8_t*>(slice.data()), slice.size()};
}

std::string mend_of(const rocksdb::Status& status, const std::string& path) {
  const std::string word = shell_word(path);
  if (status.IsNoSpace()) return "free space on the file system of " + word + " (df " + word + ")";
  if (status.ToString().find("Permission denied") != std::string::npos) {
    return "run this as the user that owns the store, or give it all of it: chown -R USER " + word;
  }
  if (status.IsCorruption()) {
    return "put the store back from a copy, then: osprey store adopt --store DIR";
  }
  return "look at the disk of " + word + " (dmesg | tail)";
}

tl::unexpected<Error> fail_status(const char* verb, const std::string& path,
                                  const rocksdb::Status& status) {
  return fail(std::string("cannot ") + verb + " the database " + path + ": " + status.ToString(),
              mend_of(status, path));
}

}  // namespace

struct Database::Parts {
  std::string path;
  std::unique_ptr<rocksdb::DB> db;
  std::string failure;  // of a write; Debian's RocksDB aborts when such a log is synced again
  std::vector<rocksdb::ColumnFamilyHandle*> families;

  rocksdb::ColumnFamilyHandle* family(Family which) const {
    return families[static_cast<size_t>(which)];
  }
};

struct Database::Batch::Parts {
  const Database::Parts* database;
  rocksdb::WriteBatch writes;
};

struct Database::Cursor::Parts {
  std::string path;
  std::unique_ptr<rocksdb::Iterator> iterator;
};

Database::Batch::Batch(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Database::Batch::~Batch() = default;
Database::Batch::Batch(Batch&&) noexcept = default;
Database::Batch& Database::Batch::operator=(Batch&&) noexcept = default;

// Adding to a batch in memory cannot fail.
void Database::Batch::put(Family family, Bytes key, Bytes value) {
  CHECK(parts_->writes.Put(parts_->database->family(family), slice(key), slice(value)).ok());
}

void Database::Batch::erase(Family family, Bytes key) {
  CHECK(parts_->writes.Delete(parts_->database->family(family), slice(key)).ok());
}

void Database::Batch::clear() { parts_->writes.Clear(); }
bool Database::Batch::empty() const { return parts_->writes.Count() == 0; }
size_t Database::Batch::size() const { return parts_->writes.GetDataSize(); }

Database::Cursor::Cursor(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Database::Cursor::~Cursor() = default;
Database::Cursor::Cursor(Cursor&&) noexcept = default;
Database::Cursor& Database::Cursor::operator=(Cursor&&) noexcept = default;

void Database::Cursor::seek(Bytes key) { parts_->iterator->Seek(slice(key)); }
void Database::Cursor::next() { parts_->iterator->Next(); }
bool Database::Cursor::valid() const { return parts_->iterator->Valid(); }
Bytes Database::Cursor::key() const { return bytes_of(parts_->iterator->key()); }
Bytes Database::Cursor::value() const { return bytes_of(parts_->iterator->value()); }

Result<void> Database::Cursor::status() const {
  const rocksdb::Status status = parts_->iterator->status();
  if (!status.ok()) return fail_status("read", parts_->path, status);
  return {};
}

Database::Database(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Database::~Database() {
  if (parts_->db) static_cast<void>(close());
}

Result<std::unique_ptr<Database>> Database::open(const std::string& path, Mode mode) {
  rocksdb::DBOptions options = database_options();
  options.create_if_missing = mode == Mode::kCreate;
  options.create_missing_column_families = mode == Mode::kCreate;
  options.error_if_exists = mode == Mode::kCreate;
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (size_t i = 0; i < kNumFamilies; ++i) {
    descriptors.emplace_back(kFamilyNames[i], family_options(static_cast<Family>(i)));
  }

  auto parts = std::make_unique<Parts>();
  parts->path = path;
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status =
      mode == Mode::kReadOnly
          ? rocksdb::DB::OpenForReadOnly(options, path, descriptors, &parts->families, &db)
          : rocksdb::DB::Open(options, path, descriptors, &parts->families, &db);
  if (!status.ok()) return fail_status("open", path, status);
  parts->db.reset(db);
  return std::unique_ptr<Database>(new Database(std::move(parts)));
}

Result<std::optional<std::string>> Database::get(Family family, Bytes key) const {
  std::string value;
  const rocksdb::Status status =
      parts_->db->Get(rocksdb::ReadOptions(), parts_->family(family), slice(key), &value);
  if (status.IsNotFound()) return std::optional<std::string>();
  if (!status.ok()) return fail_status("read", parts_->path, status);
  return std::optional(std::move(value));
}

Database::Batch Database::batch() const {
  auto parts = std::make_unique<Batch::Parts>();
  parts->database = parts_.get();
  return Batch(std::move(parts));
}

Result<void> Database::write(Batch& batch, Durability durability) {
  rocksdb::WriteOptions options;
  options.sync = durability == Durability::kSynced;
  const rocksdb::Status status = parts_->db->Write(options, &batch.parts_->writes);
  if (status.ok()) return {};
  auto failed = fail_status("write", parts_->path, status);
  parts_->failure = failed.value().text();
  return failed;
}

const std::string& Database::failure() const { return parts_->failure; }

Database::Cursor Database::cursor(Family family, Reach reach) const {
  rocksdb::ReadOptions options;
  if (reach == Reach::kLong) {
    options.readahead_size = size_t{1} << 20;
    options.fill_cache = false;
  }
  auto parts = std::make_unique<Cursor::Parts>();
  parts->path = parts_->path;
  parts->iterator.reset(parts_->db->NewIterator(options, parts_->family(family)));
  return Cursor(std::move(parts));
}

Result<void> Database::empty_log() {
  const rocksdb::Status status = parts_->db->Flush(rocksdb::FlushOptions(), parts_->families);
  if (!status.ok()) return fail_status("write", parts_->path, status);
  return {};
}

Result<void> Database::close() {
  CHECK(parts_->db != nullptr);
  rocksdb::Status status = !parts_->failure.empty()
                               ? rocksdb::Status::IOError("a write has failed before")
                               : parts_->db->SyncWAL();
  // Nothing to sync in a database that was opened for reading.
  if (status.IsNotSupported()) status = rocksdb::Status::OK();
  for (rocksdb::ColumnFamilyHandle* family : parts_->families) {
    parts_->db->DestroyColumnFamilyHandle(family);
  }
  parts_->families.clear();
  const rocksdb::Status closed = parts_->db->Close();
  parts_->db.reset();
  if (!status.ok()) return fail_status("sync", parts_->path, status);
  if (!closed.ok()) return fail_status("close", parts_->path, closed);
  return {};
}

uint64_t Database::disk_bytes() const {
  uint64_t sum = 0;
  for (rocksdb::ColumnFamilyHandle* family : parts_->families) {
    uint64_t bytes = 0;
    if (parts_->db->GetIntProperty(family, rocksdb::DB::Properties::kTotalSstFilesSize, &bytes)) {
      sum += bytes;
    }
  }
  return sum;
}

}  // namespace osprey::storage
