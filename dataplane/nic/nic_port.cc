// One worker's queues. The loop around it: dataplane/worker.h.
#include <time.h>

#include <algorithm>
#include <cstring>

#include <rte_ethdev.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <rte_pause.h>

#include "dataplane/nic/nic.h"
#include "framework/base/check.h"

namespace osprey {
namespace {

using oscore::Verdict;

// How often a full transmit queue is tried before replies are given up: it empties meanwhile.
constexpr int kSendTries = 8;

// Turns without a packet that a worker spins before it sleeps, and for how long it then does.
constexpr unsigned kSpins = 64;
constexpr unsigned kSleepDoublings = 6;
constexpr long kFirstSleepNs = 8'000;

MutableBytes frame_room(rte_mbuf* buffer) {
  auto* data = rte_pktmbuf_mtod(buffer, uint8_t*);
  return {data, size_t{rte_pktmbuf_data_len(buffer)} + rte_pktmbuf_tailroom(buffer)};
}

void set_len(rte_mbuf* buffer, size_t len) {
  buffer->data_len = static_cast<uint16_t>(len);
  buffer->pkt_len = static_cast<uint32_t>(len);
}

Checksums checksums_of(const rte_mbuf& buffer, bool device_verifies) {
  const bool ip_good =
      (buffer.ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK) == RTE_MBUF_F_RX_IP_CKSUM_GOOD;
  const bool udp_good =
      (buffer.ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_GOOD;
  return device_verifies && ip_good && udp_good ? Checksums::kVerified : Checksums::kVerify;
}

// Returns how many the device took; those behind are still the caller's.
size_t send(uint16_t device, uint16_t queue, std::span<rte_mbuf*> buffers) {
  size_t sent = 0;
  for (int i = 0; i < kSendTries && sent < buffers.size(); ++i) {
    sent += rte_eth_tx_burst(device, queue, buffers.data() + sent,
                             static_cast<uint16_t>(buffers.size() - sent));
  }
  return sent;
}

void free_all(std::span<rte_mbuf*> buffers) {
  if (!buffers.empty()) {
    rte_pktmbuf_free_bulk(buffers.data(), static_cast<unsigned>(buffers.size()));
  }
}

}  // namespace

NicPort::NicPort(std::shared_ptr<Nic> nic, uint16_t queue)
    : nic_(std::move(nic)),
      queue_(queue),
      pool_(nic_->pools_[queue]),
      account_(nic_->accounts_[queue]) {}

NicPort::~NicPort() = default;

// With an identity of its own a thread has a cache of packet buffers. Without one it works, too.
void NicPort::begin() { static_cast<void>(rte_thread_register()); }

size_t NicPort::rx(std::span<NicSlot> slots) {
  CHECK(slots.size() <= kBatchMax);
  std::array<rte_mbuf*, kBatchMax> received;
  const uint16_t num_received =
      rte_eth_rx_burst(nic_->device_, queue_, received.data(), static_cast<uint16_t>(slots.size()));
  if (num_received == 0) return 0;
  account_.taken.add(num_received);
  num_idle_turns_ = 0;
  std::array<rte_mbuf*, kBatchMax> answers;
  std::array<rte_mbuf*, kBatchMax> dropped;
  size_t num_answers = 0;
  size_t num_dropped = 0;
  size_t num_datagrams = 0;
  std::array<uint16_t, kNumFrameFates> fates{};
  for (uint16_t i = 0; i < num_received; ++i) {
    rte_mbuf* buffer = received[i];
    if (i + 1 < num_received) __builtin_prefetch(rte_pktmbuf_mtod(received[i + 1], void*));
    FrameLayout layout;
    const FrameFate fate =
        buffer->nb_segs > 1
            ? FrameFate::kMalformed
            : read_frame(frame_room(buffer), rte_pktmbuf_data_len(buffer), nic_->host_,
                         checksums_of(*buffer, nic_->verifies_checksums_), layout);
    ++fates[static_cast<size_t>(fate)];
    if (fate == FrameFate::kDatagram) {
      use(buffer, layout, slots[num_datagrams++]);
    } else if (is_answered(fate)) {
      set_len(buffer, layout.len);
      answers[num_answers++] = buffer;
    } else {
      dropped[num_dropped++] = buffer;
    }
  }
  for (size_t i = 0; i < fates.size(); ++i) {
    if (fates[i] != 0) fates_[i].add(fates[i]);
  }
  send_answers(std::span(answers).first(num_answers));
  free_all(std::span(dropped).first(num_dropped));
  account_.given.add(num_answers + num_dropped);
  return num_datagrams;
}

void NicPort::use(rte_mbuf* buffer, const FrameLayout& layout, NicSlot& slot) const {
  const MutableBytes room = frame_room(buffer);
  slot.buffer = buffer;
  slot.layout = layout;
  slot.data = room.data() + layout.datagram;
  slot.capacity = std::min({max_reply_len(layout), room.size() - layout.datagram, kMaxDatagram});
  slot.response = &slot.own_response;
  begin_packet(slot, layout.len);
  if (layout.len > kMaxDatagram) slot.verdict = Verdict::kTruncated;
}

void NicPort::send_answers(std::span<rte_mbuf*> answers) {
  if (answers.empty()) return;
  const size_t sent = send(nic_->device_, queue_, answers);
  if (sent < answers.size()) unsent_answers_.add(answers.size() - sent);
  free_all(answers.subspan(sent));
}

size_t NicPort::tx(std::span<NicSlot> slots) {
  std::array<rte_mbuf*, kBatchMax> replies;
  std::array<NicSlot*, kBatchMax> senders;
  std::array<rte_mbuf*, kBatchMax> others;
  size_t num_replies = 0;
  size_t num_others = 0;
  for (NicSlot& slot : slots) {
    if (!slot.has_reply) {
      others[num_others++] = slot.buffer;
      continue;
    }
    set_len(slot.buffer, turn_round(frame_room(slot.buffer), slot.layout, slot.len));
    senders[num_replies] = &slot;
    replies[num_replies++] = slot.buffer;
  }
  const size_t sent = send(nic_->device_, queue_, std::span(replies).first(num_replies));
  for (size_t i = sent; i < num_replies; ++i) senders[i]->verdict = Verdict::kSendFailed;
  free_all(std::span(replies).subspan(sent, num_replies - sent));
  free_all(std::span(others).first(num_others));
  account_.given.add(num_replies + num_others);
  return num_replies - sent;
}

void NicPort::keep(const NicSlot& slot, KeptFrame& kept) const {
  kept.layout = slot.layout;
  kept.len = static_cast<uint16_t>(slot.layout.datagram + std::min(slot.len, kMaxDatagram));
  std::memcpy(kept.bytes.data(), rte_pktmbuf_mtod(slot.buffer, const uint8_t*), kept.len);
}

bool NicPort::restore(const KeptFrame& kept, NicSlot& slot) const {
  rte_mbuf* buffer = rte_pktmbuf_alloc(pool_);
  if (buffer == nullptr) return false;
  account_.taken.add(1);
  std::memcpy(rte_pktmbuf_mtod(buffer, uint8_t*), kept.bytes.data(), kept.len);
  set_len(buffer, kept.len);
  use(buffer, kept.layout, slot);
  return true;
}

void NicPort::sleep() {
  rte_pause();
  if (nic_->options_.idle == NicOptions::Idle::kPoll || ++num_idle_turns_ < kSpins) return;
  const unsigned doublings = std::min((num_idle_turns_ - kSpins) / kSpins, kSleepDoublings);
  const timespec pause{.tv_sec = 0, .tv_nsec = kFirstSleepNs << doublings};
  clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, nullptr);
}

std::vector<Tally> NicPort::tallies() const {
  std::vector<Tally> all;
  for (size_t i = 0; i < fates_.size(); ++i) {
    all.push_back({name(static_cast<FrameFate>(i)), fates_[i].read()});
  }
  all.push_back({"unsent-answer", unsent_answers_.read()});
  return all;
}

}  // namespace osprey
