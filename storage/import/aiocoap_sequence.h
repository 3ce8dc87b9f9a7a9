// sequence.json of an aiocoap context directory: the own numbers, and the window when it is known.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "framework/base/result.h"
#include "storage/import/imported_context.h"

namespace osprey::storage {

struct AiocoapSequence {
  uint64_t next_to_send = 0;               // numbers below may have been used
  std::optional<ImportedWindow> received;  // nothing: "unknown"
};

// Bit i of aiocoap's bitfield says whether number index + i was seen. Windows of up to 64 numbers
// are read: of a larger one, a bitfield that needs more is taken as unknown, which costs an Echo.
// Errors begin with `place`.
Result<AiocoapSequence> parse_aiocoap_sequence(std::string_view text, const std::string& place);

}  // namespace osprey::storage
