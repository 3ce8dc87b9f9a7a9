#include "storage/epoch_keeper.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <system_error>

namespace osprey::storage {
namespace {

constexpr std::chrono::milliseconds kForever{-1};

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

}  // namespace

Result<std::unique_ptr<EpochKeeper>> EpochKeeper::start(EpochFile file) {
  FileDescriptor wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake.is_open()) {
    return fail("cannot make an eventfd: " + std::generic_category().message(errno),
                "allow more open files (ulimit -n)");
  }
  std::unique_ptr<EpochKeeper> keeper(new EpochKeeper(std::move(file), std::move(wake)));
  try {
    const NoSignals no_signals;
    keeper->thread_ = std::thread([&keeper = *keeper] { keeper.run(); });
  } catch (const std::system_error& error) {
    return fail(std::string("cannot start the store's thread: ") + error.what());
  }
  pthread_setname_np(keeper->thread_.native_handle(), "osprey-store");
  return keeper;
}

EpochKeeper::EpochKeeper(EpochFile file, FileDescriptor wake)
    : current_(file.epoch()),
      wanted_(file.epoch()),
      file_(std::move(file)),
      wake_(std::move(wake)) {}

EpochKeeper::~EpochKeeper() {
  stop_.store(true);
  wake();
  if (thread_.joinable()) thread_.join();
}

void EpochKeeper::want_above(uint32_t used) {
  uint32_t wanted = wanted_.load(std::memory_order_relaxed);
  while (wanted <= used) {
    if (wanted_.compare_exchange_weak(wanted, used + 1, std::memory_order_release)) return wake();
  }
}

std::string EpochKeeper::last_failure() const {
  const std::scoped_lock lock(last_failure_mutex_);
  return last_failure_;
}

void EpochKeeper::run() {
  std::chrono::milliseconds retry = kFirstRetry;
  std::chrono::milliseconds pause = kForever;
  for (;;) {
    wait(pause);
    if (stop_.load()) return;
    if (const auto raised = raise_if_wanted(); raised) {
      pause = kForever;
      retry = kFirstRetry;
      continue;
    } else {
      const std::scoped_lock lock(last_failure_mutex_);
      last_failure_ = raised.error().text();
    }
    failures_.fetch_add(1, std::memory_order_relaxed);
    pause = retry;
    retry = std::min(retry * 2, kLastRetry);
  }
}

Result<void> EpochKeeper::raise_if_wanted() {
  const uint32_t wanted = wanted_.load(std::memory_order_acquire);
  if (wanted <= current()) return {};
  if (auto raised = file_.raise_to(wanted); !raised) return raised;
  current_.store(file_.epoch(), std::memory_order_release);
  return {};
}

// Until woken, or for `at_most`.
void EpochKeeper::wait(std::chrono::milliseconds at_most) const {
  pollfd polled{.fd = wake_.number(), .events = POLLIN, .revents = 0};
  poll(&polled, 1, static_cast<int>(at_most.count()));
  uint64_t count = 0;
  [[maybe_unused]] const ssize_t drained = read(wake_.number(), &count, sizeof count);
}

// The counter never fills up; if it did, the thread would be awake anyway.
void EpochKeeper::wake() const {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(wake_.number(), &one, sizeof one);
}

}  // namespace osprey::storage
