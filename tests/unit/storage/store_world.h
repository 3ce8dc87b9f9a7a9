// What the tests of the store share: a store in a directory that goes away, with a clock of its
// own, and a life of it that serves, with this thread as its one worker.
#pragma once

#include <signal.h>
#include <sys/resource.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "storage/store.h"
#include "tests/unit/storage/support.h"

namespace osprey::storage {

inline constexpr int64_t kCreated = 1'800'000'000;
inline constexpr uint64_t kEpochLen = uint64_t{1} << oscore::kNumberInEpochBits;

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// False when it has not come true within ten seconds.
template <typename Condition>
bool wait_until(const Condition& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::microseconds(50));
  }
  return true;
}

// While it lives, no file may grow beyond a byte: every write that RocksDB makes fails.
class FullDisk {
 public:
  FullDisk() : before_handler_(signal(SIGXFSZ, SIG_IGN)) {
    EXPECT_EQ(getrlimit(RLIMIT_FSIZE, &before_), 0);
    const rlimit full{1, before_.rlim_max};
    EXPECT_EQ(setrlimit(RLIMIT_FSIZE, &full), 0);
  }
  ~FullDisk() {
    EXPECT_EQ(setrlimit(RLIMIT_FSIZE, &before_), 0);
    signal(SIGXFSZ, before_handler_);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit before_{};
  sighandler_t before_handler_;
};

inline std::vector<NewContext> numbered_contexts(uint32_t first, uint32_t count) {
  std::vector<NewContext> contexts;
  for (uint32_t i = 0; i < count; ++i) contexts.push_back({numbered_context(first + i), {}});
  return contexts;
}

// A store in its own directory with `count` contexts, numbered from 0.
class StoreDirectory {
 public:
  explicit StoreDirectory(uint32_t count = 0) {
    const auto made = Store::init(path(), options());
    EXPECT_TRUE(made) << error_of(made);
    if (count > 0) provision([&](Store& store) { return store.add(numbered_contexts(0, count)); });
  }

  const std::string& path() const { return path_; }
  std::string path_of(const std::string& name) const { return path_ + "/" + name; }
  StoreOptions options(FileCalls& calls = FileCalls::system()) const {
    return {.now_s = [this] { return now_s; }, .calls = &calls, .key_file = {}};
  }
  std::unique_ptr<Store> open(OpenMode mode) const {
    auto store = Store::open(path_, mode, options());
    EXPECT_TRUE(store) << error_of(store);
    return store ? std::move(*store) : nullptr;
  }
  std::string open_error(OpenMode mode) const {
    return error_of(Store::open(path_, mode, options()));
  }
  // Opens for provisioning, changes, and closes.
  template <typename Change>
  void provision(const Change& change) const {
    const auto store = open(OpenMode::kProvision);
    ASSERT_TRUE(store);
    const Result<void> changed = change(*store);
    EXPECT_TRUE(changed) << error_of(changed);
    const auto closed = store->close();
    EXPECT_TRUE(closed) << error_of(closed);
  }

  int64_t now_s = kCreated;

 private:
  TempDirectory directory_;
  std::string path_ = directory_.path_of("store");
};

// A store that serves; this thread is its one worker.
class Life {
 public:
  explicit Life(const StoreDirectory& directory, Store::Load load = Store::Load::kAll)
      : store_(directory.open(OpenMode::kServe)) {
    if (!store_) return;
    const auto served = store_->serve(table_, readers_, {nullptr}, load);
    EXPECT_TRUE(served) << error_of(served);
    if (load == Store::Load::kAll) {
      EXPECT_TRUE(wait_until([&] { return link().has_all(); }));
    }
  }

  Store& store() { return *store_; }
  StoreLink& link() { return store_->link(0); }
  oscore::ContextTable& table() { return table_; }
  Quiescence& readers() { return readers_; }

  // nullptr when it is not in the table.
  oscore::SecurityContext* find(uint32_t number) { return find(numbered_context(number)); }
  oscore::SecurityContext* find(const oscore::ContextParameters& parameters) {
    oscore::OscoreOption option;
    option.kid = parameters.recipient_id;
    if (parameters.id_context) option.kid_context = *parameters.id_context;
    return table_.find(option);
  }

  // The next own number, as soon as there is one; UINT64_MAX when none comes.
  uint64_t take(uint32_t number) {
    oscore::SecurityContext* context = find(number);
    EXPECT_NE(context, nullptr) << number;
    return context != nullptr ? take(*context) : UINT64_MAX;
  }
  uint64_t take(oscore::SecurityContext& context) {
    uint64_t taken = UINT64_MAX;
    EXPECT_TRUE(wait_until([&] {
      const auto next = oscore::take_sequence_number(context, link());
      if (next) taken = *next;
      return next.has_value();
    }));
    return taken;
  }

  // As the worker does with a request that it accepts.
  static void see(oscore::SecurityContext& context, uint64_t piv) {
    context.claim(0);
    if (!context.window().is_set()) {
      context.window().initialise_at(piv);
    } else {
      EXPECT_TRUE(context.window().try_record(piv)) << piv;
    }
  }

  uint32_t epoch() const {
    EXPECT_TRUE(wait_until([&] { return store_->health().epoch != 0; }));
    return store_->health().epoch;
  }

  void close() {
    const auto closed = store_->close();
    EXPECT_TRUE(closed) << error_of(closed);
    store_.reset();
  }

 private:
  Quiescence readers_{1};
  oscore::ContextTable table_{7};
  std::unique_ptr<Store> store_;
};

}  // namespace osprey::storage
