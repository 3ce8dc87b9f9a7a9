// What a server tells about its counters: a line of JSON for scripts, a paragraph for people.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "dataplane/worker.h"
#include "storage/store_thread.h"

namespace osprey {

// Sum over all workers, by verdict.
struct Totals {
  std::array<uint64_t, oscore::kNumVerdicts> by_verdict{};
  std::vector<Tally> port;  // what the ports count beside them

  void add(const Worker& worker);
  void add(const pipeline::VerdictCounters& counters);
  uint64_t operator[](oscore::Verdict verdict) const {
    return by_verdict[static_cast<size_t>(verdict)];
  }
  // Datagrams received, each once: what was handed over counts at its owner.
  uint64_t received() const;
};

// {"received": 3, "served": 2, "replay": 1, ..., "port": {...}}: every verdict, also those that are
// zero.
std::string totals_json(const Totals& totals);
// {"contexts": 3, "loaded": 3, ...}: how the store does.
std::string health_json(const storage::StoreThread::Health& health);
// One line for each verdict that occurred, with its meaning.
std::string totals_text(const Totals& totals);

}  // namespace osprey
