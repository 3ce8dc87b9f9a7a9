// Both ends in one process, without sockets: contexts that fit each other, requests sealed by the
// clients, and a line that serves them.
#pragma once

#include <memory>

#include "bench/support/prepared_requests.h"
#include "dataplane/crypto/openssl_engine.h"
#include "framework/oscore/context_table.h"
#include "framework/oscore/echo.h"
#include "framework/pipeline/line.h"

namespace osprey::bench {

// The two ends of context number `i`. The server's window is empty, as for a context that was never
// used.
oscore::ContextParameters client_parameters(size_t i, const cose::AeadAlgorithm& algorithm);
std::unique_ptr<oscore::SecurityContext> client_context(size_t i,
                                                        const cose::AeadAlgorithm& algorithm);
std::unique_ptr<oscore::SecurityContext> server_context(size_t i,
                                                        const cose::AeadAlgorithm& algorithm);

// Every number from the second epoch up, once for each context: Partial IVs of three bytes, as they
// are after a restart or two.
class AllNumbers final : public oscore::SequenceSource {
 public:
  std::optional<oscore::SequenceRange> reserve_sender_sequence(
      oscore::SecurityContext& /*context*/) override {
    return oscore::SequenceRange{1 << 20, oscore::kMaxSequenceNumber + 1};
  }
};

// A packet with the memory a port would give it.
struct Slot : pipeline::Packet {
  Response own_response;
  std::array<uint8_t, kMaxDatagram> buffer;
};

class World {
 public:
  static constexpr size_t kNumContexts = 1'000;

  World();
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // The next `count` requests in turn (POST /echo, 64 bytes), copied into buffers as a port would
  // leave them. Each is new to its context. Borrowed until the next call.
  pipeline::Packets receive(size_t count);

  // True if the replies to what was received last open as the answers to those requests.
  bool are_answered();

  pipeline::Line& line() { return line_; }

 private:
  class NoSiblings;

  static constexpr size_t kRequestsPerContext = 8;

  pipeline::LineParts parts();

  std::vector<std::unique_ptr<oscore::SecurityContext>> owned_clients_;
  Contexts clients_;
  oscore::ContextTable table_{1};
  Router router_;
  AllNumbers numbers_;
  OpensslEngine client_engine_;
  OpensslEngine engine_;
  oscore::EchoMaker echo_;
  std::unique_ptr<NoSiblings> no_siblings_;
  pipeline::Line line_;
  std::unique_ptr<PreparedRequests> requests_;
  size_t next_ = 0;
  size_t num_received_ = 0;
  std::array<Slot, kBatchMax> slots_;
  std::array<pipeline::Packet*, kBatchMax> batch_;
};

}  // namespace osprey::bench
