#include "dataplane/socket/udp_port.h"

#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include <gtest/gtest.h>

#include "tests/unit/support/loopback.h"

namespace osprey {
namespace {

using oscore::Verdict;
using test::address;
using test::ByteVector;
using test::Loopback;

class Port {
 public:
  explicit Port(const std::vector<SocketAddress>& listen) : port_(*UdpPort::open(listen)) {}
  explicit Port(std::unique_ptr<UdpPort> port) : port_(std::move(port)) {}

  UdpPort& operator*() { return *port_; }
  UdpPort* operator->() { return port_.get(); }
  SocketAddress at(size_t i = 0) const { return port_->addresses()[i]; }
  UdpSlot& slot(size_t i = 0) { return (*slots_)[i]; }

  // Waits for something to come, and takes it.
  std::span<UdpSlot> receive() {
    port_->sleep();
    return std::span<UdpSlot>(*slots_).first(port_->rx(*slots_));
  }

  // Sends every datagram back as it came.
  size_t echo(std::span<UdpSlot> slots) {
    for (UdpSlot& slot : slots) slot.has_reply = true;
    return port_->tx(slots);
  }

 private:
  std::unique_ptr<UdpPort> port_;
  std::unique_ptr<std::array<UdpSlot, kBatchMax>> slots_ =
      std::make_unique<std::array<UdpSlot, kBatchMax>>();
};

ByteVector bytes(std::string_view text) { return {text.begin(), text.end()}; }

std::string text_of(const UdpSlot& slot) { return std::string(as_text(slot.datagram())); }

// Every address of the loopback network that a test may ask for.
std::vector<const char*> own_addresses() {
  std::vector<const char*> all = {"127.0.0.1:0"};
  if (test::has_ipv6()) all.push_back("[::1]:0");
  return all;
}

TEST(UdpPort, ReceivesAndRepliesOnBothFamilies) {
  for (const char* listen : own_addresses()) {
    SCOPED_TRACE(listen);
    Port port({address(listen)});
    EXPECT_NE(port.at().port(), 0);
    Loopback client(port.at());
    client.send(bytes("hello"));
    const auto slots = port.receive();
    ASSERT_EQ(slots.size(), 1u);
    EXPECT_EQ(text_of(slots[0]), "hello");
    EXPECT_EQ(slots[0].verdict, Verdict::kOk);
    EXPECT_EQ(slots[0].peer.text(), client.local().text());
    EXPECT_FALSE(slots[0].has_reply);
    EXPECT_EQ(slots[0].capacity, kMaxDatagram);
    EXPECT_EQ(port.echo(slots), 0u);
    EXPECT_EQ(client.receive(), bytes("hello"));
  }
}

// RFC 7252 §5.3.2: a client takes a response only from the address it asked. The connected socket
// of this test is such a client.
TEST(UdpPort, ReplyLeavesFromTheAddressThatWasAsked) {
  Port port({address("0.0.0.0:0")});
  for (const char* asked : {"127.0.0.1", "127.0.0.2", "127.1.2.3"}) {
    SCOPED_TRACE(asked);
    SocketAddress server = address(asked);
    server.set_port(port.at().port());
    Loopback client(server);
    client.send(bytes("from where?"));
    const auto slots = port.receive();
    ASSERT_EQ(slots.size(), 1u);
    EXPECT_GT(slots[0].local.len, 0u);
    EXPECT_EQ(port.echo(slots), 0u);
    EXPECT_EQ(client.receive(), bytes("from where?"));
  }
}

TEST(UdpPort, RepliesOfOneBatchLeaveEachFromItsAddress) {
  Port port({address("0.0.0.0:0")});
  std::vector<Loopback> clients;
  for (const char* asked : {"127.0.0.1", "127.0.0.2", "127.0.0.3"}) {
    SocketAddress server = address(asked);
    server.set_port(port.at().port());
    clients.emplace_back(server).send(bytes(asked));
  }
  for (size_t num_received = 0; num_received < clients.size();) {
    const auto slots = port.receive();
    EXPECT_EQ(port.echo(slots), 0u);
    num_received += slots.size();
  }
  EXPECT_EQ(clients[0].receive(), bytes("127.0.0.1"));
  EXPECT_EQ(clients[1].receive(), bytes("127.0.0.2"));
  EXPECT_EQ(clients[2].receive(), bytes("127.0.0.3"));
}

TEST(UdpPort, WildcardOfIpv6RepliesFromTheAddressThatWasAsked) {
  if (!test::has_ipv6()) GTEST_SKIP() << "no IPv6 loopback address here";
  Port port({address("[::]:0")});
  SocketAddress server = address("[::1]");
  server.set_port(port.at().port());
  Loopback client(server);
  client.send(bytes("six"));
  const auto slots = port.receive();
  ASSERT_EQ(slots.size(), 1u);
  EXPECT_GT(slots[0].local.len, 0u);
  EXPECT_EQ(port.echo(slots), 0u);
  EXPECT_EQ(client.receive(), bytes("six"));
}

// Both wildcards of one port number live side by side, which without IPV6_V6ONLY they would not.
TEST(UdpPort, WildcardsOfBothFamiliesShareAPortNumber) {
  if (!test::has_ipv6()) GTEST_SKIP() << "no IPv6 loopback address here";
  for (int attempt = 0; attempt < 10; ++attempt) {
    Port four({address("0.0.0.0:0")});
    SocketAddress six = address("[::]");
    six.set_port(four.at().port());
    if (UdpPort::open({six}).has_value()) return;  // else taken by somebody: try another number
  }
  FAIL() << "no number was free for both";
}

TEST(UdpPort, ServesEachOfItsAddressesInTurn) {
  Port port({address("127.0.0.1:0"), address("127.0.0.2:0")});
  Loopback one(port.at(0));
  Loopback other(port.at(1));
  one.send(bytes("one"));
  other.send(bytes("other"));
  for (int i = 0; i < 2; ++i) {
    const auto slots = port.receive();
    ASSERT_EQ(slots.size(), 1u);
    EXPECT_EQ(text_of(slots[0]), slots[0].socket_index == 0 ? "one" : "other");
    port.echo(slots);
  }
  EXPECT_EQ(one.receive(), bytes("one"));
  EXPECT_EQ(other.receive(), bytes("other"));
}

TEST(UdpPort, BatchIsBoundedAndKeepsItsOrder) {
  Port port({address("127.0.0.1:0")});
  Loopback client(port.at());
  for (size_t i = 0; i < 2 * kBatchMax; ++i) client.send(bytes(std::to_string(i)));
  size_t num_received = 0;
  while (num_received < 2 * kBatchMax) {
    const auto slots = port.receive();
    ASSERT_LE(slots.size(), kBatchMax);
    for (const UdpSlot& slot : slots) EXPECT_EQ(text_of(slot), std::to_string(num_received++));
    port.echo(slots);
  }
  for (size_t i = 0; i < num_received; ++i) {
    EXPECT_EQ(client.receive(), bytes(std::to_string(i)));
  }
}

TEST(UdpPort, TakesNoMoreThanThereAreSlots) {
  Port port({address("127.0.0.1:0")});
  Loopback client(port.at());
  for (int i = 0; i < 3; ++i) client.send(bytes("x"));
  std::array<UdpSlot, 2> slots;
  port->sleep();
  EXPECT_EQ(port->rx({}), 0u);
  EXPECT_EQ(port->rx(slots), 2u);
  EXPECT_EQ(port->rx(slots), 1u);
  EXPECT_EQ(port->rx(slots), 0u);  // and does not wait for more
}

TEST(UdpPort, LongerDatagramThanIsTakenIsMarked) {
  for (const char* listen : own_addresses()) {
    SCOPED_TRACE(listen);
    Port port({address(listen)});
    Loopback client(port.at());
    for (const size_t len : {kMaxDatagram, kMaxDatagram + 1, size_t{60'000}, size_t{0}}) {
      client.send(ByteVector(len, 0x40));
      const auto slots = port.receive();
      ASSERT_EQ(slots.size(), 1u);
      EXPECT_EQ(slots[0].verdict, len > kMaxDatagram ? Verdict::kTruncated : Verdict::kOk) << len;
      EXPECT_EQ(slots[0].len, std::min(len, kMaxDatagram));
    }
  }
}

TEST(UdpPort, SlotForgetsItsFormerDatagram) {
  Port port({address("127.0.0.1:0")});
  Loopback client(port.at());
  client.send(ByteVector(kMaxDatagram + 1));
  port.receive()[0].has_reply = true;
  client.send(bytes("next"));
  const auto slots = port.receive();
  EXPECT_EQ(slots[0].verdict, Verdict::kOk);
  EXPECT_FALSE(slots[0].has_reply);
  EXPECT_EQ(text_of(slots[0]), "next");
}

TEST(UdpPort, SendsOnlyReplies) {
  Port port({address("127.0.0.1:0")});
  Loopback client(port.at());
  for (const char* text : {"1", "2", "3"}) client.send(bytes(text));
  port->sleep();
  ASSERT_EQ(port->rx({&port.slot(0), 3}), 3u);
  port.slot(1).has_reply = true;
  EXPECT_EQ(port->tx({&port.slot(0), 3}), 0u);
  EXPECT_EQ(client.receive(), bytes("2"));
  EXPECT_EQ(client.receive(50), std::nullopt);
}

// Goal: a reply the kernel refuses takes nothing from those behind it. Method: port 0 is nowhere.
TEST(UdpPort, ReplyThatTheKernelRefusesIsCounted) {
  Port port({address("127.0.0.1:0")});
  Loopback client(port.at());
  for (const char* text : {"1", "2", "3"}) client.send(bytes(text));
  port->sleep();
  ASSERT_EQ(port->rx({&port.slot(0), 3}), 3u);
  port.slot(1).peer.set_port(0);
  EXPECT_EQ(port.echo({&port.slot(0), 3}), 1u);
  EXPECT_EQ(port.slot(0).verdict, Verdict::kOk);
  EXPECT_EQ(port.slot(1).verdict, Verdict::kSendFailed);
  EXPECT_EQ(client.receive(), bytes("1"));
  EXPECT_EQ(client.receive(), bytes("3"));
}

TEST(UdpPort, WakeEndsASleepBeforeOrAfterItBegins) {
  Port port({address("127.0.0.1:0")});
  port->wake();
  port->wake();
  port->sleep();  // a failing test hangs here
  std::thread waker([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    port->wake();
  });
  port->sleep();
  waker.join();
}

TEST(UdpPort, SiblingsShareTheAddressesAndLoseNothing) {
  Port first({address("127.0.0.1:0"), address("127.0.0.2:0")});
  Port second(*first->open_sibling());
  EXPECT_EQ(first.at(0).text(), second.at(0).text());
  EXPECT_EQ(first.at(1).text(), second.at(1).text());
  std::vector<Loopback> clients;
  for (size_t i = 0; i < 64; ++i) clients.emplace_back(first.at(i % 2)).send(bytes("hi"));
  std::array<UdpSlot, kBatchMax> slots;
  std::array<size_t, 2> num_received{};
  for (size_t i = 0; i < 4; ++i) num_received[i % 2] += (i % 2 == 0 ? first : second)->rx(slots);
  EXPECT_EQ(num_received[0] + num_received[1], 64u);
  // Each client goes to one of them by its port number; that all go to one is no real chance.
  EXPECT_GT(num_received[0], 0u);
  EXPECT_GT(num_received[1], 0u);
}

std::string open_error(const std::vector<SocketAddress>& listen) {
  const auto port = UdpPort::open(listen);
  return port ? "no error" : port.error().text();
}

// Goal: two servers do not share a port unawares, though both know SO_REUSEPORT.
TEST(UdpPort, AddressInUseIsToldWithAWayToSeeByWhom) {
  Port first({address("127.0.0.1:0")});
  const std::string number = std::to_string(first.at().port());
  const std::string error =
      "cannot listen on 127.0.0.1:" + number +
      ": another process uses the port\n  to mend: ss -ulpn 'sport = :" + number + "' shows it";
  EXPECT_EQ(open_error({first.at()}), error);
  Port sibling(*first->open_sibling());
  EXPECT_EQ(open_error({first.at()}), error);
}

TEST(UdpPort, AddressThatThisMachineDoesNotHaveIsTold) {
  EXPECT_EQ(open_error({address("203.0.113.7:5683")}),
            "cannot listen on 203.0.113.7:5683: this machine has no such address\n"
            "  to mend: ip address shows those it has");
}

TEST(UdpPort, TooManyAddressesAreTold) {
  std::vector<SocketAddress> listen(UdpPort::kMaxAddresses, address("127.0.0.1:0"));
  EXPECT_EQ(open_error(listen), "no error");
  listen.push_back(address("127.0.0.1:0"));
  EXPECT_EQ(open_error(listen),
            "more than 15 addresses to listen on\n"
            "  to mend: listen on 0.0.0.0 and [::] instead, which stand for all of them");
}

TEST(UdpPort, ManySocketsAreAllHeard) {
  Port port(std::vector<SocketAddress>(UdpPort::kMaxAddresses, address("127.0.0.1:0")));
  for (size_t i = 0; i < UdpPort::kMaxAddresses; ++i) {
    Loopback client(port.at(i));
    client.send(bytes("x"));
    const auto slots = port.receive();
    ASSERT_EQ(slots.size(), 1u);
    EXPECT_EQ(slots[0].socket_index, i);
  }
}

// Goal: an unprivileged user who asks for a low port is told why not. Method: a child without
// privileges; where such ports need none, there is nothing to tell.
TEST(UdpPortDeathTest, PortThatNeedsAPrivilegeIsTold) {
  const auto open_unprivileged = [] {
    constexpr uid_t kNobody = 65534;
    if (geteuid() == 0 && setresuid(kNobody, kNobody, kNobody) != 0) _exit(0);
    const std::string error = open_error({address("127.0.0.1:7")});
    const bool is_told = error ==
                         "cannot listen on 127.0.0.1:7: ports below 1024 need a privilege\n"
                         "  to mend: choose another port, such as 5683";
    _exit(is_told || error == "no error" ? 0 : 1);
  };
  EXPECT_EXIT(open_unprivileged(), ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace osprey
