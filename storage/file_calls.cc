#include "storage/file_calls.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

namespace osprey::storage {

int FileCalls::open_at(int directory, const char* name, int flags, mode_t mode) {
  return ::openat(directory, name, flags, mode);
}

ssize_t FileCalls::write(int file, Bytes bytes) {
  return ::write(file, bytes.data(), bytes.size());
}

int FileCalls::fsync(int file) { return ::fsync(file); }

int FileCalls::rename_at(int directory, const char* from, const char* to) {
  return ::renameat(directory, from, directory, to);
}

int FileCalls::identify(int file, FileIdentity& identity) {
  struct statx status {};
  if (statx(file, "", AT_EMPTY_PATH, STATX_INO | STATX_BTIME, &status) != 0) return -1;
  identity.inode = status.stx_ino;
  identity.birth_ns = 0;
  if ((status.stx_mask & STATX_BTIME) != 0) {
    identity.birth_ns = status.stx_btime.tv_sec * 1'000'000'000 + status.stx_btime.tv_nsec;
  }
  return 0;
}

FileCalls& FileCalls::system() {
  static FileCalls calls;
  return calls;
}

}  // namespace osprey::storage
