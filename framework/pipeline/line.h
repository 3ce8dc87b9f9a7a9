// The line: every stage from a received batch to its replies, in one place. The UDP worker, the
// tests and the fuzzers run this; whoever wants to know how a request is served reads line.cc.
#pragma once

#include "framework/base/counters.h"
#include "framework/base/quiescence.h"
#include "framework/oscore/context_store.h"
#include "framework/oscore/context_table.h"
#include "framework/oscore/echo.h"
#include "framework/pipeline/packet.h"
#include "framework/pipeline/steer.h"
#include "framework/server/router.h"

namespace osprey::pipeline {

// How many packets ended with each verdict (I5: their sum is what was received).
using VerdictCounters = std::array<Counter, oscore::kNumVerdicts>;

// What one worker's line works with. Borrowed; outlives the line.
struct LineParts {
  const oscore::ContextTable* contexts = nullptr;
  // Where the worker says that its turn is over and it holds no context any more, as reader number
  // place.index; nullptr if contexts do not change while it runs.
  Quiescence* quiescence = nullptr;
  const Router* router = nullptr;
  oscore::SequenceSource* sequence_source = nullptr;  // this worker's own link, as is the fetcher
  oscore::ContextFetcher* fetcher = nullptr;          // nullptr if the table has all there are
  oscore::AeadEngine* engine = nullptr;               // this worker's own
  oscore::EchoMaker* echo = nullptr;                  // this worker's own
  Handoff* handoff = nullptr;
  WorkerPlace place;
  uint16_t message_id_offset = 0;  // random, drawn at start
};

// Thread: one worker.
class Line {
 public:
  explicit Line(const LineParts& parts) : parts_(parts) {}

  // Serves `batch` (at most kBatchMax, all received at `now`). Afterwards every packet has its
  // final verdict, and a reply in its buffer if has_reply.
  void serve(Packets batch, TimeNs now);

  // Read by any thread.
  const VerdictCounters& counters() const { return counters_; }
  // `num_packets` ended this way; for what happens to them after the line (tx). The worker alone.
  void count(Verdict verdict, size_t num_packets = 1) {
    counters_[static_cast<size_t>(verdict)].add(num_packets);
  }

 private:
  LineParts parts_;
  VerdictCounters counters_;
};

}  // namespace osprey::pipeline
