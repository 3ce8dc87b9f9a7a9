// The thread that owns a store while it serves. Workers talk to it through their links, everybody
// else through run(); all that it does for them goes round one loop:
//
//   changes to contexts -> reservations and fetches -> some loading -> freeing -> sleep
//
// When the disk refuses, the loop keeps what it was asked for and tries again, with the database
// closed and opened anew; workers meanwhile go on with what is reserved.
#pragma once

#include <deque>
#include <future>
#include <mutex>
#include <thread>
#include <vector>

#include "storage/loader.h"
#include "storage/provisioner.h"
#include "storage/reserver.h"
#include "storage/store_link.h"
#include "storage/wakeup.h"

namespace osprey::storage {

class StoreThread {
 public:
  static constexpr std::chrono::milliseconds kFirstRetry{50};
  static constexpr std::chrono::milliseconds kLastRetry{2000};

  // What it tells about itself.
  struct Health {
    uint64_t num_contexts = 0;  // in the store
    uint64_t num_loaded = 0;    // looked at by the loader
    bool has_all = false;
    uint64_t num_damaged = 0;
    std::string last_damage;  // of one of those
    uint64_t num_reservations = 0;
    uint64_t num_commits = 0;   // synced writes of reservations
    uint64_t num_failures = 0;  // of the disk, since the start
    std::string last_failure;   // empty when there was none
    bool is_behind = false;     // it fails at the moment
    uint32_t epoch = 0;
  };

  enum class Load : bool { kAll, kOnDemand };

  // Borrowed; `wake_workers` has one entry for each link. The thread starts at once.
  static Result<std::unique_ptr<StoreThread>> start(OpenedStore& store, oscore::ContextTable& table,
                                                    Quiescence& readers,
                                                    std::vector<std::function<void()>> wake_workers,
                                                    Load load);
  ~StoreThread() { stop(); }

  StoreThread(const StoreThread&) = delete;
  StoreThread& operator=(const StoreThread&) = delete;

  StoreLink& link(size_t worker) { return *links_[worker]; }

  // Runs `task`, which returns a Result, on the thread, between its other work, and waits for it.
  // An error instead while the disk fails, and when the thread ends. Not for workers.
  template <typename Task>
  auto run(Task task) -> decltype(task()) {
    // Shared: who waits may be gone before the thread has come back from telling it.
    const auto done = std::make_shared<std::promise<decltype(task())>>();
    auto result = done->get_future();
    {
      const std::scoped_lock lock(tasks_mutex_);
      if (takes_no_tasks_) return fail("the store is being closed");
      tasks_.emplace_back([done, &task](const Error* refusal) {
        if (refusal != nullptr) {
          done->set_value(tl::unexpected(*refusal));
        } else {
          done->set_value(task());
        }
      });
    }
    wakeup_->wake();
    return result.get();
  }

  // Within tasks.
  Provisioner& provisioner() { return provisioner_; }
  Loader& loader() { return loader_; }

  Health health() const;

  // Ends the loop and joins. What workers still asked for is not answered.
  void stop();

 private:
  StoreThread(OpenedStore& store, oscore::ContextTable& table, Quiescence& readers,
              std::vector<std::function<void()>> wake_workers, Load load,
              std::unique_ptr<Wakeup> wakeup);
  void loop();
  bool turn();
  bool run_tasks(const Error* refusal = nullptr);
  Result<bool> serve_numbers();
  Result<bool> serve_fetches();
  Result<bool> load_some();
  void free_unused();
  bool has_work();
  void note(const Result<bool>& done, bool& was_busy);
  void begin_trouble(const Error& error);
  bool try_to_recover();

  OpenedStore& store_;
  LiveContexts live_;
  Loader loader_;
  Provisioner provisioner_;
  Reserver reserver_;
  const Load load_;
  std::unique_ptr<Wakeup> wakeup_;
  std::atomic<bool> has_all_ = false;
  std::vector<std::unique_ptr<StoreLink>> links_;

  std::mutex tasks_mutex_;  // never taken by a worker
  // Does what it is for, or passes the refusal on.
  using Task = std::function<void(const Error* refusal)>;
  std::deque<Task> tasks_;
  bool takes_no_tasks_ = false;  // the loop has ended

  // Asked for and not yet answered: what a failing disk leaves stays here.
  std::vector<StoreLink::NumbersRequest> wanted_numbers_;
  struct WantedFetch {
    StoreLink* link;
    StoreLink::FetchRequest request;
  };
  std::vector<WantedFetch> wanted_fetches_;

  bool in_trouble_ = false;
  bool must_reopen_ = false;  // since a write failed
  std::chrono::milliseconds retry_ = kFirstRetry;
  std::chrono::steady_clock::time_point retry_at_;

  mutable std::mutex health_mutex_;
  Health health_;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace osprey::storage
