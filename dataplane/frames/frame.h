// Ethernet frames, for ports that see them whole: which hold a datagram for us, and how an answer
// goes back in the same buffer.
//
//   Ethernet 14 | 802.1Q tag 4, or none | IPv4 20 or IPv6 40 | UDP 8 | datagram
//
// Pure: bytes in, bytes out. What is not a datagram is answered (ARP, neighbour discovery, ping:
// responder.h) or dropped with a named fate. IP options and extension headers, fragments and
// datagrams with wrong checksums are dropped.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "framework/base/bytes.h"

namespace osprey {

using MacAddress = std::array<uint8_t, 6>;
using Ipv4Address = std::array<uint8_t, 4>;
using Ipv6Address = std::array<uint8_t, 16>;

inline constexpr size_t kEthernetLen = 14;
inline constexpr size_t kVlanTagLen = 4;
inline constexpr size_t kIpv4Len = 20;
inline constexpr size_t kIpv6Len = 40;
inline constexpr size_t kUdpLen = 8;
inline constexpr size_t kMaxHeadersLen = kEthernetLen + kVlanTagLen + kIpv6Len + kUdpLen;
// What a reply may have of IP header and all that follows it.
inline constexpr size_t kFrameMtu = 1500;

// Who we are on the wire.
struct FrameHost {
  MacAddress mac{};
  std::vector<Ipv4Address> ipv4;
  std::vector<Ipv6Address> ipv6;
  uint16_t udp_port = 5683;
};

enum class FrameFate : uint8_t {
  kDatagram,     // goes on
  kArpAnswered,  // the answer is in the frame's place
  kNeighbourAnswered,
  kPingAnswered,
  kNotForUs,       // another MAC or IP address
  kOtherPort,      // UDP, but not ours
  kOtherProtocol,  // not ARP, IP, UDP, echo request or neighbour solicitation
  kIpOptions,      // IPv4 options or IPv6 extension headers
  kFragment,
  kBadChecksum,
  kMalformed,  // lengths that do not fit
};
inline constexpr size_t kNumFrameFates = 11;
std::string_view name(FrameFate fate);  // "datagram", "arp-answered", ...

inline bool is_answered(FrameFate fate) {
  return fate == FrameFate::kArpAnswered || fate == FrameFate::kNeighbourAnswered ||
         fate == FrameFate::kPingAnswered;
}

// Where things are in a frame.
struct FrameLayout {
  uint16_t ip = 0;        // offset of the IP header
  uint16_t datagram = 0;  // offset of what UDP carries
  uint16_t len = 0;       // bytes: of the datagram, or of the whole answer
  bool is_ipv6 = false;

  uint16_t udp() const { return static_cast<uint16_t>(datagram - kUdpLen); }
};

enum class Checksums : bool { kVerify, kVerified };

// Takes the frame in the first `frame_len` bytes of `room` apart, or answers it in place. For
// kDatagram and answers, `layout` says what is where. `checksums`: whether somebody has verified
// those of IP and UDP already.
FrameFate read_frame(MutableBytes room, size_t frame_len, const FrameHost& host,
                     Checksums checksums, FrameLayout& layout);

// Makes the frame that brought a datagram the frame of its reply: addresses and ports change
// places, lengths and checksums are those of `reply_len` bytes that stand at layout.datagram.
// `frame` holds all of it. Returns the length of the new frame.
size_t turn_round(MutableBytes frame, const FrameLayout& layout, size_t reply_len);

// Longest reply that fits one frame.
inline size_t max_reply_len(const FrameLayout& layout) {
  return kFrameMtu - (layout.is_ipv6 ? kIpv6Len : kIpv4Len) - kUdpLen;
}

}  // namespace osprey
