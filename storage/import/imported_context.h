// A context as it comes out of a foreign format, before any store has it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "framework/base/result.h"
#include "framework/oscore/context.h"
#include "framework/oscore/option.h"
#include "framework/oscore/replay_window.h"

namespace osprey::storage {

// Own numbers are 0 to 2^40 - 1 (RFC 8613 §7.2.1): as the next one, this says all are used up.
inline constexpr uint64_t kMaxSequenceFloor = oscore::kMaxSequenceNumber + 1;

// Replay window of the Recipient Context, as a program that stopped in order left it (RFC 8613
// §7.4, B.1.2):
//
//   refused | first   ...   first + seen.size() - 1 | not seen
//           | seen[0]       seen.back()             |
struct ImportedWindow {
  uint64_t first = 0;
  std::vector<bool> seen;

  // The first number that nothing at or above was seen of.
  uint64_t next() const { return first + seen.size(); }

  // Makes `window` refuse what this one refuses. A smaller one refuses more, as it forgets more.
  void fill(oscore::ReplayWindow& window) const;
};

struct ImportedContext {
  oscore::ContextParameters parameters;
  // Own numbers below this may have been used.
  uint64_t sequence_floor = 0;
  // Only where the source says that it was left in order. Without it, whoever takes the context
  // must not accept a request before an Echo exchange (B.1.2).
  std::optional<ImportedWindow> window;
  // Where it came from, for messages: "clients/sensor-1", "file.csv: line 3".
  std::string source;
};

// Takes one context; an error ends the import and is passed on as it is.
using TakeContext = std::function<Result<void>(ImportedContext)>;

// `context`, or why no store can have it. Errors begin with its source.
Result<ImportedContext> checked(ImportedContext context);

}  // namespace osprey::storage
