// One run of the load generator: lanes, time, progress.
#pragma once

#include <optional>
#include <string>

#include "apps/blast/tally.h"
#include "framework/base/result.h"
#include "framework/coap/code.h"

namespace osprey::blast {

struct Settings {
  std::string uri;
  std::string store;
  std::string prefix;  // of the names of the contexts to use
  size_t max_contexts = 1'000'000;
  size_t payload_len = 64;  // bytes
  size_t window = 128;      // requests in flight, over all sockets
  size_t num_sockets = 8;
  double duration_s = 10;         // no new request after this
  std::optional<uint64_t> count;  // no more requests than this
  double timeout_s = 10;          // for each answer
  bool con = false;
  coap::Code method = coap::Code::kPost;
  bool progress = false;  // a line on standard error each second
  uint64_t seed = 0;
};

struct Outcome {
  Tally tally;
  size_t num_contexts = 0;
  size_t num_sockets = 0;
  double elapsed_s = 0;  // until the last answer
};

// Runs until the duration or count is reached and the last request has ended, which takes at most
// `timeout_s` more; SIGINT ends it sooner. Errors: URI, store, socket.
Result<Outcome> run(const Settings& settings);

}  // namespace osprey::blast
