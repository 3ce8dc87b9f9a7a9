// The table of CoAP options: what each number means, how long its value may be, and where OSCORE
// puts it (RFC 7252 §5.10, RFC 8613 §4.1 and later documents).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace osprey::coap {

namespace option {
inline constexpr uint16_t kIfMatch = 1;
inline constexpr uint16_t kUriHost = 3;
inline constexpr uint16_t kETag = 4;
inline constexpr uint16_t kIfNoneMatch = 5;
inline constexpr uint16_t kObserve = 6;
inline constexpr uint16_t kUriPort = 7;
inline constexpr uint16_t kLocationPath = 8;
inline constexpr uint16_t kOscore = 9;
inline constexpr uint16_t kUriPath = 11;
inline constexpr uint16_t kContentFormat = 12;
inline constexpr uint16_t kMaxAge = 14;
inline constexpr uint16_t kUriQuery = 15;
inline constexpr uint16_t kHopLimit = 16;
inline constexpr uint16_t kAccept = 17;
inline constexpr uint16_t kQBlock1 = 19;
inline constexpr uint16_t kLocationQuery = 20;
inline constexpr uint16_t kEdhoc = 21;
inline constexpr uint16_t kBlock2 = 23;
inline constexpr uint16_t kBlock1 = 27;
inline constexpr uint16_t kSize2 = 28;
inline constexpr uint16_t kQBlock2 = 31;
inline constexpr uint16_t kProxyUri = 35;
inline constexpr uint16_t kProxyScheme = 39;
inline constexpr uint16_t kSize1 = 60;
inline constexpr uint16_t kEcho = 252;
inline constexpr uint16_t kNoResponse = 258;
inline constexpr uint16_t kRequestTag = 292;
}  // namespace option

enum class ValueFormat : uint8_t { kEmpty, kOpaque, kUint, kString };

// Where OSCORE carries an option (RFC 8613 §4.1). kBoth: may stand in both places, independently.
enum class OscoreClass : uint8_t { kInner, kOuter, kBoth };

struct OptionInfo {
  uint16_t number;
  std::string_view name;
  ValueFormat format;
  uint16_t min_len;  // bytes
  uint16_t max_len;  // bytes
  bool repeatable;
  OscoreClass oscore_class;
};

// All options that this project knows, by ascending number.
std::span<const OptionInfo> option_table();

// nullptr for a number the table does not know.
const OptionInfo* find_option(uint16_t number);

// Properties that the number itself carries (RFC 7252 §5.4.6).
constexpr bool is_critical(uint16_t number) { return (number & 1) != 0; }
constexpr bool is_unsafe_to_forward(uint16_t number) { return (number & 2) != 0; }
constexpr bool is_no_cache_key(uint16_t number) { return (number & 0x1e) == 0x1c; }

// Unknown options are class E (RFC 8613 §4.1).
OscoreClass oscore_class(uint16_t number);

}  // namespace osprey::coap
