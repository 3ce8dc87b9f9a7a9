#include "storage/store_lock.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <time.h>

#include <array>
#include <fstream>
#include <system_error>

namespace osprey::storage {
namespace {

constexpr const char* kName = "lock";

bool is_alive(pid_t pid) { return kill(pid, 0) == 0 || errno == EPERM; }

// The holder writes its pid right after it took the lock; until then the file is empty or says who
// held it before. 0 when that does not change in a moment.
pid_t read_pid(int file) {
  for (int attempt = 0; attempt < 20; ++attempt) {
    std::array<char, 16> text{};
    if (pread(file, text.data(), text.size() - 1, 0) > 0) {
      const pid_t pid = atoi(text.data());
      if (pid > 0 && is_alive(pid)) return pid;
    }
    const timespec pause{.tv_sec = 0, .tv_nsec = 5'000'000};
    nanosleep(&pause, nullptr);
  }
  return 0;
}

// "1234 (ospreyd)".
std::string process_text(pid_t pid) {
  std::string command;
  std::ifstream comm("/proc/" + std::to_string(pid) + "/comm");
  std::getline(comm, command);
  return command.empty() ? std::to_string(pid) : std::to_string(pid) + " (" + command + ")";
}

tl::unexpected<Error> fail_in_use(const Directory& directory, pid_t pid) {
  if (pid <= 0) return fail("the store " + directory.path() + " is in use by another process");
  return fail("the store " + directory.path() + " is in use by process " + process_text(pid),
              "wait until that process ends, or stop it (kill " + std::to_string(pid) + ")");
}

// 0, or the errno. Some network file systems cannot lock a directory; the file is then the lock.
int lock_both(int file, int directory) {
  if (flock(file, LOCK_EX | LOCK_NB) != 0) return errno;
  if (flock(directory, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) return errno;
  return 0;
}

}  // namespace

Result<StoreLock> StoreLock::acquire(const Directory& directory) {
  auto file = directory.open_file(kName, O_RDWR | O_CREAT);
  if (!file) return tl::unexpected(std::move(file.error()));
  const int number = (*file)->number();
  FileDescriptor itself = directory.open_itself();
  const int error = lock_both(number, itself.number());
  if (error == EWOULDBLOCK) return fail_in_use(directory, read_pid(number));
  if (error != 0) {
    return fail("cannot lock " + directory.path_of(kName) + ": " +
                std::generic_category().message(error));
  }
  const std::string pid = std::to_string(getpid()) + "\n";
  if (ftruncate(number, 0) != 0 ||
      pwrite(number, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    return fail(
        "cannot write " + directory.path_of(kName) + ": " + std::generic_category().message(errno),
        "look at the disk (df " + shell_word(directory.path()) + ")");
  }
  return StoreLock(std::move(**file), std::move(itself));
}

}  // namespace osprey::storage
