// Goal: no frame makes the port read or write outside its room, and what it makes of one is sound
// (dataplane/frames).
// Method: the input is a frame, first with its checksums as they are, then taken as verified. A
// datagram is answered with a reply of every kind of length, which must read as a datagram at the
// other end; an answer fits the room.
#include <algorithm>
#include <vector>

#include "dataplane/frames/frame.h"
#include "framework/base/check.h"

namespace osprey {
namespace {

constexpr size_t kRoom = 2048;  // as a packet buffer has

const FrameHost& host() {
  static const FrameHost kHost = [] {
    FrameHost made;
    made.mac = {0x02, 0, 0, 0, 0, 0x99};
    made.ipv4 = {{10, 9, 8, 7}};
    made.ipv6 = {{0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7}};
    return made;
  }();
  return kHost;
}

// Who sent the frame, as the frame says.
FrameHost sender_of(Bytes frame, const FrameLayout& layout) {
  FrameHost sender;
  std::copy_n(frame.begin() + 6, 6, sender.mac.begin());
  if (layout.is_ipv6) {
    std::copy_n(frame.begin() + layout.ip + 8, 16, sender.ipv6.emplace_back().begin());
  } else {
    std::copy_n(frame.begin() + layout.ip + 12, 4, sender.ipv4.emplace_back().begin());
  }
  sender.udp_port = static_cast<uint16_t>(frame[layout.udp()] << 8 | frame[layout.udp() + 1]);
  return sender;
}

void reply(std::vector<uint8_t> frame, const FrameLayout& layout, size_t reply_len) {
  const FrameHost sender = sender_of(frame, layout);
  const size_t len = turn_round(frame, layout, reply_len);
  CHECK(len == layout.datagram + reply_len);
  FrameLayout at_sender;
  const FrameFate fate = read_frame(frame, len, sender, Checksums::kVerify, at_sender);
  CHECK(fate == FrameFate::kDatagram);
  CHECK(at_sender.len == reply_len && at_sender.datagram == layout.datagram);
}

void run(Bytes input, Checksums checksums) {
  std::vector<uint8_t> frame(kRoom);
  const size_t len = std::min(input.size(), kFrameMtu + kEthernetLen + kVlanTagLen);
  std::copy_n(input.begin(), len, frame.begin());
  FrameLayout layout;
  const FrameFate fate = read_frame(frame, len, host(), checksums, layout);
  CHECK(!name(fate).empty());
  if (is_answered(fate)) CHECK(layout.len <= frame.size());
  if (fate != FrameFate::kDatagram) return;
  CHECK(size_t{layout.datagram} + layout.len <= len);
  for (const size_t reply_len : {size_t{0}, size_t{13}, max_reply_len(layout)}) {
    reply(frame, layout, reply_len);
  }
}

}  // namespace
}  // namespace osprey

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  osprey::run({data, size}, osprey::Checksums::kVerify);
  osprey::run({data, size}, osprey::Checksums::kVerified);
  return 0;
}
