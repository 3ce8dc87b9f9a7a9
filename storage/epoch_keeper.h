// The epoch of a running store: raised by a thread of its own, read by all.
//
// A worker that used up its numbers asks for the next epoch and goes on without waiting. The
// thread makes that epoch durable and only then publishes it. While the disk refuses, it keeps
// trying and the epoch stays what it is.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>

#include "storage/epoch_file.h"

namespace osprey::storage {

class EpochKeeper {
 public:
  static constexpr std::chrono::milliseconds kFirstRetry{50};
  static constexpr std::chrono::milliseconds kLastRetry{2000};

  // `file` durably says the epoch to begin with.
  static Result<std::unique_ptr<EpochKeeper>> start(EpochFile file);
  ~EpochKeeper();

  EpochKeeper(const EpochKeeper&) = delete;
  EpochKeeper& operator=(const EpochKeeper&) = delete;

  // Durable. Any thread.
  uint32_t current() const { return current_.load(std::memory_order_acquire); }

  // Asks for an epoch above `used`. Never blocks. Any thread.
  void want_above(uint32_t used);

  // How often a raise failed since the start, and why the last time. Any thread but the workers.
  uint64_t failures() const { return failures_.load(std::memory_order_relaxed); }
  std::string last_failure() const;

 private:
  EpochKeeper(EpochFile file, FileDescriptor wake);
  void run();
  Result<void> raise_if_wanted();
  void wait(std::chrono::milliseconds at_most) const;
  void wake() const;

  std::atomic<uint32_t> current_;
  std::atomic<uint32_t> wanted_;
  std::atomic<bool> stop_ = false;
  std::atomic<uint64_t> failures_ = 0;
  mutable std::mutex last_failure_mutex_;  // never taken by a worker
  std::string last_failure_;
  EpochFile file_;       // the thread's alone
  FileDescriptor wake_;  // eventfd
  std::thread thread_;
};

}  // namespace osprey::storage
