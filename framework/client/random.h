// Numbers for tokens, Message IDs and retransmission jitter (RFC 7252 §4.2, §5.3.1).
//
// splitmix64: seeded from the system's randomness they are unguessable enough for somebody who
// does not see the datagrams, and whoever sees them needs no guess. Never for keys. Seeded with a
// constant, a run repeats exactly.
// Thread: one Random belongs to one thread.
#pragma once

#include <cstdint>

namespace osprey::client {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t next() {
    state_ += 0x9e3779b97f4a7c15ULL;
    uint64_t x = state_;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
    return x ^ x >> 31;
  }

 private:
  uint64_t state_;
};

}  // namespace osprey::client
