// Master secrets as hex (I7): read and written without leaving a copy behind.
#pragma once

#include <string_view>

#include "framework/oscore/context.h"
#include "storage/secret_text.h"

namespace osprey::storage {

using MasterSecret = Secret<oscore::kMaxMasterSecretLen>;

// What stands in the place of a secret that is not to be shown (Reveal::kNo).
inline constexpr std::string_view kHiddenSecret = "(hidden)";

// Hex digits and nothing else, of either case, any number of them.
bool is_hex(std::string_view text);

// Reads 1 to 64 bytes. False, and `out` as it was, for anything else.
[[nodiscard]] bool read_secret_hex(MasterSecret& out, std::string_view hex);

// Lower case, without quotes.
void append_hex(SecretText& out, Bytes bytes);

}  // namespace osprey::storage
