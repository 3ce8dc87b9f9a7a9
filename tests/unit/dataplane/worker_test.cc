// Workers as they run: threads, sockets, hand-over. Times are asserted nowhere but where the
// promise is to be idle; a test that waits does so until the thing happens, and fails only after
// seconds.
#include "dataplane/worker.h"

#include <pthread.h>

#include <chrono>
#include <ctime>
#include <mutex>
#include <thread>

#include <gtest/gtest.h>

#include "dataplane/crypto/openssl_engine.h"
#include "dataplane/socket/udp_port.h"
#include "tests/unit/support/loopback.h"
#include "tests/unit/support/world.h"

namespace osprey {
namespace {

using coap::Code;
using oscore::Verdict;
using oscore::WorkerIndex;
using test::address;
using test::Built;
using test::ByteVector;
using test::Client;
using test::Loopback;
using test::request_to;
using test::Shared;
using UdpWorker = PortWorker<UdpPort>;

// Numbers for several workers.
class SharedNumbers final : public oscore::SequenceSource {
 public:
  std::optional<oscore::SequenceRange> reserve_sender_sequence(
      oscore::SecurityContext& context) override {
    const std::lock_guard lock(mutex_);
    return numbers_.reserve_sender_sequence(context);
  }

 private:
  std::mutex mutex_;
  test::Numbers numbers_;
};

// A server on a loopback port, with its contexts' windows empty.
class Workers {
 public:
  Workers(WorkerIndex count, const std::vector<Shared>& shared, const char* listen = "127.0.0.1:0")
      : contexts_(1, count),
        quiescence_(count),
        rings_(std::make_shared<HandoffRings<KeptDatagram>>(count)) {
    for (const Shared& each : shared) {
      CHECK(contexts_.add(test::fresh_server_context(each)).has_value());
    }
    std::unique_ptr<UdpPort> first = *UdpPort::open({address(listen)});
    listen_ = first->addresses()[0];
    for (WorkerIndex index = 0; index < count; ++index) {
      std::unique_ptr<UdpPort> port = index == 0 ? nullptr : *first->open_sibling();
      ports_.push_back(std::move(port));
    }
    ports_[0] = std::move(first);
  }
  ~Workers() { stop(); }

  Router& router() { return router_; }

