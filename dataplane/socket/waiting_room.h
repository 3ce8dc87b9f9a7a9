// Datagrams apart from the slots they came in: on their way to another worker, or waiting until the
// store has fetched their context.
#pragma once

#include <array>
#include <cstring>
#include <memory>
#include <vector>

#include "dataplane/socket/udp_slot.h"
#include "framework/oscore/context_store.h"

namespace osprey {

// What is kept of a slot, and makes one again.
struct KeptDatagram {
  size_t len = 0;
  size_t socket_index = 0;
  SocketAddress peer;
  LocalAddress local;
  std::array<uint8_t, kMaxDatagram> bytes;

  void keep(const UdpSlot& slot) {
    len = slot.len;
    socket_index = slot.socket_index;
    peer = slot.peer;
    local = slot.local;
    std::memcpy(bytes.data(), slot.data, slot.len);
  }

  void put_into(UdpSlot& slot) const {
    slot.data = slot.buffer.data();
    slot.capacity = slot.buffer.size();
    slot.response = &slot.own_response;
    slot.socket_index = socket_index;
    slot.peer = peer;
    slot.local = local;
    std::memcpy(slot.data, bytes.data(), len);
    begin_packet(slot, len);
  }
};

// A bounded number of datagrams that wait, each under a ticket. Thread: one worker.
class WaitingRoom {
 public:
  using Ticket = oscore::ContextFetcher::Ticket;
  static constexpr size_t kPlaces = 256;

  WaitingRoom() : places_(std::make_unique<std::array<KeptDatagram, kPlaces>>()) {
    for (Ticket ticket = kPlaces; ticket-- > 0;) free_.push_back(ticket);
  }

  bool is_full() const { return free_.empty(); }

  // Not when it is full (CHECK).
  Ticket enter(const UdpSlot& slot) {
    CHECK(!is_full());
    const Ticket ticket = free_.back();
    free_.pop_back();
    (*places_)[ticket].keep(slot);
    return ticket;
  }

  // Each ticket once. The datagram goes on in `slot`, or is forgotten.
  void leave(Ticket ticket, UdpSlot& slot) {
    (*places_)[ticket].put_into(slot);
    free_.push_back(ticket);
  }
  void forget(Ticket ticket) { free_.push_back(ticket); }

 private:
  std::unique_ptr<std::array<KeptDatagram, kPlaces>> places_;
  std::vector<Ticket> free_;  // never grows beyond what the constructor put in
};

}  // namespace osprey
