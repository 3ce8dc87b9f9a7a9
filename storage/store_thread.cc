#include "storage/store_thread.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <system_error>

namespace osprey::storage {
namespace {

constexpr size_t kMaxGroup = 2048;     // reservations in one synced write
constexpr size_t kMaxFetchGroup = 64;  // fetches between two looks at everything else
constexpr size_t kLoadSlice = 512;     // contexts loaded between two looks
constexpr std::chrono::milliseconds kIdle{1000};
constexpr std::chrono::milliseconds kFreeing{1};  // until workers have gone round

// Signals are the main thread's business: a thread inherits the mask of whoever starts it.
class NoSignals {
 public:
  NoSignals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~NoSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  NoSignals(const NoSignals&) = delete;
  NoSignals& operator=(const NoSignals&) = delete;

 private:
  sigset_t before_{};
};

std::optional<ContextKey> prefix_of(const StoreLink::FetchRequest& request) {
  if (!request.has_kid_context) return kid_prefix(request.kid.view());
  return kid_prefix(request.kid.view(), request.kid_context.view());
}

}  // namespace

Result<std::unique_ptr<StoreThread>> StoreThread::start(
    OpenedStore& store, oscore::ContextTable& table, Quiescence& readers,
    std::vector<std::function<void()>> wake_workers, Load load) {
  auto wakeup = Wakeup::make();
  if (!wakeup) return tl::unexpected(std::move(wakeup.error()));
  if (load == Load::kAll) table.expect(store.catalogue().meta().num_contexts);
  std::unique_ptr<StoreThread> made(
      new StoreThread(store, table, readers, std::move(wake_workers), load, std::move(*wakeup)));
  try {
    const NoSignals no_signals;
    made->thread_ = std::thread([&self = *made] { self.loop(); });
  } catch (const std::system_error& error) {
    return fail(std::string("cannot start the store's thread: ") + error.what());
  }
  pthread_setname_np(made->thread_.native_handle(), "osprey-store");
  return made;
}

StoreThread::StoreThread(OpenedStore& store, oscore::ContextTable& table, Quiescence& readers,
                         std::vector<std::function<void()>> wake_workers, Load load,
                         std::unique_ptr<Wakeup> wakeup)
    : store_(store),
      live_(table, readers),
      loader_(store, live_),
      provisioner_(store, &live_, &loader_),
      reserver_(store),
      load_(load),
      wakeup_(std::move(wakeup)) {
  for (auto& wake_worker : wake_workers) {
    links_.push_back(std::make_unique<StoreLink>(*wakeup_, has_all_, std::move(wake_worker)));
  }
}

void StoreThread::stop() {
  stopping_.store(true);
  wakeup_->wake();
  if (thread_.joinable()) thread_.join();
}

void StoreThread::loop() {
  while (!stopping_.load()) {
    if (turn()) continue;
    const auto pause = live_.has_retired() ? kFreeing : in_trouble_ ? kFirstRetry : kIdle;
    wakeup_->wait(pause, [this] { return has_work(); });
  }
  {
    const std::scoped_lock lock(tasks_mutex_);
    takes_no_tasks_ = true;
  }
  const Error refusal{"the store is being closed", {}};
  run_tasks(&refusal);
}

// One turn of the loop. True if there was something to do.
bool StoreThread::turn() {
  if (in_trouble_ && !try_to_recover()) {
    const Error refusal{"the store cannot write: " + health().last_failure, {}};
    run_tasks(&refusal);
    return false;
  }
  bool was_busy = run_tasks();
  if (!store_.database().failure().empty()) {
    begin_trouble(Error{store_.database().failure(), {}});
    return false;
  }
  if (const auto settled = provisioner_.settle(); !settled) {
    begin_trouble(settled.error());
    return false;
  }
  const auto reserved = serve_numbers();
  if (reserved && *reserved) retry_ = kFirstRetry;  // the disk takes writes again
  note(reserved, was_busy);
  note(serve_fetches(), was_busy);
  note(load_some(), was_busy);
  free_unused();
  const std::scoped_lock lock(health_mutex_);
  health_.num_contexts = store_.catalogue().meta().num_contexts;
  health_.num_loaded = loader_.num_seen();
  health_.has_all = loader_.is_done();
  if (health_.num_damaged != loader_.num_damaged()) health_.last_damage = loader_.last_damage();
  health_.num_damaged = loader_.num_damaged();
  health_.num_reservations = reserver_.num_reservations();
  health_.num_commits = reserver_.num_commits();
  health_.epoch = store_.standing().epoch;
  return was_busy && !in_trouble_;
}

// With a refusal, which all who wait get instead.
bool StoreThread::run_tasks(const Error* refusal) {
  std::deque<Task> tasks;
  {
    const std::scoped_lock lock(tasks_mutex_);
    tasks.swap(tasks_);
  }
  for (const Task& task : tasks) task(refusal);
  return !tasks.empty();
}

// Group commit: what all workers asked for since the last one is one write.
Result<bool> StoreThread::serve_numbers() {
  const auto take = [this](const StoreLink::NumbersRequest& request) {
    wanted_numbers_.push_back(request);
  };
  for (const auto& link : links_) {
    while (wanted_numbers_.size() < kMaxGroup && link->pop_numbers(take)) {
    }
  }
  if (wanted_numbers_.empty()) return false;
  if (auto served = reserver_.serve(wanted_numbers_); !served) {
    return tl::unexpected(std::move(served.error()));
  }
  wanted_numbers_.clear();
  if (const auto& refusal = reserver_.refusal()) {
    // Raising the epoch writes to the database, too.
    if (!store_.database().failure().empty()) return tl::unexpected(*refusal);
    const std::scoped_lock lock(health_mutex_);
    ++health_.num_failures;
    health_.last_failure = refusal->text();
  }
  return true;
}

Result<bool> StoreThread::serve_fetches() {
  for (const auto& link : links_) {
    while (wanted_fetches_.size() < kMaxFetchGroup &&
           link->pop_fetch([&](const StoreLink::FetchRequest& request) {
             wanted_fetches_.push_back({link.get(), request});
           })) {
    }
  }
  const bool was_busy = !wanted_fetches_.empty();
  while (!wanted_fetches_.empty()) {
    const auto& [link, request] = wanted_fetches_.back();
    if (const auto prefix = prefix_of(request); prefix && !loader_.is_done()) {
      if (auto fetched = loader_.fetch(prefix->view()); !fetched) {
        return tl::unexpected(std::move(fetched.error()));
      }
    }
    link->give_back(request.ticket);
    link->wake_worker();
    wanted_fetches_.pop_back();
  }
  return was_busy;
}

Result<bool> StoreThread::load_some() {
  if (load_ == Load::kOnDemand || loader_.is_done()) return false;
  if (auto loaded = loader_.load(kLoadSlice); !loaded) {
    return tl::unexpected(std::move(loaded.error()));
  }
  if (loader_.is_done()) has_all_.store(true, std::memory_order_release);
  return true;
}

// A worker may have asked for numbers with what it then gave up, so its requests are taken first;
// they are passed over, and nothing points to the contexts any more.
void StoreThread::free_unused() {
  live_.reclaim();
  if (!live_.has_retired()) return;
  const auto unused = live_.take_unused();
  if (unused.empty()) return;
  for (const auto& link : links_) {
    while (link->pop_numbers(
        [this](const StoreLink::NumbersRequest& request) { wanted_numbers_.push_back(request); })) {
    }
  }
  std::erase_if(wanted_numbers_, [&](const StoreLink::NumbersRequest& request) {
    return std::ranges::any_of(
        unused, [&](const auto& context) { return context.get() == request.context; });
  });
}

bool StoreThread::has_work() {
  if (stopping_.load()) return true;
  if (in_trouble_) return false;
  if (std::ranges::any_of(links_, [](const auto& link) { return link->has_requests(); })) {
    return true;
  }
  const std::scoped_lock lock(tasks_mutex_);
  return !tasks_.empty();
}

void StoreThread::note(const Result<bool>& done, bool& was_busy) {
  if (done) {
    was_busy |= *done;
  } else {
    begin_trouble(done.error());
  }
}

void StoreThread::begin_trouble(const Error& error) {
  in_trouble_ = true;
  retry_at_ = std::chrono::steady_clock::now() + retry_;
  const std::scoped_lock lock(health_mutex_);
  health_.is_behind = true;
  ++health_.num_failures;
  health_.last_failure = error.text();
}

bool StoreThread::try_to_recover() {
  if (std::chrono::steady_clock::now() < retry_at_) return false;
  loader_.drop_cursors();
  retry_ = std::min(retry_ * 2, kLastRetry);
  // What could only not be read is read again. A write that failed may be there or not, and takes
  // an epoch to get over: all of it, before anything is believed that the database says.
  must_reopen_ |= !store_.has_database() || !store_.database().failure().empty();
  if (must_reopen_) {
    if (const auto reopened = store_.reopen_database(); !reopened) {
      begin_trouble(reopened.error());
      return false;
    }
    must_reopen_ = false;
  }
  in_trouble_ = false;
  const std::scoped_lock lock(health_mutex_);
  health_.is_behind = false;
  return true;
}

StoreThread::Health StoreThread::health() const {
  const std::scoped_lock lock(health_mutex_);
  return health_;
}

}  // namespace osprey::storage
