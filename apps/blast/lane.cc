#include "apps/blast/lane.h"

#include <sched.h>

#include <algorithm>
#include <cstring>

namespace osprey::blast {

using client::Exchange;

constexpr int kSendAttempts = 100;
constexpr size_t kEndsLookedAt = 32;

Lane::Lane(std::unique_ptr<ClientSocket> socket,
           const std::vector<oscore::SecurityContext*>& contexts, oscore::SequenceSource& sequence,
           oscore::AeadEngine& engine, size_t window, const LoadShape& shape, uint64_t seed)
    : socket_(std::move(socket)),
      random_(seed),
      message_ids_(random_),
      num_in_flight_(contexts.size()),
      shape_(shape),
      slot_by_message_id_(65536, kNoSlot) {
  CHECK(!contexts.empty() && window < kNoSlot && shape.payload_len <= kMaxPayloadLen);
  for (oscore::SecurityContext* context : contexts) {
    ends_.push_back({*context, sequence, engine, message_ids_, random_});
  }
  for (size_t i = 0; i < window; ++i) {
    slots_.push_back(std::make_unique<Slot>(static_cast<uint16_t>(i)));
    free_slots_.push_back(static_cast<uint16_t>(window - 1 - i));
  }
}

bool Lane::turn(TimeNs now, uint64_t& budget) {
  const bool has_received = receive(now);
  if (now >= next_look_) {
    next_look_ = now + kLookEvery;
    look_at_deadlines(now);
  }
  while (!free_slots_.empty() && budget > 0) {
    --budget;
    const uint16_t index = free_slots_.back();
    free_slots_.pop_back();
    start(index, now);
  }
  flush();
  return has_received;
}

bool Lane::receive(TimeNs now) {
  const auto datagrams = socket_->receive();
  for (const Bytes datagram : datagrams) {
    const uint16_t index = slot_of(datagram);
    if (index == kNoSlot) continue;  // of a request that is over
    Exchange& exchange = slots_[index]->exchange;
    Bytes reply = exchange.on_datagram(datagram, now);
    if (reply.size() == coap::kHeaderLen) {
      send(reply);
      reply = exchange.deadline() <= now ? exchange.on_time(now) : Bytes();  // behind the ACK
    }
    after(index, reply, now);
  }
  // Which requests it concerns nobody knows; their own timeouts tell.
  tally_.refused += socket_->take_refused() ? 1 : 0;
  return !datagrams.empty();
}

// By the first two bytes of the token; Empty messages have only the Message ID.
uint16_t Lane::slot_of(Bytes datagram) const {
  const auto [error, message] = coap::parse(datagram);
  if (error != coap::ParseError::kNone) return kNoSlot;
  if (message.code == coap::Code::kEmpty) return slot_by_message_id_[message.message_id];
  if (message.token.size() != client::kTokenLen) return kNoSlot;
  const auto index = static_cast<uint16_t>(read_uint(message.token.first(2)));
  return index < slots_.size() ? index : kNoSlot;
}

void Lane::look_at_deadlines(TimeNs now) {
  for (size_t i = 0; i < slots_.size(); ++i) {
    Exchange& exchange = slots_[i]->exchange;
    if (exchange.deadline() <= now) after(static_cast<uint16_t>(i), exchange.on_time(now), now);
  }
}

// The next context that waits for nothing, as a device has one request at a time (NSTART of RFC
// 7252 §4.7). It matters after a server's crash: an Echo exchange sets the window above what the
// context still has in flight. With more requests in flight than contexts, any will do.
size_t Lane::choose_end() {
  size_t chosen = next_end_;
  for (size_t i = 0; i < std::min(kEndsLookedAt, ends_.size()); ++i) {
    const size_t candidate = (next_end_ + i) % ends_.size();
    if (num_in_flight_[candidate] > 0) continue;
    chosen = candidate;
    break;
  }
  next_end_ = (chosen + 1) % ends_.size();
  return chosen;
}

void Lane::start(uint16_t index, TimeNs now) {
  Slot& slot = *slots_[index];
  // Different in every request of a run, and the same in each run of one seed.
  client::Random bytes(shape_.seed ^ random_.next());
  for (size_t at = 0; at < shape_.payload_len; at += 8) {
    const uint64_t word = bytes.next();
    std::memcpy(slot.payload.data() + at, &word, std::min<size_t>(8, shape_.payload_len - at));
  }
  client::Request request = shape_.request;
  request.payload = Bytes(slot.payload).first(shape_.payload_len);
  slot.started = now;
  slot.is_busy = true;
  slot.end_index = choose_end();
  ++num_in_flight_[slot.end_index];
  ++tally_.started;
  const Bytes datagram = slot.exchange.start(ends_[slot.end_index], request, now);
  after(index, datagram, now);
}

void Lane::after(uint16_t index, Bytes to_send, TimeNs now) {
  Slot& slot = *slots_[index];
  if (!to_send.empty()) {
    slot_by_message_id_[slot.exchange.message_id()] = index;
    send(to_send);
  }
  if (slot.is_busy && slot.exchange.state() != Exchange::State::kActive) finish(index, now);
}

void Lane::finish(uint16_t index, TimeNs now) {
  Slot& slot = *slots_[index];
  slot.is_busy = false;
  --num_in_flight_[slot.end_index];
  free_slots_.push_back(index);
  tally_.challenges += slot.exchange.challenges();
  tally_.retransmissions += slot.exchange.retransmissions();
  tally_.unverified += slot.exchange.unverified();
  if (slot.exchange.state() == Exchange::State::kAnswered) {
    check_answer(slot, now);
  } else {
    check_failure(slot.exchange.failure());
  }
}

void Lane::check_answer(const Slot& slot, TimeNs now) {
  const coap::Message& response = slot.exchange.response();
  const Bytes payload = Bytes(slot.payload).first(shape_.payload_len);
  tally_.latency.add(now - slot.started);
  if (!coap::is_success(response.code)) {
    ++tally_.wrong;
    tally_.note(coap::code_text_with_name(response.code));
  } else if (shape_.expects_echo && !equal(response.payload, payload)) {
    ++tally_.wrong;
    tally_.note("the answer is not the payload that was sent");
  } else {
    ++tally_.right;
  }
}

void Lane::check_failure(const client::Failure& failure) {
  ++(failure.reason == client::FailureReason::kTimeout ? tally_.lost : tally_.wrong);
  tally_.note(failure.text());
}

void Lane::send(Bytes datagram) {
  if (outbox_len_ == outbox_.size()) flush();
  if (datagram.size() == coap::kHeaderLen) {  // the exchange needs its own ACK's memory again
    std::memcpy(acks_[outbox_len_].data(), datagram.data(), datagram.size());
    datagram = acks_[outbox_len_];
  }
  outbox_[outbox_len_++] = datagram;
}

// What the kernel does not take after a few tries is lost, as on any link.
void Lane::flush() {
  std::span<const Bytes> rest = std::span(outbox_).first(outbox_len_);
  for (int attempt = 0; !rest.empty() && attempt < kSendAttempts; ++attempt) {
    rest = rest.subspan(socket_->send(rest));
    if (!rest.empty()) sched_yield();
  }
  tally_.unsent += rest.size();
  outbox_len_ = 0;
}

}  // namespace osprey::blast
