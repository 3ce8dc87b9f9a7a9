// A store that serves, as ospreyd has one: its thread running, all contexts in the table, a link
// for one worker. The contexts are the servers' ends of bench/micro/world.h.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "framework/base/quiescence.h"
#include "framework/oscore/context_table.h"
#include "storage/store.h"

namespace osprey::bench {

// The value; the end of the program, with the reason, where there is none.
template <typename Value>
Value must(Result<Value> result) {
  if (!result) {
    std::fprintf(stderr, "%s\n", result.error().text().c_str());
    std::exit(1);
  }
  if constexpr (!std::is_void_v<Value>) return std::move(*result);
}

class ServedStore {
 public:
  // Makes it at `path`, where nothing is yet, with contexts 0 to `num_contexts` - 1; returns when
  // all are in memory.
  ServedStore(const std::string& path, size_t num_contexts);

  // After the worker has ended.
  void close() { must(store_->close()); }

  oscore::ContextTable& table() { return table_; }
  Quiescence& readers() { return readers_; }
  storage::StoreLink& link() { return store_->link(0); }
  storage::Store::Health health() const { return store_->health(); }

 private:
  Quiescence readers_{1};
  oscore::ContextTable table_{1};
  std::unique_ptr<storage::Store> store_;
};

}  // namespace osprey::bench
