#include "tests/unit/support/hex.h"

#include "framework/base/check.h"

namespace osprey::test {

std::vector<uint8_t> hex(std::string_view text) {
  const auto bytes = from_hex(text);
  CHECK(bytes.has_value());
  return *bytes;
}

std::string to_hex(const std::optional<Bytes>& bytes) { return bytes ? to_hex(*bytes) : "null"; }

}  // namespace osprey::test
