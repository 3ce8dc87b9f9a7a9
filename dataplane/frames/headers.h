// Fields of the headers that frames are made of, at their offsets. Shared by frame.cc and
// responder.cc; nobody else needs it.
#pragma once

#include <algorithm>
#include <cstring>

#include "dataplane/frames/checksum.h"
#include "dataplane/frames/frame.h"

namespace osprey {

inline constexpr uint16_t kTypeIpv4 = 0x0800;
inline constexpr uint16_t kTypeArp = 0x0806;
inline constexpr uint16_t kTypeVlan = 0x8100;
inline constexpr uint16_t kTypeIpv6 = 0x86dd;

inline constexpr uint8_t kProtocolIcmp = 1;
inline constexpr uint8_t kProtocolUdp = 17;
inline constexpr uint8_t kNextIcmpv6 = 58;

inline constexpr uint8_t kReplyHops = 64;

// The caller has looked at the length.
inline uint16_t load16(Bytes bytes, size_t at) {
  return static_cast<uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}
inline void store16(MutableBytes bytes, size_t at, uint16_t value) {
  bytes[at] = static_cast<uint8_t>(value >> 8);
  bytes[at + 1] = static_cast<uint8_t>(value);
}

template <typename Address>
bool is_at(Bytes bytes, size_t at, const Address& address) {
  return std::memcmp(bytes.data() + at, address.data(), address.size()) == 0;
}
template <typename Address>
bool is_one_at(Bytes bytes, size_t at, const std::vector<Address>& addresses) {
  return std::ranges::any_of(addresses,
                             [&](const Address& address) { return is_at(bytes, at, address); });
}
template <typename Address>
void put_at(MutableBytes bytes, size_t at, const Address& address) {
  std::copy(address.begin(), address.end(), bytes.begin() + static_cast<ptrdiff_t>(at));
}

inline void swap_ranges(MutableBytes bytes, size_t a, size_t b, size_t len) {
  const auto begin = bytes.begin();
  std::swap_ranges(begin + static_cast<ptrdiff_t>(a), begin + static_cast<ptrdiff_t>(a + len),
                   begin + static_cast<ptrdiff_t>(b));
}

// IPv4, at `ip`.
inline constexpr size_t kIpv4TotalLen = 2;
inline constexpr size_t kIpv4Fragment = 6;
inline constexpr size_t kIpv4Hops = 8;
inline constexpr size_t kIpv4Protocol = 9;
inline constexpr size_t kIpv4Checksum = 10;
inline constexpr size_t kIpv4Source = 12;
inline constexpr size_t kIpv4Destination = 16;

// IPv6, at `ip`.
inline constexpr size_t kIpv6PayloadLen = 4;
inline constexpr size_t kIpv6Next = 6;
inline constexpr size_t kIpv6Hops = 7;
inline constexpr size_t kIpv6Source = 8;
inline constexpr size_t kIpv6Destination = 24;

// The checksum of UDP or ICMPv6 over what the pseudo-header says (RFC 768, RFC 8200 §8.1) and
// `transport`, header and all.
inline uint16_t transport_checksum(Bytes frame, size_t ip, bool is_ipv6, uint8_t protocol,
                                   Bytes transport) {
  Checksum sum;
  sum.add(is_ipv6 ? frame.subspan(ip + kIpv6Source, 32) : frame.subspan(ip + kIpv4Source, 8));
  sum.add_number(protocol);
  sum.add_number(static_cast<uint16_t>(transport.size()));
  sum.add(transport);
  return sum.finish();
}

// Whoever sent the frame gets it back from us.
inline void return_to_sender(MutableBytes frame, const MacAddress& mac) {
  std::memcpy(frame.data(), frame.data() + 6, 6);
  put_at(frame, 6, mac);
}

}  // namespace osprey
