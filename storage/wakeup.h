// How a thread waits for work and others tell it that there is some. Whoever tells pays for a
// system call only while the thread sleeps.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>

#include "framework/base/result.h"
#include "storage/file_descriptor.h"

namespace osprey::storage {

class Wakeup {
 public:
  static Result<std::unique_ptr<Wakeup>> make();

  // After the work was put where the thread looks. Never blocks. Any thread.
  void wake();

  // Sleeps for at most `at_most`, or until woken; not at all if `has_work()` says so, which is
  // asked after it is known that a wake will be felt. The one thread.
  template <typename HasWork>
  void wait(std::chrono::milliseconds at_most, const HasWork& has_work) {
    asleep_.store(true);
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (!has_work()) sleep(at_most);
    asleep_.store(false);
  }

 private:
  explicit Wakeup(FileDescriptor event) : event_(std::move(event)) {}
  void sleep(std::chrono::milliseconds at_most) const;

  FileDescriptor event_;  // eventfd
  std::atomic<bool> asleep_ = false;
};

}  // namespace osprey::storage
