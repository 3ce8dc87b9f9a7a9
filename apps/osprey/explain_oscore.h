// What OSCORE does to one datagram, step by step, with the step that fails (RFC 8613 §8.2, §8.4).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apps/osprey/explain_message.h"
#include "storage/store.h"

namespace osprey::cli {

// Where the steps end: ok, or the one that fails.
struct Outcome {
  bool ok = false;
  std::string step;  // "RFC 8613 8.2 step 6 (decrypt and verify)"
  std::string reason;
  std::string answer;  // what a server sends back, if it sends anything
  std::vector<std::string> likely_causes;
};

// `outer` has an OSCORE option. A response needs its `request`. The store is only read; `name`
// limits it to one context. Writes what was found out into `tree`.
Outcome explain_oscore(const coap::Message& outer, const coap::Message* request,
                       const storage::Store& store, const std::optional<std::string>& name,
                       Json& tree);

// The same as far as it goes without any context: the option alone.
Outcome explain_option(const coap::Message& outer);

}  // namespace osprey::cli
