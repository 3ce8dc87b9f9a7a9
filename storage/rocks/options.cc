#include "storage/rocks/options.h"

#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>

namespace osprey::storage {
namespace {

constexpr size_t kMiB = size_t{1} << 20;

// RocksDB writes a log of its own doings into the database's directory otherwise, with a file for
// every start; what matters comes to us as errors.
class NoLog final : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char* /*format*/, va_list /*arguments*/) override {}
};

}  // namespace

rocksdb::DBOptions database_options() {
  rocksdb::DBOptions options;
  // A torn end of the write-ahead log is what a power cut leaves, and was never acknowledged.
  // Damage anywhere else is an error: the default would open the database rolled back to before it.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  // The manifest says which logs there must be, so that a missing or cut one is noticed.
  options.track_and_verify_wals_in_manifest = true;
  options.paranoid_checks = true;
  // Bounds what a start after a crash has to replay, and with it the time to the first answer: 14
  // MB of log, left by an import that was killed, took 0.8 to 1.2 s on a busy machine.
  options.max_total_wal_size = 16 * kMiB;
  // Data goes out while it is written, not all at once at a sync that a reservation waits for.
  options.bytes_per_sync = kMiB;
  options.wal_bytes_per_sync = kMiB;
  // Two threads are enough beside poll-mode workers, who want the cores.
  options.max_background_jobs = 2;
  options.max_file_opening_threads = 2;
  // A start is a start: it does not wait for statistics of every file.
  options.skip_stats_update_on_db_open = true;
  options.skip_checking_sst_file_sizes_on_db_open = false;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  options.info_log = std::make_shared<NoLog>();
  return options;
}

rocksdb::ColumnFamilyOptions family_options(Family family) {
  rocksdb::ColumnFamilyOptions options;
  options.write_buffer_size = 32 * kMiB;
  options.target_file_size_base = 64 * kMiB;
  // Most keys that an import asks for are not there; an import of a million spent 29 % of its time
  // looking for them in the memtables. Nobody asks the other families, and each filter is cleared
  // at every start.
  if (family == Family::kContexts || family == Family::kNames || family == Family::kSenders) {
    options.memtable_whole_key_filtering = true;
    options.memtable_prefix_bloom_size_ratio = 0.05;
  }
  // Keys and wrapped secrets do not compress; a start reads faster what is not packed.
  options.compression = rocksdb::kNoCompression;
  rocksdb::BlockBasedTableOptions table;
  // A request for a context that is not there, while a start is still loading, reads no block.
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.format_version = 5;
  table.block_size = 16 * 1024;  // loading reads in order
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

}  // namespace osprey::storage
