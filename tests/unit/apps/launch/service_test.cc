#include "apps/launch/service.h"

#include <gtest/gtest.h>

#include "dataplane/socket/udp_port.h"
#include "storage/store.h"
#include "tests/unit/storage/support.h"
#include "tests/unit/support/loopback.h"
#include "tests/unit/support/world.h"

namespace osprey {
namespace {

using oscore::Verdict;
using storage::OpenMode;
using storage::Store;
using storage::TempDirectory;
using test::Client;
using test::Loopback;
using test::request_to;
using test::Shared;

// A store with these contexts, and the configuration of a server on a port of its own.
class ServiceTest : public ::testing::Test {
 protected:
  ServiceTest() {
    config_.store_path = store_path_;
    config_.listen = {"127.0.0.1:0"};
    EXPECT_TRUE(Store::init(store_path_).has_value());
    router_.add("hello").get([](const Request&, Response& response) {
      response.content(ContentFormat::kTextPlain, "Hello!");
    });
    EXPECT_TRUE(router_.finish().has_value());
  }

  void add(const Shared& shared) {
    auto store = Store::open(store_path_, OpenMode::kProvision);
    ASSERT_TRUE(store.has_value()) << store.error().text();
    const auto added = (*store)->add(test::server_parameters(shared));
    ASSERT_TRUE(added.has_value()) << added.error().text();
    ASSERT_TRUE((*store)->close().has_value());
  }

  std::string start_error() {
    const auto service = Service::start(config_, router_);
    return service ? "no error" : service.error().text();
  }

  // Of a store that is served now and then crashes: an epoch is spent by looking.
  uint32_t next_epoch() {
    auto store = storage::OpenedStore::open(store_path_, OpenMode::kServe, {});
    EXPECT_TRUE(store.has_value());
    return store ? (*store)->standing().epoch : 0;
  }

  TempDirectory directory_;
  std::string store_path_ = directory_.path_of("store");
  Config config_;
  Router router_;
};

std::string exchange(Loopback& socket, Client& client, test::Built built) {
  const auto request = client.request(std::move(built));
  socket.send(request.datagram);
  const auto reply = socket.receive();
  return reply ? client.text(request, {Verdict::kServed, true, *reply}) : "nothing came";
}

TEST_F(ServiceTest, ServesTheContextsOfItsStore) {
  add(Shared{});
  config_.workers = 2;
  auto service = Service::start(config_, router_);
  ASSERT_TRUE(service.has_value()) << service.error().text();
  EXPECT_EQ((*service)->num_contexts(), 1u);
  EXPECT_EQ((*service)->num_workers(), 2u);
  ASSERT_EQ((*service)->addresses().size(), 1u);

  // Windows are unset at every start, so the first request is challenged.
  Client client;
  Loopback socket(test::address((*service)->addresses()[0]));
  const auto request = client.request(request_to("hello"));
  socket.send(request.datagram);
  const auto challenge = socket.receive();
  ASSERT_TRUE(challenge.has_value());
  const test::Opened opened = client.open(request, {Verdict::kServed, true, *challenge});
  ASSERT_EQ(opened.verdict, Verdict::kOk);
  const auto echo = test::option_value(opened.inner.options, coap::option::kEcho);
  ASSERT_TRUE(echo.has_value());
  EXPECT_EQ(exchange(socket, client, request_to("hello").option(coap::option::kEcho, *echo)),
            "ACK 2.05 mid=1234 token=4a 12= 'Hello!'");
  EXPECT_EQ(exchange(socket, client, request_to("hello")),
            "ACK 2.05 mid=1234 token=4a 12= 'Hello!'");

  EXPECT_TRUE((*service)->stop().has_value());
  const Totals totals = (*service)->totals();
  EXPECT_EQ(totals.received(), 3u);
  EXPECT_EQ(totals[Verdict::kServed], 2u);
  EXPECT_EQ(totals[Verdict::kChallenged], 1u);
  EXPECT_TRUE((*service)->stop().has_value());  // again does nothing
}

// Goal: own numbers of two lives never meet (I1). Method: the Partial IV of a challenge in each.
TEST_F(ServiceTest, NumbersOfTheNextLifeAreHigher) {
  add(Shared{});
  uint64_t last = 0;
  for (int life = 0; life < 3; ++life) {
    auto service = Service::start(config_, router_);
    ASSERT_TRUE(service.has_value());
    Client client;
    Loopback socket(test::address((*service)->addresses()[0]));
    socket.send(client.request(request_to("hello")).datagram);
    const auto challenge = socket.receive();
    ASSERT_TRUE(challenge.has_value());
    const auto value = test::option_value(test::parsed(*challenge).options, coap::option::kOscore);
    ASSERT_TRUE(value.has_value());
    const uint64_t number = read_uint(value->subspan(1));
    if (life > 0) {
      EXPECT_GT(number, last);
    }
    last = number;
  }
}

TEST_F(ServiceTest, StartsWithoutContexts) {
  auto service = Service::start(config_, router_);
  ASSERT_TRUE(service.has_value()) << service.error().text();
  EXPECT_EQ((*service)->num_contexts(), 0u);
  Loopback socket(test::address((*service)->addresses()[0]));
  Client client;
  EXPECT_EQ(exchange(socket, client, request_to("hello")),
            "unprotected ACK 4.01 mid=1234 token=4a 'Security context not found'");
}

TEST_F(ServiceTest, OneWorkerForEveryUsableCore) {
  config_.workers = 0;
  const auto service = Service::start(config_, router_);
  ASSERT_TRUE(service.has_value());
  EXPECT_GE((*service)->num_workers(), 1u);
  EXPECT_LE((*service)->num_workers(), Config::kMaxWorkers);
}

// Goal: a server that is started again and again on a port in use does not use up its epochs.
TEST_F(ServiceTest, FailureToListenCostsNoEpoch) {
  const uint32_t epoch = next_epoch();
  auto other = UdpPort::open({test::address("127.0.0.1:0")});
  ASSERT_TRUE(other.has_value());
  config_.listen = {(*other)->addresses()[0].text()};
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(start_error().starts_with("cannot listen on " + config_.listen[0] +
                                          ": another process uses the port"));
  }
  config_.listen = {"nonsense"};
  EXPECT_TRUE(start_error().starts_with("\"nonsense\" is no numeric address with port"));
  EXPECT_EQ(next_epoch(), epoch + 1);
}

TEST_F(ServiceTest, StoreThatIsNotThereOrInUseIsTold) {
  {
    const auto running = Service::start(config_, router_);
    ASSERT_TRUE(running.has_value());
    EXPECT_NE(start_error().find(store_path_), std::string::npos) << start_error();
    EXPECT_NE(start_error(), "no error");
  }
  EXPECT_EQ(start_error(), "no error");
  config_.store_path = directory_.path_of("none");
  EXPECT_NE(start_error().find(config_.store_path), std::string::npos) << start_error();
}

}  // namespace
}  // namespace osprey
