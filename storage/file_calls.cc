#include "storage/file_calls.h"

#include <stdio.h>
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

FileCalls& FileCalls::system() {
  static FileCalls calls;
  return calls;
}

}  // namespace osprey::storage
