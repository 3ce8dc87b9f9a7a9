// Frames as a NIC brings them: what becomes of each, and what goes back.
#include "dataplane/frames/frame.h"

#include <functional>

#include <gtest/gtest.h>

#include "dataplane/frames/checksum.h"
#include "tests/unit/support/vectors.h"

namespace osprey {
namespace {

using ByteVector = std::vector<uint8_t>;
using test::hex;

const FrameHost& host() {
  static const FrameHost kHost = [] {
    FrameHost made;
    made.mac = {0x02, 0, 0, 0, 0, 0x99};
    made.ipv4 = {{10, 9, 8, 7}, {10, 9, 8, 6}};
    made.ipv6 = {{0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7}};
    made.udp_port = 5683;
    return made;
  }();
  return kHost;
}

constexpr const char* kToUs = "020000000099";
constexpr const char* kFromThem = "0200000000aa";
constexpr const char* kTheirIpv6 = "fd000000000000000000000000000042";
constexpr const char* kOurIpv6 = "fd000000000000000000000000000007";

void put16(ByteVector& bytes, size_t at, uint16_t value) {
  bytes[at] = static_cast<uint8_t>(value >> 8);
  bytes[at + 1] = static_cast<uint8_t>(value);
}
uint16_t get16(const ByteVector& bytes, size_t at) {
  return static_cast<uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

ByteVector joined(std::initializer_list<ByteVector> parts) {
  ByteVector all;
  for (const ByteVector& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

// The checksum of UDP or ICMPv6 as RFC 768 and RFC 8200 say it, over a pseudo-header that is built.
uint16_t sum_with_pseudo_header(const ByteVector& addresses, uint8_t protocol,
                                const ByteVector& transport) {
  ByteVector all = addresses;
  all.insert(all.end(), {0, protocol, 0, 0});
  put16(all, all.size() - 2, static_cast<uint16_t>(transport.size()));
  all.insert(all.end(), transport.begin(), transport.end());
  return internet_checksum(all);
}

ByteVector udp(const ByteVector& addresses, const ByteVector& datagram, uint16_t port = 5683) {
  ByteVector bytes = joined({hex("c001000000000000"), datagram});
  put16(bytes, 2, port);
  put16(bytes, 4, static_cast<uint16_t>(bytes.size()));
  put16(bytes, 6, sum_with_pseudo_header(addresses, 17, bytes));
  return bytes;
}

ByteVector ipv4(uint8_t protocol, const ByteVector& rest, const std::string& to = "0a090807") {
  ByteVector bytes =
      hex("450000001234400040000000"
          "0a090842" +
          to);
  bytes[9] = protocol;
  put16(bytes, 2, static_cast<uint16_t>(20 + rest.size()));
  put16(bytes, 10, internet_checksum(bytes));
  return joined({bytes, rest});
}

ByteVector ipv6(uint8_t next, const ByteVector& rest, const std::string& to = kOurIpv6) {
  ByteVector bytes = hex("6000000000000040" + std::string(kTheirIpv6) + to);
  bytes[6] = next;
  put16(bytes, 4, static_cast<uint16_t>(rest.size()));
  return joined({bytes, rest});
}

ByteVector ethernet(const std::string& type, const ByteVector& rest,
                    const std::string& to = kToUs) {
  return joined({hex(to + kFromThem + type), rest});
}

const ByteVector& datagram() {
  static const ByteVector kDatagram = hex("400112345573746174757301");
  return kDatagram;
}
const ByteVector& ipv4_addresses() {
  static const ByteVector kAddresses = hex("0a0908420a090807");
  return kAddresses;
}
ByteVector udp4_frame() { return ethernet("0800", ipv4(17, udp(ipv4_addresses(), datagram()))); }
ByteVector udp6_frame() {
  return ethernet("86dd", ipv6(17, udp(hex(std::string(kTheirIpv6) + kOurIpv6), datagram())));
}

FrameFate read(ByteVector frame, FrameLayout* layout = nullptr, size_t spare = 0) {
  FrameLayout own;
  const size_t len = frame.size();
  frame.resize(len + spare);
  return read_frame(frame, len, host(), Checksums::kVerify, layout != nullptr ? *layout : own);
}

TEST(Frame, DatagramIsFoundUnderEveryHeader) {
  ByteVector tagged = udp4_frame();
  const ByteVector vlan = hex("81002005");
  tagged.insert(tagged.begin() + 12, vlan.begin(), vlan.end());
  ByteVector padded = udp4_frame();
  padded.resize(padded.size() + 10, 0xee);
  for (const ByteVector& frame : {udp4_frame(), udp6_frame(), tagged, padded}) {
    FrameLayout layout;
    ASSERT_EQ(read(frame, &layout), FrameFate::kDatagram);
    EXPECT_TRUE(equal(Bytes(frame).subspan(layout.datagram, layout.len), datagram()));
  }
}

// Goal: a reply goes back to where its request came from, with everything right. Method: the frame
// is read as its receiver would.
TEST(Frame, ReplyComesFromUsAndFitsItsHeaders) {
  for (const bool is_ipv6 : {false, true}) {
    for (const size_t reply_len : {0u, 4u, 5u, 12u, 100u, 1452u}) {
      ByteVector frame = is_ipv6 ? udp6_frame() : udp4_frame();
      FrameLayout layout;
      ASSERT_EQ(read(frame, &layout), FrameFate::kDatagram);
      frame.resize(1600);
      std::fill(frame.begin() + layout.datagram,
                frame.begin() + layout.datagram + static_cast<ptrdiff_t>(reply_len), 0xab);
      const size_t len = turn_round(frame, layout, reply_len);
      frame.resize(len);

      FrameHost them;
      them.mac = {0x02, 0, 0, 0, 0, 0xaa};
      them.ipv4 = {{10, 9, 8, 0x42}};
      them.ipv6 = {{0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x42}};
      them.udp_port = 0xc001;
      FrameLayout at_them;
      ASSERT_EQ(read_frame(frame, len, them, Checksums::kVerify, at_them), FrameFate::kDatagram);
      EXPECT_EQ(at_them.len, reply_len);
      EXPECT_TRUE(equal(Bytes(frame).subspan(6, 6), Bytes(host().mac)));
      EXPECT_EQ(get16(frame, layout.udp()), 5683);
      const Bytes source = Bytes(frame).subspan(layout.ip + (is_ipv6 ? 8u : 12u), is_ipv6 ? 16 : 4);
      EXPECT_TRUE(equal(source, is_ipv6 ? Bytes(host().ipv6[0]) : Bytes(host().ipv4[0])));
      EXPECT_NE(get16(frame, layout.udp() + 6), 0);
    }
  }
}

TEST(Frame, ReplyThatDoesNotFitIsABug) {
  ByteVector frame = udp6_frame();
  FrameLayout layout;
  ASSERT_EQ(read(frame, &layout), FrameFate::kDatagram);
  frame.resize(2000);
  EXPECT_EQ(max_reply_len(layout), 1452u);
  EXPECT_DEATH(turn_round(frame, layout, 1453), "CHECK failed");
}

struct Row {
  const char* what;
  std::function<ByteVector()> frame;
  FrameFate fate;
};

// `change` applied to a good frame.
std::function<ByteVector()> changed(ByteVector (*frame)(), std::function<void(ByteVector&)> change,
                                    bool mend_ip_sum = true) {
  return [=] {
    ByteVector bytes = frame();
    change(bytes);
    if (mend_ip_sum && bytes.size() >= 34 && get16(bytes, 12) == 0x0800) {
      put16(bytes, 24, 0);
      put16(bytes, 24, internet_checksum(Bytes(bytes).subspan(14, 20)));
    }
    return bytes;
  };
}

TEST(Frame, EveryOtherFrameHasItsFate) {
  const Row rows[] = {
      {"another MAC", changed(udp4_frame, [](ByteVector& f) { f[5] ^= 1; }), FrameFate::kNotForUs},
      {"another IPv4 address", changed(udp4_frame, [](ByteVector& f) { f[33] ^= 0x80; }),
       FrameFate::kNotForUs},
      {"another IPv6 address", changed(udp6_frame, [](ByteVector& f) { f[53] ^= 1; }),
       FrameFate::kNotForUs},
      {"another port", changed(udp4_frame, [](ByteVector& f) { f[37] ^= 1; }),
       FrameFate::kOtherPort},
      {"TCP", changed(udp4_frame, [](ByteVector& f) { f[23] = 6; }), FrameFate::kOtherProtocol},
      {"TCP over IPv6", changed(udp6_frame, [](ByteVector& f) { f[20] = 6; }),
       FrameFate::kOtherProtocol},
      {"LLDP", [] { return ethernet("88cc", ByteVector(40)); }, FrameFate::kOtherProtocol},
      {"IPv4 options", changed(udp4_frame, [](ByteVector& f) { f[14] = 0x46; }),
       FrameFate::kIpOptions},
      {"IPv6 hop-by-hop", changed(udp6_frame, [](ByteVector& f) { f[20] = 0; }),
       FrameFate::kIpOptions},
      {"first fragment", changed(udp4_frame, [](ByteVector& f) { f[20] = 0x20; }),
       FrameFate::kFragment},
      {"last fragment", changed(udp4_frame, [](ByteVector& f) { put16(f, 20, 100); }),
       FrameFate::kFragment},
      {"IPv6 fragment", changed(udp6_frame, [](ByteVector& f) { f[20] = 44; }),
       FrameFate::kFragment},
      {"IPv4 header sum",
       changed(
           udp4_frame, [](ByteVector& f) { f[24] ^= 1; }, false),
       FrameFate::kBadChecksum},
      {"UDP sum", changed(udp4_frame, [](ByteVector& f) { f.back() ^= 1; }),
       FrameFate::kBadChecksum},
      {"UDP sum, IPv6", changed(udp6_frame, [](ByteVector& f) { f.back() ^= 1; }),
       FrameFate::kBadChecksum},
      {"no UDP sum over IPv6", changed(udp6_frame, [](ByteVector& f) { put16(f, 60, 0); }),
       FrameFate::kBadChecksum},
      {"no UDP sum over IPv4", changed(udp4_frame, [](ByteVector& f) { put16(f, 40, 0); }),
       FrameFate::kDatagram},
      {"version", changed(udp4_frame, [](ByteVector& f) { f[14] = 0x55; }), FrameFate::kMalformed},
      {"IPv4 longer than the frame",
       changed(udp4_frame, [](ByteVector& f) { put16(f, 16, get16(f, 16) + 1); }),
       FrameFate::kMalformed},
      {"IPv4 shorter than its header", changed(udp4_frame, [](ByteVector& f) { put16(f, 16, 19); }),
       FrameFate::kMalformed},
      {"UDP longer than IP", changed(udp4_frame, [](ByteVector& f) { put16(f, 38, 21); }),
       FrameFate::kMalformed},
      {"UDP shorter than its header", changed(udp4_frame, [](ByteVector& f) { put16(f, 38, 7); }),
       FrameFate::kMalformed},
      {"IPv6 longer than the frame",
       changed(udp6_frame, [](ByteVector& f) { put16(f, 18, get16(f, 18) + 1); }),
       FrameFate::kMalformed},
  };
  for (const Row& row : rows) EXPECT_EQ(read(row.frame()), row.fate) << row.what;
}

// Goal: whatever is cut off, nothing is read or written behind the end (ASan looks).
TEST(Frame, EveryBeginningOfAFrameIsJudged) {
  for (const ByteVector& whole : {udp4_frame(), udp6_frame()}) {
    for (size_t len = 0; len < whole.size(); ++len) {
      ByteVector frame(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(len));
      EXPECT_EQ(read(frame), FrameFate::kMalformed) << len;
    }
  }
}

// --- what a host answers ---

// The frame that was answered, as it goes out.
ByteVector answer(ByteVector frame, FrameFate expected) {
  FrameLayout layout;
  const size_t len = frame.size();
  frame.resize(len + 64);
  EXPECT_EQ(read_frame(frame, len, host(), Checksums::kVerify, layout), expected);
  frame.resize(layout.len);
  return frame;
}

TEST(Responder, ArpForUsIsAnswered) {
  const std::string arp = "0001080006040001" + std::string(kFromThem) +
                          "0a090842"
                          "000000000000";
  const ByteVector frame = ethernet("0806", hex(arp + "0a090806"), "ffffffffffff");
  EXPECT_EQ(to_hex(answer(frame, FrameFate::kArpAnswered)), std::string(kFromThem) + kToUs +
                                                                "0806"
                                                                "0001080006040002" +
                                                                kToUs + "0a090806" + kFromThem +
                                                                "0a090842");
  EXPECT_EQ(read(ethernet("0806", hex(arp + "0a090805"), "ffffffffffff")), FrameFate::kNotForUs);
  EXPECT_EQ(read(ethernet("0806", hex(arp), "ffffffffffff")), FrameFate::kMalformed);
}

TEST(Responder, PingIsAnswered) {
  ByteVector icmp = joined({hex("0800000012340001"), ByteVector(56, 0x61)});
  put16(icmp, 2, internet_checksum(icmp));
  const ByteVector frame = ethernet("0800", ipv4(1, icmp));
  const ByteVector reply = answer(frame, FrameFate::kPingAnswered);
  ASSERT_EQ(reply.size(), frame.size());
  EXPECT_EQ(to_hex(Bytes(reply).first(14)), std::string(kFromThem) + kToUs + "0800");
  EXPECT_EQ(internet_checksum(Bytes(reply).subspan(14, 20)), 0);
  EXPECT_EQ(to_hex(Bytes(reply).subspan(26, 8)), "0a0908070a090842");
  EXPECT_EQ(reply[34], 0);
  EXPECT_EQ(internet_checksum(Bytes(reply).subspan(34)), 0);
  EXPECT_TRUE(equal(Bytes(reply).subspan(38), Bytes(frame).subspan(38)));

  icmp[20] ^= 1;
  EXPECT_EQ(read(ethernet("0800", ipv4(1, icmp))), FrameFate::kBadChecksum);
  EXPECT_EQ(read(ethernet("0800", ipv4(1, hex("0300")))), FrameFate::kMalformed);
  EXPECT_EQ(read(ethernet("0800", ipv4(1, hex("0300000000000000")))), FrameFate::kOtherProtocol);
}

ByteVector icmpv6(const std::string& from, const std::string& to, ByteVector body,
                  uint8_t hops = 255) {
  put16(body, 2, 0);
  put16(body, 2, sum_with_pseudo_header(hex(from + to), 58, body));
  ByteVector packet = ipv6(58, body, to);
  const ByteVector source = hex(from);
  std::copy(source.begin(), source.end(), packet.begin() + 8);
  packet[7] = hops;
  return packet;
}

constexpr const char* kSolicitedNode = "ff0200000000000000000001ff000007";

TEST(Responder, PingOverIpv6IsAnswered) {
  const ByteVector body = joined({hex("8000000012340001"), ByteVector(11, 0x62)});
  const ByteVector reply =
      answer(ethernet("86dd", icmpv6(kTheirIpv6, kOurIpv6, body, 64)), FrameFate::kPingAnswered);
  EXPECT_EQ(to_hex(Bytes(reply).subspan(22, 32)), std::string(kOurIpv6) + kTheirIpv6);
  const ByteVector icmp(reply.begin() + 54, reply.end());
  EXPECT_EQ(icmp[0], 129);
  EXPECT_EQ(icmp.size(), body.size());
  EXPECT_EQ(sum_with_pseudo_header(hex(std::string(kOurIpv6) + kTheirIpv6), 58, icmp), 0);
  EXPECT_EQ(read(ethernet("86dd", icmpv6(kTheirIpv6, kSolicitedNode, body), "3333ff000007")),
            FrameFate::kNotForUs);
}

TEST(Responder, SolicitationIsAnsweredWithOurMac) {
  const ByteVector body =
      joined({hex("8700000000000000"), hex(kOurIpv6), hex("0101" + std::string(kFromThem))});
  const ByteVector reply =
      answer(ethernet("86dd", icmpv6(kTheirIpv6, kSolicitedNode, body), "3333ff000007"),
             FrameFate::kNeighbourAnswered);
  EXPECT_EQ(to_hex(Bytes(reply).first(14)), std::string(kFromThem) + kToUs + "86dd");
  EXPECT_EQ(to_hex(Bytes(reply).subspan(22, 32)), std::string(kOurIpv6) + kTheirIpv6);
  const ByteVector icmp(reply.begin() + 54, reply.end());
  EXPECT_EQ(sum_with_pseudo_header(hex(std::string(kOurIpv6) + kTheirIpv6), 58, icmp), 0);
  EXPECT_EQ(icmp[0], 136);
  EXPECT_EQ(to_hex(Bytes(icmp).subspan(4)), "60000000" + std::string(kOurIpv6) + "0201" + kToUs);
  EXPECT_EQ(reply[21], 255);
}

// RFC 4862 §5.4: somebody asks whether our address is free.
TEST(Responder, AddressThatIsOursIsDefended) {
  const std::string unspecified(32, '0');
  const ByteVector body = joined({hex("8700000000000000"), hex(kOurIpv6)});
  const ByteVector reply =
      answer(ethernet("86dd", icmpv6(unspecified, kSolicitedNode, body), "3333ff000007"),
             FrameFate::kNeighbourAnswered);
  EXPECT_EQ(to_hex(Bytes(reply).first(6)), "333300000001");
  EXPECT_EQ(to_hex(Bytes(reply).subspan(38, 16)), "ff020000000000000000000000000001");
  EXPECT_EQ(reply[58], 0x20);
}

TEST(Responder, SolicitationThatIsNoneOfOursIsNotAnswered) {
  const ByteVector for_us = joined({hex("8700000000000000"), hex(kOurIpv6)});
  const ByteVector for_another = joined({hex("8700000000000000"), hex(kTheirIpv6)});
  const auto judged = [](const ByteVector& packet) {
    return read(ethernet("86dd", packet, "3333ff000007"), nullptr, 64);
  };
  EXPECT_EQ(judged(icmpv6(kTheirIpv6, kSolicitedNode, for_another)), FrameFate::kNotForUs);
  EXPECT_EQ(judged(icmpv6(kTheirIpv6, kSolicitedNode, for_us, 254)), FrameFate::kMalformed);
  EXPECT_EQ(judged(icmpv6(kTheirIpv6, kSolicitedNode, hex("8700000000000000"))),
            FrameFate::kMalformed);
  EXPECT_EQ(judged(icmpv6(kTheirIpv6, kSolicitedNode, hex("8600000000000000"))),
            FrameFate::kOtherProtocol);
  ByteVector spoilt = icmpv6(kTheirIpv6, kSolicitedNode, for_us);
  spoilt.back() ^= 1;
  EXPECT_EQ(judged(spoilt), FrameFate::kBadChecksum);
}

}  // namespace
}  // namespace osprey
