// Hex as tests write it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "framework/base/bytes.h"

namespace osprey::test {

// Bytes from hex; anything else ends the program.
std::vector<uint8_t> hex(std::string_view text);

std::string to_hex(const std::optional<Bytes>& bytes);  // "null" for nothing
inline std::string to_hex(Bytes bytes) { return osprey::to_hex(bytes); }

}  // namespace osprey::test
