// A bounded number of datagrams that wait until the store has fetched their context, each under a
// ticket. Thread: one worker.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "framework/base/check.h"
#include "framework/oscore/context_store.h"

namespace osprey {

template <typename Port>
class WaitingRoom {
 public:
  using Ticket = oscore::ContextFetcher::Ticket;
  using Kept = typename Port::Kept;
  static constexpr size_t kPlaces = 256;

  WaitingRoom() : places_(std::make_unique<std::array<Kept, kPlaces>>()) {
    for (Ticket ticket = kPlaces; ticket-- > 0;) free_.push_back(ticket);
  }

  bool is_full() const { return free_.empty(); }

  // Not when it is full (CHECK).
  Ticket enter(const Port& port, const typename Port::Slot& slot) {
    CHECK(!is_full());
    const Ticket ticket = free_.back();
    free_.pop_back();
    port.keep(slot, (*places_)[ticket]);
    return ticket;
  }

  // Each ticket once. The datagram is there until the next one enters.
  const Kept& leave(Ticket ticket) {
    free_.push_back(ticket);
    return (*places_)[ticket];
  }
  void forget(Ticket ticket) { free_.push_back(ticket); }

 private:
  std::unique_ptr<std::array<Kept, kPlaces>> places_;
  std::vector<Ticket> free_;  // never grows beyond what the constructor put in
};

}  // namespace osprey
