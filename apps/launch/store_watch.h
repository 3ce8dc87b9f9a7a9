// What a running server tells its log about the store: once a second how far loading is, and once
// for each time that something goes wrong or is well again. Pure.
#pragma once

#include <string>
#include <vector>

#include "storage/store_thread.h"

namespace osprey {

class StoreWatch {
 public:
  struct Notice {
    bool is_warning = false;
    std::string text;

    bool operator==(const Notice&) const = default;
  };

  // Compares with what it saw last; called once a second.
  std::vector<Notice> look(const storage::StoreThread::Health& now);

 private:
  storage::StoreThread::Health last_;
};

}  // namespace osprey
