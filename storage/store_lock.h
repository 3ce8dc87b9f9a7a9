// One process per store: a lock on the file `lock`, which says whose it is, and one on the
// directory itself, which holds even when somebody removes that file.
//
// The kernel drops both with the process, so nothing is left to clear away after a crash.
#pragma once

#include "framework/base/result.h"
#include "storage/directory.h"

namespace osprey::storage {

class StoreLock {
 public:
  // Refused, naming the process, while another one (or another part of this one) holds it.
  static Result<StoreLock> acquire(const Directory& directory);

 private:
  StoreLock(FileDescriptor file, FileDescriptor directory)
      : file_(std::move(file)), directory_(std::move(directory)) {}

  FileDescriptor file_;
  FileDescriptor directory_;  // its own, so that the lock goes with this object
};

}  // namespace osprey::storage
