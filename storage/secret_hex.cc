#include "storage/secret_hex.h"

namespace osprey::storage {

bool is_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

bool read_secret_hex(MasterSecret& out, std::string_view hex) {
  // from_hex leaves in memory what it had when it meets something else: so it never does.
  if (!is_hex(hex) || hex.size() > 2 * MasterSecret::kMaxLen) return false;
  auto bytes = from_hex(hex);
  if (!bytes || bytes->empty()) return false;
  out = MasterSecret(*bytes);
  zeroise(*bytes);
  return true;
}

void append_hex(SecretText& out, Bytes bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (const uint8_t byte : bytes) {
    out += kDigits[byte >> 4];
    out += kDigits[byte & 0x0f];
  }
}

}  // namespace osprey::storage
