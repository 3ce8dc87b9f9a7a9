#include "dataplane/frames/responder.h"

#include "dataplane/frames/headers.h"

namespace osprey {
namespace {

// ARP, at `at`.
constexpr size_t kArpLen = 28;
constexpr size_t kArpOperation = 6;
constexpr size_t kArpSenderMac = 8;
constexpr size_t kArpSenderIp = 14;
constexpr size_t kArpTargetMac = 18;
constexpr size_t kArpTargetIp = 24;
constexpr std::array<uint8_t, 8> kArpRequest = {0, 1, 0x08, 0, 6, 4, 0, 1};  // Ethernet, IPv4

constexpr size_t kIcmpHeaderLen = 8;
constexpr size_t kIcmpChecksum = 2;
constexpr uint8_t kEchoRequest = 8;
constexpr uint8_t kEchoReply = 0;

constexpr uint8_t kEchoRequest6 = 128;
constexpr uint8_t kEchoReply6 = 129;
constexpr uint8_t kSolicitation = 135;
constexpr uint8_t kAdvertisement = 136;
constexpr size_t kSolicitationLen = 24;
constexpr size_t kAdvertisementLen = 32;  // with our MAC as its option
constexpr size_t kTarget = 8;
constexpr uint8_t kSolicited = 0x40;
constexpr uint8_t kOverride = 0x20;
constexpr uint8_t kNeighbourHops = 255;  // RFC 4861 §7.1: nobody has forwarded it

constexpr Ipv6Address kUnspecified{};
constexpr Ipv6Address kAllNodes = {0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
constexpr MacAddress kAllNodesMac = {0x33, 0x33, 0, 0, 0, 1};

bool is_sum_right(Bytes frame, size_t ip, Bytes transport) {
  return transport_checksum(frame, ip, true, kNextIcmpv6, transport) == 0;
}

void finish_icmpv6(MutableBytes frame, size_t ip, size_t len, FrameLayout& layout) {
  store16(frame, ip + kIpv6PayloadLen, static_cast<uint16_t>(len));
  const size_t at = ip + kIpv6Len;
  store16(frame, at + kIcmpChecksum, 0);
  const MutableBytes icmp = frame.subspan(at, len);
  store16(frame, at + kIcmpChecksum, transport_checksum(frame, ip, true, kNextIcmpv6, icmp));
  layout.len = static_cast<uint16_t>(at + len);
}

FrameFate answer_echo6(MutableBytes frame, size_t ip, size_t len, const FrameHost& host,
                       FrameLayout& layout) {
  if (!is_one_at(frame, ip + kIpv6Destination, host.ipv6)) return FrameFate::kNotForUs;
  return_to_sender(frame, host.mac);
  swap_ranges(frame, ip + kIpv6Source, ip + kIpv6Destination, kUnspecified.size());
  frame[ip + kIpv6Hops] = kReplyHops;
  frame[ip + kIpv6Len] = kEchoReply6;
  finish_icmpv6(frame, ip, len, layout);
  return FrameFate::kPingAnswered;
}

// RFC 4861 §7.2.4. Who asks from the unspecified address wants to know whether it may take ours
// (RFC 4862 §5.4.3), and is told together with everybody else.
FrameFate answer_solicitation(MutableBytes room, size_t ip, const FrameHost& host,
                              FrameLayout& layout) {
  const size_t at = ip + kIpv6Len;
  if (room[ip + kIpv6Hops] != kNeighbourHops || room.size() < at + kAdvertisementLen) {
    return FrameFate::kMalformed;
  }
  if (!is_one_at(room, at + kTarget, host.ipv6)) return FrameFate::kNotForUs;
  const bool has_sender = !is_at(room, ip + kIpv6Source, kUnspecified);
  return_to_sender(room, host.mac);
  if (has_sender) {
    std::memcpy(room.data() + ip + kIpv6Destination, room.data() + ip + kIpv6Source,
                kUnspecified.size());
  } else {
    put_at(room, 0, kAllNodesMac);
    put_at(room, ip + kIpv6Destination, kAllNodes);
  }
  std::memcpy(room.data() + ip + kIpv6Source, room.data() + at + kTarget, kUnspecified.size());
  room[at] = kAdvertisement;
  room[at + 4] = has_sender ? kSolicited | kOverride : kOverride;
  room[at + kSolicitationLen] = 2;      // option: target link-layer address
  room[at + kSolicitationLen + 1] = 1;  // of 8 bytes
  put_at(room, at + kSolicitationLen + 2, host.mac);
  finish_icmpv6(room, ip, kAdvertisementLen, layout);
  return FrameFate::kNeighbourAnswered;
}

}  // namespace

FrameFate answer_arp(MutableBytes frame, size_t at, const FrameHost& host, FrameLayout& layout) {
  if (frame.size() < at + kArpLen) return FrameFate::kMalformed;
  if (!is_at(frame, at, kArpRequest) || !is_one_at(frame, at + kArpTargetIp, host.ipv4)) {
    return FrameFate::kNotForUs;
  }
  return_to_sender(frame, host.mac);
  frame[at + kArpOperation + 1] = 2;
  std::memcpy(frame.data() + at + kArpTargetMac, frame.data() + at + kArpSenderMac, 6);
  put_at(frame, at + kArpSenderMac, host.mac);
  swap_ranges(frame, at + kArpSenderIp, at + kArpTargetIp, 4);
  layout.len = static_cast<uint16_t>(at + kArpLen);
  return FrameFate::kArpAnswered;
}

FrameFate answer_icmp(MutableBytes frame, size_t ip, size_t at, size_t end, const FrameHost& host,
                      FrameLayout& layout) {
  if (end - at < kIcmpHeaderLen) return FrameFate::kMalformed;
  if (frame[at] != kEchoRequest) return FrameFate::kOtherProtocol;
  if (internet_checksum(frame.subspan(at, end - at)) != 0) return FrameFate::kBadChecksum;
  return_to_sender(frame, host.mac);
  swap_ranges(frame, ip + kIpv4Source, ip + kIpv4Destination, 4);
  frame[ip + kIpv4Hops] = kReplyHops;
  store16(frame, ip + kIpv4Checksum, 0);
  store16(frame, ip + kIpv4Checksum, internet_checksum(frame.subspan(ip, kIpv4Len)));
  frame[at] = kEchoReply;
  store16(frame, at + kIcmpChecksum, 0);
  store16(frame, at + kIcmpChecksum, internet_checksum(frame.subspan(at, end - at)));
  layout.len = static_cast<uint16_t>(end);
  return FrameFate::kPingAnswered;
}

FrameFate answer_icmpv6(MutableBytes room, size_t ip, size_t end, const FrameHost& host,
                        FrameLayout& layout) {
  const size_t at = ip + kIpv6Len;
  const size_t len = end - at;
  if (len < kIcmpHeaderLen) return FrameFate::kMalformed;
  const uint8_t type = room[at];
  if (type != kEchoRequest6 && type != kSolicitation) return FrameFate::kOtherProtocol;
  if (!is_sum_right(room, ip, room.subspan(at, len))) return FrameFate::kBadChecksum;
  if (type == kEchoRequest6) return answer_echo6(room, ip, len, host, layout);
  if (len < kSolicitationLen) return FrameFate::kMalformed;
  return answer_solicitation(room, ip, host, layout);
}

}  // namespace osprey
