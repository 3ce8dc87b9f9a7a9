// The system calls that durability rests on, one virtual function each, so that a test can fail or
// cut any of them. They return what the system call does: -1 with errno set when it failed.
#pragma once

#include <fcntl.h>
#include <sys/types.h>

#include <cstdint>

#include "framework/base/bytes.h"

namespace osprey::storage {

// What tells a file from a copy of it: which inode it is, and when that was made. Neither can be
// chosen by whoever copies or restores files.
struct FileIdentity {
  uint64_t inode = 0;
  int64_t birth_ns = 0;  // 0 where the file system does not know

  bool operator==(const FileIdentity&) const = default;
};

class FileCalls {
 public:
  FileCalls() = default;
  FileCalls(const FileCalls&) = delete;
  FileCalls& operator=(const FileCalls&) = delete;
  virtual ~FileCalls() = default;

  // Names are relative to the open directory `directory`.
  virtual int open_at(int directory, const char* name, int flags, mode_t mode);
  virtual ssize_t write(int file, Bytes bytes);
  virtual int fsync(int file);  // a file, or a directory
  virtual int rename_at(int directory, const char* from, const char* to);
  virtual int identify(int file, FileIdentity& identity);

  // The calls themselves.
  static FileCalls& system();
};

}  // namespace osprey::storage
