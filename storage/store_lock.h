// One process per store: a lock on the file `lock`, which says whose it is.
//
// The kernel drops the lock with the process, so nothing is left to clear away after a crash.
#pragma once

#include "framework/base/result.h"
#include "storage/directory.h"

namespace osprey::storage {

class StoreLock {
 public:
  // Refused, naming the process, while another one (or another part of this one) holds it.
  static Result<StoreLock> acquire(const Directory& directory);

 private:
  explicit StoreLock(FileDescriptor file) : file_(std::move(file)) {}

  FileDescriptor file_;
};

}  // namespace osprey::storage
