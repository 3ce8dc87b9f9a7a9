// A disk that loses power at a chosen moment, and everything it may hold afterwards.
//
// It carries the calls out, and keeps beside it what POSIX promises to survive: a file's bytes only
// after an fsync of the file, a name only after an fsync of the directory. Of all that was not yet
// synced, any part may have survived, each name change by itself; and a file's unsynced bytes may
// be the old ones, the new ones, half of them, or zeros.
#pragma once

#include <sys/stat.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "storage/file_calls.h"

namespace osprey::storage {

struct PowerCut {};  // thrown by the call at which the power goes

class PowerCutCalls final : public FileCalls {
 public:
  // A disk that holds, durably, the files of the directory `path`; the power goes at the
  // `cut_at`-th call (from 0), before it has any effect.
  PowerCutCalls(const std::string& path, int cut_at);

  // Whether the power was cut, or all calls were made before.
  bool was_cut() const { return calls_ > cut_at_; }

  // Calls `look` with a fresh directory for every state the disk may be in. Returns how many.
  int for_each_survivor(const std::function<void(const std::string& path)>& look) const;

  int open_at(int directory, const char* name, int flags, mode_t mode) override;
  ssize_t write(int file, Bytes bytes) override;
  int fsync(int file) override;
  int rename_at(int directory, const char* from, const char* to) override;

 private:
  struct Inode {
    std::string durable;
    std::string now;
  };
  using InodePtr = std::shared_ptr<Inode>;
  using Names = std::map<std::string, InodePtr>;
  struct NameChange {
    std::string from;  // empty: `to` is new
    std::string to;
    InodePtr inode;
  };

  void step();
  Names names_after(size_t subset) const;

  int cut_at_;
  int calls_ = 0;
  Names now_;
  Names durable_;
  std::vector<NameChange> unsynced_;
  std::map<int, InodePtr> open_;
};

}  // namespace osprey::storage
