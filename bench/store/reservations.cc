// How many reservations of own numbers a second?
//
//   --mode store   through a serving store: one worker asks for more for each context as soon as it
//                  has taken what it asked for, so that its ring to the store's thread is never
//                  empty
//   --mode bare    RocksDB by itself with the store's options: records of the same size under keys
//   of
//                  the same size in the same order, --batch of them in each synced write
//
// Prints one line of JSON. Exit code: 0 measured, 1 something failed, 2 bad usage.
#include <array>
#include <chrono>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include "bench/store/served_store.h"
#include "bench/wire/clock.h"
#include "framework/base/hash.h"
#include "storage/records/context_key.h"
#include "storage/records/sequence_record.h"
#include "storage/rocks/options.h"

namespace osprey::bench {
namespace {

using oscore::SecurityContext;
using storage::StoreLink;

constexpr int kExitUsage = 2;
constexpr std::chrono::microseconds kPause{20};  // until the worker looks again

struct Arguments {
  std::string mode;
  std::string folder;  // empty or not there
  size_t num_contexts = 100'000;
  size_t batch_len = 1'000;
  double seconds = 3;
};

struct Outcome {
  uint64_t num_reservations = 0;
  uint64_t num_commits = 0;
  TimeNs duration = 0;
};

// --- through the store

bool take(SecurityContext& context, StoreLink& link) {
  if (context.reserved().limit() <= context.sequence().limit()) return false;
  context.sequence().reserve(*link.reserve_sender_sequence(context));
  return true;
}

// Contexts take turns. Answers come in the order of the requests, so the oldest is the one to look
// at; and as many are under way as the ring has places, so none is turned away.
uint64_t take_in_turns(oscore::ContextTable& table, StoreLink& link, TimeNs until) {
  CHECK(table.size() > StoreLink::kMaxNumberRequests);
  uint64_t asked = 0;
  uint64_t taken = 0;
  while (monotonic_now() < until) {
    const uint64_t taken_before = taken;
    while (taken < asked && take(table.at(taken % table.size()), link)) ++taken;
    for (; asked < taken + StoreLink::kMaxNumberRequests; ++asked) {
      link.expect_need(table.at(asked % table.size()));
    }
    if (taken == taken_before) std::this_thread::sleep_for(kPause);
  }
  return taken;
}

Outcome measure_store(const Arguments& arguments, TimeNs duration) {
  ServedStore store(arguments.folder, arguments.num_contexts);
  const auto before = store.health();
  const TimeNs start = monotonic_now();
  Outcome outcome;
  outcome.num_reservations = take_in_turns(store.table(), store.link(), start + duration);
  outcome.duration = monotonic_now() - start;
  outcome.num_commits = store.health().num_commits - before.num_commits;
  store.close();
  return outcome;
}

// --- bare

void must_be_ok(const rocksdb::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  std::exit(1);
}

class BareDatabase {
 public:
  explicit BareDatabase(const std::string& path) {
    rocksdb::DBOptions options = storage::database_options();
    options.create_if_missing = true;
    options.create_missing_column_families = true;
    rocksdb::DB* db = nullptr;
    must_be_ok(
        rocksdb::DB::Open(options, path,
                          {{"default", storage::family_options(storage::Family::kMeta)},
                           {"sequences", storage::family_options(storage::Family::kSequences)}},
                          &families_, &db));
    db_.reset(db);
    synced_.sync = true;
  }
  ~BareDatabase() {
    for (rocksdb::ColumnFamilyHandle* family : families_) db_->DestroyColumnFamilyHandle(family);
  }
  BareDatabase(const BareDatabase&) = delete;
  BareDatabase& operator=(const BareDatabase&) = delete;

  void put(rocksdb::Slice key, rocksdb::Slice value) {
    must_be_ok(batch_.Put(families_[1], key, value));
  }
  void commit() {
    must_be_ok(db_->Write(synced_, &batch_));
    batch_.Clear();
  }

 private:
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> families_;
  rocksdb::WriteOptions synced_;
  rocksdb::WriteBatch batch_;
};

rocksdb::Slice slice(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// As context_key.h makes them of IDs of three bytes; a random number in place of the digest.
std::string key_of(size_t i) {
  std::array<uint8_t, 64> space;
  Writer writer(space);
  std::array<uint8_t, 3> recipient_id;
  Writer(recipient_id).uint(i, recipient_id.size());
  writer.bytes(storage::kid_prefix(recipient_id, std::nullopt)->view());
  writer.uint(mix64(i), storage::kKeySuffixLen);
  return std::string(as_text(writer.written()));
}

Outcome measure_bare(const Arguments& arguments, TimeNs duration) {
  std::vector<std::string> keys;
  for (size_t i = 0; i < arguments.num_contexts; ++i) keys.push_back(key_of(i));
  BareDatabase database(arguments.folder);
  Outcome outcome;
  const TimeNs start = monotonic_now();
  while ((outcome.duration = monotonic_now() - start) < duration) {
    for (size_t i = 0; i < arguments.batch_len; ++i, ++outcome.num_reservations) {
      std::array<uint8_t, storage::kSequenceRecordLen> value{};
      Writer(value).uint(outcome.num_reservations, 8);
      database.put(keys[outcome.num_reservations % keys.size()], slice(value));
    }
    database.commit();
    ++outcome.num_commits;
  }
  return outcome;
}

// --- the program

void print(const Outcome& outcome) {
  const double seconds = static_cast<double>(outcome.duration) / kSecond;
  nlohmann::ordered_json json;
  json["reservations"] = outcome.num_reservations;
  json["commits"] = outcome.num_commits;
  json["seconds"] = seconds;
  json["rate"] = static_cast<double>(outcome.num_reservations) / seconds;
  std::printf("%s\n", json.dump().c_str());
}

int run(int argc, char** argv) {
  CLI::App app("Reservations of own numbers, with and without the store around RocksDB");
  Arguments arguments;
  app.add_option("--mode", arguments.mode)->required()->check(CLI::IsMember({"store", "bare"}));
  app.add_option("--folder", arguments.folder, "where to make it")->required()->type_name("DIR");
  app.add_option("--contexts", arguments.num_contexts)->capture_default_str();
  app.add_option("--batch", arguments.batch_len, "of the bare one")->capture_default_str();
  app.add_option("--seconds", arguments.seconds)->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }
  const auto duration = static_cast<TimeNs>(arguments.seconds * kSecond);
  print(arguments.mode == "store" ? measure_store(arguments, duration)
                                  : measure_bare(arguments, duration));
  return 0;
}

}  // namespace
}  // namespace osprey::bench

int main(int argc, char** argv) { return osprey::bench::run(argc, argv); }
