// One datagram on its way through the stages, and the batches the stages pass on.
//
// The buffer belongs to the port that received it; the packet borrows it until tx, and the answer
// is written over the request in place. Views (outer, inner, option) point into the buffer and die
// when the answer is written.
#pragma once

#include <array>
#include <span>

#include "framework/base/bytes.h"
#include "framework/base/check.h"
#include "framework/base/limits.h"
#include "framework/coap/message.h"
#include "framework/oscore/context.h"
#include "framework/oscore/option.h"
#include "framework/oscore/request_identity.h"
#include "framework/oscore/verdict.h"
#include "framework/server/response.h"

namespace osprey::pipeline {

using oscore::Verdict;

struct Packet {
  // rx writes.
  uint8_t* data = nullptr;
  size_t len = 0;       // bytes of the datagram; after seal or answer: of the reply
  size_t capacity = 0;  // bytes at `data`
  Verdict verdict = Verdict::kOk;
  bool has_reply = false;
  bool was_awaited = false;  // the store has looked for its context before

  // parse writes.
  coap::Message outer;
  oscore::OscoreOption option;
  bool asks_proxy = false;  // Proxy-Uri or Proxy-Scheme outside a protected request

  // steer writes.
  oscore::SecurityContext* context = nullptr;

  // open writes.
  coap::Message inner;
  oscore::RequestIdentity identity;

  // handle writes. Set up once by whoever owns the packet.
  Response* response = nullptr;

  bool is_protected() const { return context != nullptr; }
  Bytes datagram() const { return {data, len}; }
  // The outer payload as memory to decrypt in.
  MutableBytes ciphertext() const {
    return {data + (outer.payload.data() - data), outer.payload.size()};
  }
};

// Makes `packet` ready for a new datagram of `len` bytes in its buffer.
inline void begin_packet(Packet& packet, size_t len) {
  packet.len = len;
  packet.verdict = Verdict::kOk;
  packet.has_reply = false;
  packet.was_awaited = false;
  packet.context = nullptr;
}

using Packets = std::span<Packet*>;

// Gives each packet the verdict that `look` returns and moves those with kOk to the front, both
// parts in their order. Returns the front; the rest stays behind it.
template <typename Look>
Packets keep(Packets in, Look look) {
  CHECK(in.size() <= kBatchMax);
  std::array<Packet*, kBatchMax> rejected;
  size_t num_kept = 0;
  size_t num_rejected = 0;
  for (Packet* packet : in) {
    packet->verdict = look(*packet);
    if (packet->verdict == Verdict::kOk) {
      in[num_kept++] = packet;
    } else {
      rejected[num_rejected++] = packet;
    }
  }
  std::copy_n(rejected.begin(), num_rejected, in.begin() + num_kept);
  return in.first(num_kept);
}

// Moves those for which `wanted` holds to the front, both parts in their order; verdicts stay.
template <typename Wanted>
Packets partition(Packets in, Wanted wanted) {
  CHECK(in.size() <= kBatchMax);
  std::array<Packet*, kBatchMax> others;
  size_t num_front = 0;
  size_t num_others = 0;
  for (Packet* packet : in) {
    if (wanted(*packet)) {
      in[num_front++] = packet;
    } else {
      others[num_others++] = packet;
    }
  }
  std::copy_n(others.begin(), num_others, in.begin() + num_front);
  return in.first(num_front);
}

}  // namespace osprey::pipeline
