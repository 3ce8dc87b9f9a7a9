#include "apps/osprey/text.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include <nlohmann/json.hpp>

namespace osprey::cli {
namespace {

struct Lead {
  uint8_t mask, value;  // of the first byte
  size_t len;           // bytes in all
  uint32_t min;         // smaller values would be overlong
};

constexpr std::array kLeads = {
    Lead{0x80, 0x00, 1, 0},
    Lead{0xe0, 0xc0, 2, 0x80},
    Lead{0xf0, 0xe0, 3, 0x800},
    Lead{0xf8, 0xf0, 4, 0x10000},
};

// Bytes of the character that `bytes` begins with; 0 if it is none.
size_t utf8_len(Bytes bytes) {
  const auto* lead = std::ranges::find_if(
      kLeads, [&](const Lead& each) { return (bytes[0] & each.mask) == each.value; });
  if (lead == kLeads.end() || bytes.size() < lead->len) return 0;
  uint32_t value = bytes[0] & static_cast<uint8_t>(~lead->mask);
  for (size_t i = 1; i < lead->len; ++i) {
    if ((bytes[i] & 0xc0) != 0x80) return 0;
    value = value << 6 | (bytes[i] & 0x3fu);
  }
  const bool is_surrogate = value >= 0xd800 && value < 0xe000;
  return value < lead->min || value > 0x10ffff || is_surrogate ? 0 : lead->len;
}

bool is_control(uint8_t byte) { return byte < 0x20 || byte == 0x7f; }

}  // namespace

bool is_utf8(Bytes bytes) {
  while (!bytes.empty()) {
    const size_t len = utf8_len(bytes);
    if (len == 0) return false;
    bytes = bytes.subspan(len);
  }
  return true;
}

bool is_printable(Bytes bytes) {
  for (size_t i = 0; i < bytes.size(); ++i) {
    const uint8_t byte = bytes[i];
    if (is_control(byte) && byte != '\t' && byte != '\n' && byte != '\r') return false;
    // C1 controls, U+0080 to U+009F: some terminals obey them.
    if (byte == 0xc2 && i + 1 < bytes.size() && bytes[i + 1] < 0xa0) return false;
  }
  return is_utf8(bytes);
}

std::string content_format_name(uint64_t number) {
  switch (number) {
    case 0: return "text/plain";
    case 40: return "application/link-format";
    case 41: return "application/xml";
    case 42: return "application/octet-stream";
    case 47: return "application/exi";
    case 50: return "application/json";
    case 60: return "application/cbor";
    case 61: return "application/cwt";
    case 63: return "application/cbor-seq";
    case 110: return "application/senml+json";
    case 112: return "application/senml+cbor";
    case 257: return "application/concise-problem-details+cbor";
    default: return "Content-Format " + std::to_string(number);
  }
}

int report(const Error& error, int exit_code) {
  std::fprintf(stderr, "osprey: %s\n", error.text().c_str());
  return exit_code;
}

int report(const Error& error, int exit_code, bool json) {
  if (json) {
    std::printf("%s\n", json_text({{"error", error.cause}, {"mend", error.mend}}).c_str());
  }
  return report(error, exit_code);
}

std::string json_text(const nlohmann::ordered_json& json) {
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace osprey::cli
