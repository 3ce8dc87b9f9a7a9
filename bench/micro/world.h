// Both ends in one process, without sockets: contexts that fit each other, requests sealed by the
// clients, and a line that serves them.
#pragma once

#include <memory>

#include "bench/support/prepared_requests.h"
#include "dataplane/crypto/engines.h"
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

struct WorldShape {
  EngineKind engine = EngineKind::kAuto;
  int32_t aead = cose::kAesCcm16_64_128;
  size_t num_contexts = 1'000;
  size_t requests_per_context = 8;
  size_t answer_len = kPayloadLen;  // how much of a request's payload the handler sends back
};

class World {
 public:
  explicit World(const WorldShape& shape);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // The next `count` requests (POST /echo, 64 bytes), each context once before any comes again, in
  // random order, copied into buffers as a port would leave them. Each is new to its context.
  // Borrowed until the next call.
  pipeline::Packets receive(size_t count);

  // True if the replies to what was received last open as the answers to those requests.
  bool are_answered();

  pipeline::Line& line() { return line_; }

 private:
  class NoSiblings;

  pipeline::LineParts parts();

  const WorldShape shape_;
  std::vector<std::unique_ptr<oscore::SecurityContext>> owned_clients_;
  Contexts clients_;
  oscore::ContextTable table_{1};
  Router router_;
  AllNumbers numbers_;
  std::unique_ptr<oscore::AeadEngine> client_engine_;
  std::unique_ptr<oscore::AeadEngine> engine_;
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
