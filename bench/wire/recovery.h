// Sets every context's replay window at the server, as its first request after a restart does
// (RFC 8613 B.1.2): a request, the Echo challenge, the request with that Echo.
#pragma once

#include <string>

#include "bench/support/prepared_requests.h"

namespace osprey::bench {

// One context after the other, each until it is answered. The error tells which one was not, and
// why.
Result<void> recover_windows(const Contexts& contexts, oscore::SequenceSource& source,
                             oscore::AeadEngine& engine, const std::string& host, uint16_t port);

}  // namespace osprey::bench
