// What became of the requests of a run.
#pragma once

#include <map>
#include <string>

#include "apps/blast/histogram.h"

namespace osprey::blast {

struct Tally {
  static constexpr size_t kMaxTroubles = 32;

  uint64_t started = 0;
  uint64_t right = 0;  // 2.xx, and for /echo the payload that was sent
  uint64_t lost = 0;   // no answer in time
  uint64_t wrong = 0;  // answered by something else
  uint64_t challenges = 0;
  uint64_t retransmissions = 0;
  uint64_t unverified = 0;  // responses that did not open
  uint64_t unsent = 0;      // datagrams that the kernel did not take
  uint64_t refused = 0;     // looks at a socket that found that nobody listens (ICMP)
  Histogram latency;
  // Why requests were lost or answered wrongly, and how often: at most kMaxTroubles texts.
  std::map<std::string, uint64_t> troubles;

  uint64_t finished() const { return right + lost + wrong; }
  void note(const std::string& trouble) {
    if (troubles.size() < kMaxTroubles || troubles.contains(trouble)) ++troubles[trouble];
  }
};

}  // namespace osprey::blast