  // Makes the workers; none runs yet.
  void build() {
    CHECK(router_.finish().has_value());
    pipeline::LineParts parts;
    parts.contexts = &contexts_;
    parts.quiescence = &quiescence_;
    parts.router = &router_;
    parts.sequence_source = &numbers_;
    std::vector<Worker*> siblings;
    for (std::unique_ptr<UdpPort>& port : ports_) {
      const auto index = static_cast<WorkerIndex>(workers_.size());
      engines_.push_back(std::make_unique<OpensslEngine>(64));
      echoes_.push_back(std::make_unique<oscore::EchoMaker>(test::echo_key(1)));
      parts.engine = engines_.back().get();
      parts.echo = echoes_.back().get();
      workers_.push_back(std::make_unique<UdpWorker>(
          parts, pipeline::WorkerPlace{index, rings_->count()}, std::move(port), rings_));
      siblings.push_back(workers_.back().get());
    }
    for (Worker* worker : siblings) worker->meet(siblings);
  }
  void run(WorkerIndex index) {
    threads_.emplace_back([&worker = *workers_[index]] { worker.run(); });
  }
  void start() {
    build();
    for (WorkerIndex index = 0; index < rings_->count(); ++index) run(index);
  }
  void stop() {
    for (auto& worker : workers_) worker->stop();
    for (std::thread& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
  }

  uint64_t count(Verdict verdict) const {
    uint64_t sum = 0;
    for (const auto& worker : workers_) sum += count_at(*worker, verdict);
    return sum;
  }
  static uint64_t count_at(const UdpWorker& worker, Verdict verdict) {
    return worker.counters()[static_cast<size_t>(verdict)].read();
  }

  const SocketAddress& listen() const { return listen_; }
  oscore::ContextTable& contexts() { return contexts_; }
  Quiescence& quiescence() { return quiescence_; }
  UdpWorker& worker(WorkerIndex index) { return *workers_[index]; }
  std::thread& thread(WorkerIndex index) { return threads_[index]; }
  HandoffRings<KeptDatagram>& rings() { return *rings_; }

 private:
  oscore::ContextTable contexts_;
  Quiescence quiescence_;
  Router router_;
  SharedNumbers numbers_;
  std::shared_ptr<HandoffRings<KeptDatagram>> rings_;
  SocketAddress listen_;
  std::vector<std::unique_ptr<UdpPort>> ports_;
  std::vector<std::unique_ptr<OpensslEngine>> engines_;
  std::vector<std::unique_ptr<oscore::EchoMaker>> echoes_;
  std::vector<std::unique_ptr<UdpWorker>> workers_;
  std::vector<std::thread> threads_;
};

constexpr Shared kWide = {.replay_window_size = kMaxReplayWindow};

Built numbered(size_t number) {
  return request_to("count", Code::kPost)
      .payload(std::to_string(number))
      .message_id(static_cast<uint16_t>(number));
}

TEST(Worker, ServesProtectedRequests) {
  std::vector<const char*> listen = {"127.0.0.1:0", "0.0.0.0:0"};
  if (test::has_ipv6()) listen.push_back("[::1]:0");
  for (const char* each : listen) {
    SCOPED_TRACE(each);
    Workers workers(1, {Shared{}}, each);
    workers.router().add("hello").get([](const Request& request, Response& response) {
      response.content(ContentFormat::kTextPlain, request.peer().name);
    });
    workers.start();
    SocketAddress server = workers.listen();
    if (server.is_any_address()) {
      server = address("127.0.0.9");
      server.set_port(workers.listen().port());
    }
    Client client;
    Loopback socket(server);
    const auto request = client.request(request_to("hello"));
    socket.send(request.datagram);
    const auto reply = socket.receive();
    ASSERT_TRUE(reply.has_value());
    EXPECT_EQ(client.text(request, {Verdict::kServed, true, *reply}),
              "ACK 2.05 mid=1234 token=4a 12= 'test'");
    // The same again, and something that is no CoAP at all.
    socket.send(request.datagram);
    const auto again = socket.receive();
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(test::describe(*again), "ACK 4.01 mid=1234 token=4a 'Replay detected'");
    socket.send(ByteVector(kMaxDatagram + 1, 0x40));
    socket.send(ByteVector{0x40, 0x00, 0x00, 0x07});
    const auto pong = socket.receive();
    ASSERT_TRUE(pong.has_value());
    EXPECT_EQ(test::describe(*pong), "RST 0.00 mid=0007");
    workers.stop();
    EXPECT_EQ(workers.count(Verdict::kServed), 1u);
    EXPECT_EQ(workers.count(Verdict::kReplay), 1u);
    EXPECT_EQ(workers.count(Verdict::kTruncated), 1u);
    EXPECT_EQ(workers.count(Verdict::kPing), 1u);
  }
}

// Goal: two workers that get the packets of one context deliver each number once and lose none;
// what is sent again, over whichever worker, is refused once each time. Method: 32 source ports,
// which the kernel spreads over both; few enough at a time that no queue is full. The handler's
// counts are plain numbers, so that TSan sees it if more than one worker should touch a context.
TEST(Worker, OneContextOverTwoWorkersIsServedOnceForEachNumber) {
  constexpr size_t kSockets = 32;
  constexpr size_t kRounds = 100;
  constexpr size_t kRequests = kSockets * kRounds;
  static_assert(kRequests < kMaxReplayWindow, "whatever overtakes, no number is too old");
  std::vector<int> num_served(kRequests);
  Workers workers(2, {kWide});
  workers.router().add("count").post([&](const Request& request, Response&) {
    ++num_served[std::stoul(std::string(request.text()))];
  });
  workers.start();
  Client client(kWide);
  std::vector<Loopback> sockets;
  for (size_t i = 0; i < kSockets; ++i) sockets.emplace_back(workers.listen());

  std::vector<Client::Request> requests;
  for (size_t round = 0; round < kRounds; ++round) {
    for (Loopback& socket : sockets) {
      requests.push_back(client.request(numbered(requests.size())));
      socket.send(requests.back().datagram);
    }
    for (size_t i = 0; i < kSockets; ++i) {
      const auto reply = sockets[i].receive();
      ASSERT_TRUE(reply.has_value()) << "round " << round << ", socket " << i;
      const auto& request = requests[round * kSockets + i];
      const test::Opened opened = client.open(request, {Verdict::kServed, true, *reply});
      EXPECT_EQ(opened.verdict, Verdict::kOk);
      EXPECT_EQ(opened.inner.code, Code::kChanged);
    }
  }
  // Again, each from another port than before.
  for (size_t round = 0; round < kRounds; ++round) {
    for (size_t i = 0; i < kSockets; ++i) {
      sockets[(i + 1) % kSockets].send(requests[round * kSockets + i].datagram);
    }
    for (Loopback& socket : sockets) {
      const auto reply = socket.receive();
      ASSERT_TRUE(reply.has_value()) << "replays, round " << round;
      EXPECT_EQ(test::parsed(*reply).code, Code::kUnauthorized);
      EXPECT_EQ(as_text(test::parsed(*reply).payload), "Replay detected");
    }
  }
  workers.stop();
  EXPECT_EQ(num_served, std::vector<int>(kRequests, 1));
  EXPECT_EQ(workers.count(Verdict::kServed), kRequests);
  EXPECT_EQ(workers.count(Verdict::kReplay), kRequests);
  EXPECT_GT(workers.count(Verdict::kHandedOver), 0u);
  EXPECT_EQ(workers.count(Verdict::kHandoffFull), 0u);
  EXPECT_EQ(workers.count(Verdict::kSendFailed), 0u);
}

// Goal: a datagram that is handed to a sleeping worker wakes it. Method: one request at a time,
// from ports on both workers, so that the owner of the context has always gone to sleep.
TEST(Worker, HandOverWakesASleepingOwner) {
  Workers workers(2, {kWide});
  workers.router().add("count").post([](const Request&, Response&) {});
  workers.start();
  Client client(kWide);
  std::vector<Loopback> sockets;
  for (size_t i = 0; i < 16; ++i) sockets.emplace_back(workers.listen());
  for (size_t i = 0; i < 400; ++i) {
    Loopback& socket = sockets[i % sockets.size()];
    socket.send(client.request(numbered(i)).datagram);
    ASSERT_TRUE(socket.receive().has_value()) << "request " << i;
  }
  workers.stop();
  EXPECT_EQ(workers.count(Verdict::kServed), 400u);
  EXPECT_GT(workers.count(Verdict::kHandedOver), 0u);
}

// Goal: a worker whose own socket is never empty still serves what it is handed. Method: both are
// filled before it begins; a handed request must be in its first batch.
TEST(Worker, FullSocketDoesNotStarveWhatIsHandedOver) {
  uint64_t num_before = UINT64_MAX;
  Workers workers(2, {Shared{}});
  UdpWorker* worker = nullptr;
  workers.router().add("count").post([&](const Request&, Response&) {
    num_before = 0;
    for (const Counter& counter : worker->counters()) num_before += counter.read();
  });
  workers.build();
  worker = &workers.worker(0);
  std::vector<Loopback> sockets;
  for (size_t i = 0; i < 16; ++i) sockets.emplace_back(workers.listen());
  const ByteVector ping = {0x40, 0x00, 0x00, 0x01};
  for (size_t i = 0; i < 20 * kBatchMax; ++i) sockets[i % sockets.size()].send(ping);

  Client client;
  Loopback asking(workers.listen());
  const auto request = client.request(numbered(0));
  workers.rings().ring(1, 0).push([&](KeptDatagram& handed) {
    handed.len = request.datagram.size();
    handed.socket_index = 0;
    handed.peer = asking.local();
    handed.local.len = 0;
    std::copy(request.datagram.begin(), request.datagram.end(), handed.bytes.begin());
  });
  workers.run(0);
  EXPECT_TRUE(asking.receive().has_value());
  workers.stop();
  EXPECT_EQ(num_before, 0u);
}

TEST(Worker, ManyContextsOverManyWorkers) {
  constexpr size_t kContexts = 24;
  std::vector<std::string> ids;
  std::vector<std::string> server_ids;
  for (size_t i = 0; i < kContexts; ++i) {
    ids.push_back(to_hex(ByteVector{0xe0, static_cast<uint8_t>(i)}));
    server_ids.push_back(to_hex(ByteVector{0xf0, static_cast<uint8_t>(i)}));
  }
  std::vector<Shared> shared;
  for (size_t i = 0; i < kContexts; ++i) {
    shared.push_back(kWide);
    shared.back().client_id = ids[i];
    shared.back().server_id = server_ids[i];
    shared.back().name = ids[i];
  }
  Workers workers(3, shared);
  workers.router().add("count").post([](const Request& request, Response& response) {
    response.content(ContentFormat::kTextPlain, request.peer().name);
  });
  workers.start();
  std::vector<Client> clients(shared.begin(), shared.end());
  std::vector<Loopback> sockets;
  for (size_t i = 0; i < kContexts; ++i) sockets.emplace_back(workers.listen());
  for (size_t round = 0; round < 40; ++round) {
    std::vector<Client::Request> requests;
    for (size_t i = 0; i < kContexts; ++i) {
      requests.push_back(clients[i].request(numbered(round)));
      sockets[(i + round) % kContexts].send(requests[i].datagram);
    }
    for (size_t i = 0; i < kContexts; ++i) {
      const auto reply = sockets[(i + round) % kContexts].receive();
      ASSERT_TRUE(reply.has_value());
      const test::Opened opened = clients[i].open(requests[i], {Verdict::kServed, true, *reply});
      ASSERT_EQ(opened.verdict, Verdict::kOk);
      EXPECT_EQ(as_text(opened.inner.payload), ids[i]);
    }
  }
  workers.stop();
  EXPECT_EQ(workers.count(Verdict::kServed), 40 * kContexts);
}

std::chrono::nanoseconds cpu_time(std::thread& thread) {
  clockid_t clock;
  CHECK(pthread_getcpuclockid(thread.native_handle(), &clock) == 0);
  timespec time;
  CHECK(clock_gettime(clock, &time) == 0);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

// Goal: idle, it sleeps. A worker that polls would use all of the 300 ms; one that sleeps, none.
TEST(Worker, SleepsWhenIdle) {
  Workers workers(2, {Shared{}});
  workers.router().add("hello").get([](const Request&, Response&) {});
  workers.start();
  Client client;
  Loopback socket(workers.listen());
  for (int i = 0; i < 2; ++i) {  // before anything came, and after it was served
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    const auto before = cpu_time(workers.thread(0)) + cpu_time(workers.thread(1));
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    const auto used = cpu_time(workers.thread(0)) + cpu_time(workers.thread(1)) - before;
    EXPECT_LT(used, std::chrono::milliseconds(50));
    socket.send(client.request(request_to("hello")).datagram);
    EXPECT_TRUE(socket.receive().has_value());
  }
}

// True as soon as a grace period that begins now has passed; false after seconds.
bool grace_passes(Quiescence& quiescence) {
  const auto ticket = quiescence.begin_grace();
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!quiescence.has_passed(ticket)) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

// Goal: nobody who frees something waits for a worker that sleeps, and not for long for a busy one.
TEST(Worker, GracePeriodsPassAsleepBusyAndStopped) {
  Workers workers(2, {kWide});
  workers.router().add("count").post([](const Request&, Response&) {});
  EXPECT_TRUE(grace_passes(workers.quiescence()));  // before they run
  workers.start();
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_TRUE(grace_passes(workers.quiescence()));
  Client client(kWide);
  Loopback socket(workers.listen());
  for (size_t i = 0; i < 100; ++i) {
    socket.send(client.request(numbered(i)).datagram);
    ASSERT_TRUE(grace_passes(workers.quiescence()));
    ASSERT_TRUE(socket.receive().has_value());
  }
  workers.stop();
  EXPECT_TRUE(grace_passes(workers.quiescence()));
}

// Goal: contexts come and go under traffic, and whoever stays notices nothing. Method: one client
// sends all the time while the context of another is added, served, removed and freed, many times;
// each time with new keys, as a replaced context has.
TEST(Worker, ContextsComeAndGoWhileItServes) {
  Workers workers(2, {kWide});
  workers.router().add("count").post([](const Request&, Response&) {});
  workers.start();
  std::atomic<bool> is_over = false;
  uint64_t num_answered = 0;
  std::thread resident([&] {
    Client client(kWide);
    Loopback socket(workers.listen());
    for (; !is_over.load() && num_answered < 60'000; ++num_answered) {
      socket.send(client.request(numbered(num_answered)).datagram);
      ASSERT_TRUE(socket.receive().has_value());
    }
  });
  constexpr uint64_t kVisits = 100;
  Loopback socket(workers.listen());
  for (uint64_t visit = 0; visit < kVisits; ++visit) {
    const std::string secret = "00112233445566778899aabbccdde" + std::to_string(100 + visit);
    const Shared shared{.master_secret = secret, .client_id = "c2", .name = "guest"};
    Client guest(shared);
    auto* context = *workers.contexts().add(test::fresh_server_context(shared));
    socket.send(guest.request(numbered(visit)).datagram);
    ASSERT_TRUE(socket.receive().has_value());
    const auto removed = workers.contexts().remove(*context);
    socket.send(guest.request(numbered(visit)).datagram);  // unknown by now
    ASSERT_TRUE(socket.receive().has_value());
    ASSERT_TRUE(grace_passes(workers.quiescence()));
  }
  is_over = true;
  resident.join();
  workers.stop();
  EXPECT_EQ(workers.count(Verdict::kNoContext), kVisits);
  EXPECT_EQ(workers.count(Verdict::kServed), num_answered + kVisits);
}

// Goal: stop() always ends run(). Method: at every moment: before it begins, at its start, asleep,
// and busy.
TEST(Worker, StopReturnsAtAnyMoment) {
  for (int round = 0; round < 50; ++round) {
    Workers workers(2, {kWide});
    workers.router().add("count").post([](const Request&, Response&) {});
    if (round % 4 == 0) {
      workers.build();
      workers.worker(0).stop();
      workers.worker(1).stop();
      workers.run(0);
      workers.run(1);
    } else {
      workers.start();
    }
    Client client(kWide);
    std::vector<Loopback> sockets;
    if (round % 4 == 2) std::this_thread::sleep_for(std::chrono::milliseconds(2));
    if (round % 4 == 3) {
      for (size_t i = 0; i < 64; ++i) {
        sockets.emplace_back(workers.listen()).send(client.request(numbered(i)).datagram);
      }
    }
    workers.stop();  // a failing test hangs here
  }
}

}  // namespace
}  // namespace osprey
