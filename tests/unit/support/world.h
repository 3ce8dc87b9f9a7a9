// A server in memory and its clients: what the tests of the stages, the line and the port share.
//
//   World world;                                     // one context, RFC 8613 C.1's input
//   auto request = world.client().request(Built(Code::kGet).option(kUriPath, "hello"));
//   Served served = world.serve(request.datagram);
//   world.client().text(request, served)             // "ACK 2.05 mid=1234 token=4a 12= 'Hello!'"
//
// Every nonce under which a World seals is written down, over restarts too: two messages under one
// key and nonce end the test (I1).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "framework/pipeline/line.h"
#include "tests/unit/support/contexts.h"
#include "tests/unit/support/exchange.h"

namespace osprey::test {

// A message in one line: type, code, Message ID, token, options as number=hex, payload in quotes
// (in hex where it is no printable text). Something that does not parse is told as such.
std::string describe(Bytes datagram);

// A Built with this path and no other option.
Built request_to(std::string_view path, coap::Code code = coap::Code::kGet,
                 coap::Type type = coap::Type::kCon);

// What came of one datagram.
struct Served {
  oscore::Verdict verdict = oscore::Verdict::kOk;
  bool has_reply = false;
  ByteVector reply;

  // describe() of the reply, "silence" without one.
  std::string text() const;
};

// The client's end of a context. Seals under any number, as often as a test likes.
class Client {
 public:
  struct Request {
    ByteVector datagram;
    oscore::RequestIdentity identity;
  };

  explicit Client(const Shared& shared = {});

  // Under the next number, or under `piv`.
  Request request(Built message) { return request(std::move(message), next_piv_); }
  Request request(Built message, uint64_t piv);
  // A request whose plaintext is `plaintext`, whatever that is.
  Request request_with(Bytes plaintext, coap::Type type = coap::Type::kCon);

  // The unprotected response in one line, as describe() has it; what is no protected response to
  // `request` is told as such.
  std::string text(const Request& request, const Served& served) const;
  Opened open(const Request& request, const Served& served) const;

  uint64_t next_piv() const { return next_piv_; }

 private:
  Shared shared_;
  std::unique_ptr<oscore::SecurityContext> context_;
  uint64_t next_piv_ = 0;
};

// A store of numbers that outlives its server: every grant begins where the last one ended.
class Numbers final : public oscore::SequenceSource {
 public:
  explicit Numbers(uint64_t grant_len = 32) : grant_len_(grant_len) {}

  std::optional<oscore::SequenceRange> reserve_sender_sequence(
      oscore::SecurityContext& context) override;

  bool has_none = false;  // as a store that is behind

 private:
  uint64_t grant_len_;
  std::map<std::string, uint64_t> next_;  // by context name
};

// OpenSSL, with a memory for the nonces it sealed under.
class WatchfulEngine final : public oscore::AeadEngine {
 public:
  void open(std::span<oscore::AeadJob> jobs) override;
  void seal(std::span<oscore::AeadJob> jobs) override;

  size_t num_opened() const { return num_opened_; }  // jobs

 private:
  OpensslEngine engine_{64};
  std::map<std::pair<ByteVector, ByteVector>, ByteVector> sealed_;  // by key and nonce
  size_t num_opened_ = 0;
};

// For a server of one worker: nothing is ever handed over.
class NoHandoff final : public pipeline::Handoff {
 public:
  bool give(oscore::WorkerIndex owner, const pipeline::Packet& packet) override;
};

class World {
 public:
  static constexpr uint16_t kMessageIdOffset = 0x0100;

  // A context for each, with its client, and an empty window.
  explicit World(std::vector<Shared> shared = {Shared{}});

  // Resources of the World, all counted in num_handled():
  //   hello    GET              "Hello!", text/plain
  //   echo     POST PUT FETCH   the payload, as application/octet-stream
  //   plain    every method     the payload likewise, without OSCORE as well
  //   plain/x  GET              "x", text/plain, without OSCORE as well
  //   throw    GET              an exception
  // A test adds its own before the first serve().
  Router& router() { return router_; }

  // One batch, in the order of `datagrams`.
  std::vector<Served> serve(const std::vector<ByteVector>& datagrams);
  Served serve(const ByteVector& datagram) { return serve(std::vector<ByteVector>{datagram})[0]; }

  // As after a crash: windows are unset, numbers go on, a new Echo key, counters at zero. Contexts
  // are derived anew, so references to them end.
  void restart();

  Client& client(size_t i = 0) { return clients_[i]; }
  oscore::SecurityContext& context(size_t i = 0) { return server_->contexts.at(i); }
  const oscore::ContextTable& contexts() const { return server_->contexts; }
  oscore::EchoMaker& echo() { return server_->echo; }
  WatchfulEngine& engine() { return engine_; }
  Numbers& numbers() { return numbers_; }

  // Calls of the application's handlers so far.
  size_t num_handled() const { return num_handled_; }
  uint64_t count(oscore::Verdict verdict) const;
  // Sum over all verdicts.
  uint64_t count_all() const;

  TimeNs now = kNow;

 private:
  struct Server {
    Server(uint64_t hash_key, const oscore::EchoKey& key) : contexts(hash_key), echo(key) {}
    oscore::ContextTable contexts;
    oscore::EchoMaker echo;
    std::unique_ptr<pipeline::Line> line;
  };
  struct Slot {
    pipeline::Packet packet;
    Response response;
    std::array<uint8_t, kMaxDatagram> buffer;
  };

  void start();
  void add_resources();
  Handler counted(Handler handler);

  std::vector<Shared> shared_;
  std::vector<Client> clients_;
  Router router_;
  bool is_router_finished_ = false;
  WatchfulEngine engine_;
  Numbers numbers_;
  NoHandoff handoff_;
  uint8_t num_starts_ = 0;
  std::unique_ptr<Server> server_;
  std::unique_ptr<std::array<Slot, kBatchMax>> slots_;
  size_t num_handled_ = 0;
};

}  // namespace osprey::test
