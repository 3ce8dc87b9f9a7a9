#include "dataplane/socket/client_socket.h"

#include <chrono>

#include <gtest/gtest.h>

#include "dataplane/socket/udp_port.h"
#include "tests/unit/support/loopback.h"

namespace osprey {
namespace {

using test::address;
using test::ByteVector;

ByteVector bytes(std::string_view text) { return {text.begin(), text.end()}; }

std::unique_ptr<ClientSocket> connected(const std::string& host, uint16_t port) {
  return std::move(*ClientSocket::connect(host, port));
}

std::span<const Bytes> wait_for_some(ClientSocket& client) {
  client.wait(10 * kSecond);
  return client.receive();
}

TEST(ClientSocket, TalksInBatches) {
  const auto server = *UdpPort::open({address("127.0.0.1:0")});
  const auto client = connected("127.0.0.1", server->addresses()[0].port());
  const ByteVector one = bytes("one");
  const ByteVector two = bytes("two");
  const Bytes both[] = {one, two};
  EXPECT_EQ(client->send(both), 2u);
  std::array<UdpSlot, 4> slots;
  server->sleep();
  ASSERT_EQ(server->rx(slots), 2u);
  for (size_t i = 0; i < 2; ++i) slots[i].has_reply = true;
  EXPECT_EQ(server->tx(std::span(slots).first(2)), 0u);
  std::vector<std::string> received;
  while (received.size() < 2) {
    for (const Bytes datagram : wait_for_some(*client)) received.emplace_back(as_text(datagram));
  }
  EXPECT_EQ(received, (std::vector<std::string>{"one", "two"}));
  EXPECT_TRUE(client->receive().empty());
  EXPECT_FALSE(client->take_refused());
}

TEST(ClientSocket, PortWhereNobodyListensIsNoticedOnce) {
  uint16_t port = 0;
  {
    const auto gone = *UdpPort::open({address("127.0.0.1:0")});
    port = gone->addresses()[0].port();
  }
  const auto client = connected("127.0.0.1", port);
  const ByteVector hello = bytes("hello");
  const Bytes batch[] = {hello};
  client->send(batch);
  EXPECT_TRUE(wait_for_some(*client).empty());
  EXPECT_TRUE(client->take_refused());
  EXPECT_FALSE(client->take_refused());
}

TEST(ClientSocket, HostWithoutAddressIsTold) {
  const auto client = ClientSocket::connect("no-such-host.invalid", 5683);
  ASSERT_FALSE(client.has_value());
  EXPECT_TRUE(client.error().cause.starts_with("host no-such-host.invalid has no address: "));
  EXPECT_EQ(client.error().mend, "check its spelling with: getent hosts no-such-host.invalid");
}

TEST(ClientSocket, WaitEndsAtItsTimeout) {
  const auto server = *UdpPort::open({address("127.0.0.1:0")});
  const auto client = connected("127.0.0.1", server->addresses()[0].port());
  client->wait(0);
  client->wait(-5);
  client->wait(2 * kMillisecond);  // a failing test hangs here
  EXPECT_TRUE(client->receive().empty());
}

}  // namespace
}  // namespace osprey
