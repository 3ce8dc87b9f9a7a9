#include "storage/wakeup.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <memory>
#include <system_error>

namespace osprey::storage {

Result<std::unique_ptr<Wakeup>> Wakeup::make() {
  FileDescriptor event(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event.is_open()) {
    return fail("cannot make an eventfd: " + std::generic_category().message(errno),
                "allow more open files (ulimit -n)");
  }
  return std::unique_ptr<Wakeup>(new Wakeup(std::move(event)));
}

void Wakeup::wake() {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (!asleep_.load()) return;
  // The counter never fills up; if it did, the thread would be awake anyway.
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(event_.number(), &one, sizeof one);
}

void Wakeup::sleep(std::chrono::milliseconds at_most) const {
  pollfd polled{.fd = event_.number(), .events = POLLIN, .revents = 0};
  poll(&polled, 1, static_cast<int>(at_most.count()));
  uint64_t count = 0;
  [[maybe_unused]] const ssize_t drained = read(event_.number(), &count, sizeof count);
}

}  // namespace osprey::storage
