#include "apps/launch/store_watch.h"

namespace osprey {

using Health = storage::StoreThread::Health;

std::vector<StoreWatch::Notice> StoreWatch::look(const Health& now) {
  std::vector<Notice> notices;
  if (!now.has_all) {
    notices.push_back({false, "loading contexts: " + std::to_string(now.num_loaded) + " of " +
                                  std::to_string(now.num_contexts)});
  } else if (!last_.has_all) {
    notices.push_back({false, "all contexts are in memory: " + std::to_string(now.num_contexts)});
  }
  if (now.num_damaged > last_.num_damaged) {
    notices.push_back(
        {true, std::to_string(now.num_damaged) +
                   " contexts are damaged and not served; the last: " + now.last_damage});
  }
  if (now.is_behind && !last_.is_behind) {
    notices.push_back({true,
                       "the store cannot write, so contexts go on with the numbers that they "
                       "have: " +
                           now.last_failure});
  } else if (!now.is_behind && now.num_failures > last_.num_failures) {
    notices.push_back({true, "the store could not write for a moment: " + now.last_failure});
  } else if (!now.is_behind && last_.is_behind) {
    notices.push_back({false, "the store can write again"});
  }
  last_ = now;
  return notices;
}

}  // namespace osprey
