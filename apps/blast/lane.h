// One socket of the load generator with its share of the contexts and of the window.
//
// A lane is an endpoint as CoAP means it: it has its own port and Message IDs, and each context
// belongs to one lane, as a device keeps to its port. Each slot of its window is an Exchange, which
// starts the next request as soon as the last has ended.
//
// Message IDs repeat after 65,536 requests, which at such rates is sooner than EXCHANGE_LIFETIME
// allows (RFC 7252 §4.4); tokens and Partial IVs never repeat.
// Thread: one.
#pragma once

#include <memory>
#include <vector>

#include "apps/blast/tally.h"
#include "dataplane/socket/client_socket.h"
#include "framework/client/exchange.h"
#include "framework/oscore/aead_engine.h"

namespace osprey::blast {

// What every request is made of.
struct LoadShape {
  client::Request request;  // its payload is made anew for each request
  size_t payload_len = 64;
  bool expects_echo = false;  // the response's payload must be the request's
  uint64_t seed = 0;
};

class Lane {
 public:
  // `shape` is borrowed. There is at least one context.
  Lane(std::unique_ptr<ClientSocket> socket, const std::vector<oscore::SecurityContext*>& contexts,
       oscore::SequenceSource& sequence, oscore::AeadEngine& engine, size_t window,
       const LoadShape& shape, uint64_t seed);

  // Takes what has arrived, looks after those that wait, and starts requests while there are free
  // slots and `budget` allows. Returns whether anything arrived. Never blocks.
  bool turn(TimeNs now, uint64_t& budget);

  // Nothing under way.
  bool is_idle() const { return free_slots_.size() == slots_.size(); }
  int fd() const { return socket_->fd(); }
  const Tally& tally() const { return tally_; }

 private:
  static constexpr size_t kMaxPayloadLen = 1024;
  static constexpr TimeNs kLookEvery = 2 * kMillisecond;  // at the slots' deadlines
  static constexpr uint16_t kNoSlot = UINT16_MAX;

  struct Slot {
    explicit Slot(uint16_t number) : exchange(number) {}
    client::Exchange exchange;
    TimeNs started = 0;
    bool is_busy = false;
    size_t end_index = 0;  // of the context it uses
    std::array<uint8_t, kMaxPayloadLen> payload;
  };
  using EmptyAck = std::array<uint8_t, coap::kHeaderLen>;

  bool receive(TimeNs now);
  void look_at_deadlines(TimeNs now);
  uint16_t slot_of(Bytes datagram) const;
  size_t choose_end();
  void start(uint16_t index, TimeNs now);
  void after(uint16_t index, Bytes to_send, TimeNs now);
  void finish(uint16_t index, TimeNs now);
  void check_answer(const Slot& slot, TimeNs now);
  void check_failure(const client::Failure& failure);
  void send(Bytes datagram);
  void flush();

  std::unique_ptr<ClientSocket> socket_;
  client::Random random_;
  client::MessageIds message_ids_;
  std::vector<client::ClientEnd> ends_;  // one for each context
  std::vector<uint32_t> num_in_flight_;  // by context
  size_t next_end_ = 0;
  const LoadShape& shape_;

  std::vector<std::unique_ptr<Slot>> slots_;
  std::vector<uint16_t> free_slots_;
  std::vector<uint16_t> slot_by_message_id_;
  TimeNs next_look_ = 0;

  std::array<Bytes, kBatchMax> outbox_;   // borrowed from the slots until flush
  std::array<EmptyAck, kBatchMax> acks_;  // those of the outbox that are ACKs
  size_t outbox_len_ = 0;
  Tally tally_;
};

}  // namespace osprey::blast
