// The closed loop: a fixed number of requests is in flight, and each response makes room for the
// next request. So the server is never short of work and never has more than the window waiting.
//
//   leg 1: ports x 65,536 requests from fresh source ports | leg 2: from others | ...
//
// Batches of up to kBatchMax by sendmmsg and recvmmsg. It never sleeps: a server that has to wake
// its client would be charged for that. What is not answered in time is written off and counted.
// Bounded in count by the requests, in time by its limit.
// Thread: one.
#pragma once

#include <vector>

#include "bench/support/prepared_requests.h"
#include "dataplane/socket/socket_address.h"
#include "framework/base/clock.h"
#include "framework/coap/code.h"

namespace osprey::bench {

struct LoopOptions {
  SocketAddress server;
  size_t num_ports = 1;                          // source ports in use at the same time
  size_t window = 256;                           // requests in flight for each of them
  coap::Code outer_code = coap::Code::kChanged;  // of a right answer
  size_t keep_every = 64;  // one response in so many is kept to be verified afterwards
  TimeNs time_limit = 60 * kSecond;
};

struct KeptResponse {
  static constexpr size_t kRoom = 128;

  size_t index = 0;  // of its request
  size_t len = 0;
  std::array<uint8_t, kRoom> bytes;
};

struct LoopResult {
  size_t sent = 0;
  size_t responses = 0;  // first ones that came in time
  size_t lost = 0;       // written off
  size_t wrong = 0;      // datagrams that answer nothing, not for the first time, or with an error
  TimeNs duration = 0;   // from the first datagram sent to the last one settled, all legs
  TimeNs server_cpu = 0;
  std::vector<KeptResponse> kept;
};

// `server_pid`: whose CPU time is read while the clock runs; 0 for nobody's. Fails if there is no
// socket to be had or nobody answers.
Result<LoopResult> run_closed_loop(const PreparedRequests& requests, const LoopOptions& options,
                                   pid_t server_pid);

}  // namespace osprey::bench
