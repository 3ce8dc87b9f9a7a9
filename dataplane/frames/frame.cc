#include "dataplane/frames/frame.h"

#include "dataplane/frames/headers.h"
#include "dataplane/frames/responder.h"
#include "framework/base/check.h"

namespace osprey {
namespace {

constexpr std::array<std::string_view, kNumFrameFates> kNames = {
    "datagram",   "arp-answered", "neighbour-answered", "ping-answered",
    "not-for-us", "other-port",   "other-protocol",     "ip-options",
    "fragment",   "bad-checksum", "malformed",
};

// UDP with `end` as the end of its IP packet, whose addresses are ours.
FrameFate read_udp(Bytes frame, size_t end, const FrameHost& host, Checksums checksums,
                   FrameLayout& layout) {
  const size_t at = layout.ip + (layout.is_ipv6 ? kIpv6Len : kIpv4Len);
  if (end - at < kUdpLen) return FrameFate::kMalformed;
  const size_t len = load16(frame, at + 4);
  if (len < kUdpLen || len > end - at) return FrameFate::kMalformed;
  if (load16(frame, at + 2) != host.udp_port) return FrameFate::kOtherPort;
  const bool has_sum = load16(frame, at + 6) != 0;
  if (!has_sum && layout.is_ipv6) return FrameFate::kBadChecksum;  // RFC 8200 §8.1
  if (has_sum && checksums == Checksums::kVerify &&
      transport_checksum(frame, layout.ip, layout.is_ipv6, kProtocolUdp, frame.subspan(at, len)) !=
          0) {
    return FrameFate::kBadChecksum;
  }
  layout.datagram = static_cast<uint16_t>(at + kUdpLen);
  layout.len = static_cast<uint16_t>(len - kUdpLen);
  return FrameFate::kDatagram;
}

FrameFate read_ipv4(MutableBytes frame, const FrameHost& host, Checksums checksums,
                    FrameLayout& layout) {
  const size_t ip = layout.ip;
  if (frame.size() < ip + kIpv4Len || frame[ip] >> 4 != 4) return FrameFate::kMalformed;
  if (!is_one_at(frame, ip + kIpv4Destination, host.ipv4)) return FrameFate::kNotForUs;
  if ((frame[ip] & 0x0f) != kIpv4Len / 4) return FrameFate::kIpOptions;
  const size_t end = ip + load16(frame, ip + kIpv4TotalLen);
  if (end < ip + kIpv4Len || end > frame.size()) return FrameFate::kMalformed;
  if (checksums == Checksums::kVerify && internet_checksum(frame.subspan(ip, kIpv4Len)) != 0) {
    return FrameFate::kBadChecksum;
  }
  constexpr uint16_t kMoreOrOffset = 0x3fff;
  if ((load16(frame, ip + kIpv4Fragment) & kMoreOrOffset) != 0) return FrameFate::kFragment;
  switch (frame[ip + kIpv4Protocol]) {
    case kProtocolUdp: return read_udp(frame, end, host, checksums, layout);
    case kProtocolIcmp: return answer_icmp(frame, ip, ip + kIpv4Len, end, host, layout);
    default: return FrameFate::kOtherProtocol;
  }
}

bool is_extension(uint8_t next) {
  constexpr std::array<uint8_t, 6> kExtensions = {0, 43, 51, 60, 135, 139};
  return std::ranges::find(kExtensions, next) != kExtensions.end();
}

FrameFate read_ipv6(MutableBytes room, MutableBytes frame, const FrameHost& host,
                    Checksums checksums, FrameLayout& layout) {
  constexpr uint8_t kNextFragment = 44;
  const size_t ip = layout.ip;
  layout.is_ipv6 = true;
  if (frame.size() < ip + kIpv6Len || frame[ip] >> 4 != 6) return FrameFate::kMalformed;
  const size_t end = ip + kIpv6Len + load16(frame, ip + kIpv6PayloadLen);
  if (end > frame.size()) return FrameFate::kMalformed;
  const uint8_t next = frame[ip + kIpv6Next];
  if (next == kNextIcmpv6) return answer_icmpv6(room, ip, end, host, layout);
  if (!is_one_at(frame, ip + kIpv6Destination, host.ipv6)) return FrameFate::kNotForUs;
  if (next == kNextFragment) return FrameFate::kFragment;
  if (is_extension(next)) return FrameFate::kIpOptions;
  if (next != kProtocolUdp) return FrameFate::kOtherProtocol;
  return read_udp(frame, end, host, checksums, layout);
}

}  // namespace

std::string_view name(FrameFate fate) { return kNames[static_cast<size_t>(fate)]; }

FrameFate read_frame(MutableBytes room, size_t frame_len, const FrameHost& host,
                     Checksums checksums, FrameLayout& layout) {
  const MutableBytes frame = room.first(frame_len);
  layout = {};
  if (frame.size() < kEthernetLen) return FrameFate::kMalformed;
  constexpr uint8_t kGroup = 1;  // broadcast and multicast
  if ((frame[0] & kGroup) == 0 && !is_at(frame, 0, host.mac)) return FrameFate::kNotForUs;
  size_t at = kEthernetLen;
  uint16_t type = load16(frame, at - 2);
  if (type == kTypeVlan) {
    at += kVlanTagLen;
    if (frame.size() < at) return FrameFate::kMalformed;
    type = load16(frame, at - 2);
  }
  layout.ip = static_cast<uint16_t>(at);
  switch (type) {
    case kTypeIpv4: return read_ipv4(frame, host, checksums, layout);
    case kTypeIpv6: return read_ipv6(room, frame, host, checksums, layout);
    case kTypeArp: return answer_arp(frame, at, host, layout);
    default: return FrameFate::kOtherProtocol;
  }
}

size_t turn_round(MutableBytes frame, const FrameLayout& layout, size_t reply_len) {
  const size_t ip = layout.ip;
  const size_t udp = layout.udp();
  const size_t end = layout.datagram + reply_len;
  const auto udp_len = static_cast<uint16_t>(kUdpLen + reply_len);
  CHECK(end <= frame.size() && reply_len <= max_reply_len(layout));
  swap_ranges(frame, 0, 6, 6);
  swap_ranges(frame, udp, udp + 2, 2);
  store16(frame, udp + 4, udp_len);
  store16(frame, udp + 6, 0);
  if (layout.is_ipv6) {
    swap_ranges(frame, ip + kIpv6Source, ip + kIpv6Destination, sizeof(Ipv6Address));
    store16(frame, ip + kIpv6PayloadLen, udp_len);
    frame[ip + kIpv6Hops] = kReplyHops;
  } else {
    swap_ranges(frame, ip + kIpv4Source, ip + kIpv4Destination, sizeof(Ipv4Address));
    store16(frame, ip + kIpv4TotalLen, static_cast<uint16_t>(kIpv4Len + udp_len));
    store16(frame, ip + 4, 0);  // identification: of no use to what is not cut up (RFC 6864)
    store16(frame, ip + kIpv4Fragment, 0x4000);
    frame[ip + kIpv4Hops] = kReplyHops;
    store16(frame, ip + kIpv4Checksum, 0);
    store16(frame, ip + kIpv4Checksum, internet_checksum(frame.subspan(ip, kIpv4Len)));
  }
  const uint16_t sum =
      transport_checksum(frame, ip, layout.is_ipv6, kProtocolUdp, frame.subspan(udp, udp_len));
  store16(frame, udp + 6, sum == 0 ? 0xffff : sum);  // 0 would say that there is none (RFC 768)
  return end;
}

}  // namespace osprey
