// What parsers of records say when they cannot. `what` is said of the record's content ("own
// numbers"); which record it is, the caller adds.
#pragma once

#include <cstdint>
#include <string>

#include "framework/base/result.h"

namespace osprey::storage {

inline tl::unexpected<Error> fail_damaged(const std::string& what) {
  return fail(what + ": the record is damaged", "put the store back from a copy");
}

inline tl::unexpected<Error> fail_newer(const std::string& what, uint64_t version, uint64_t known) {
  return fail(what + ": written by a newer Osprey (version " + std::to_string(version) +
                  "; this one knows up to " + std::to_string(known) + ")",
              "use that version, or a newer one");
}

}  // namespace osprey::storage
