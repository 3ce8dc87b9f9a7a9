// How often one context may be challenged while its window is unset (RFC 8613 B.1.2).
//
// Every challenge spends an own sequence number, and whoever recorded valid requests can replay
// them to a restarted server at will. A real client's next request has a higher Partial IV than
// all that was recorded, so a request above every challenged one is always challenged; the others
// share a small allowance.
// Thread: only the worker that owns the context.
#pragma once

#include <algorithm>
#include <cstdint>

#include "framework/base/clock.h"

namespace osprey::oscore {

class ChallengeBudget {
 public:
  static constexpr uint32_t kBurst = 16;
  static constexpr TimeNs kRefill = 100 * kMillisecond;  // one more challenge each

  // True if the authentic request with `piv` may be challenged; then that one is accounted for.
  bool spend(uint64_t piv, TimeNs now) {
    if (piv >= next_unseen_piv_) {
      next_unseen_piv_ = piv + 1;
      return true;
    }
    refill(now);
    if (left_ == 0) return false;
    --left_;
    return true;
  }

 private:
  void refill(TimeNs now) {
    const auto earned = (now - refilled_at_) / kRefill;
    if (earned <= 0) return;
    left_ = static_cast<uint32_t>(std::min<TimeNs>(kBurst, left_ + earned));
    refilled_at_ = now;
  }

  uint64_t next_unseen_piv_ = 0;
  TimeNs refilled_at_ = 0;
  uint32_t left_ = kBurst;
};

}  // namespace osprey::oscore
