#include "framework/coap/option_table.h"

#include <algorithm>
#include <array>

namespace osprey::coap {
namespace {

using enum ValueFormat;
using enum OscoreClass;

constexpr std::array kTable = {
    OptionInfo{option::kIfMatch, "If-Match", kOpaque, 0, 8, true, kInner},
    OptionInfo{option::kUriHost, "Uri-Host", kString, 1, 255, false, kOuter},
    OptionInfo{option::kETag, "ETag", kOpaque, 1, 8, true, kInner},
    OptionInfo{option::kIfNoneMatch, "If-None-Match", kEmpty, 0, 0, false, kInner},
    OptionInfo{option::kObserve, "Observe", kUint, 0, 3, false, kBoth},
    OptionInfo{option::kUriPort, "Uri-Port", kUint, 0, 2, false, kOuter},
    OptionInfo{option::kLocationPath, "Location-Path", kString, 0, 255, true, kInner},
    OptionInfo{option::kOscore, "OSCORE", kOpaque, 0, 255, false, kOuter},
    OptionInfo{option::kUriPath, "Uri-Path", kString, 0, 255, true, kInner},
    OptionInfo{option::kContentFormat, "Content-Format", kUint, 0, 2, false, kInner},
    OptionInfo{option::kMaxAge, "Max-Age", kUint, 0, 4, false, kBoth},
    OptionInfo{option::kUriQuery, "Uri-Query", kString, 0, 255, true, kInner},
    // RFC 8768 says nothing of OSCORE, so the default rule (inner) applies; proxies that see it
    // outside lose nothing, as the outer one is dropped at the server.
    OptionInfo{option::kHopLimit, "Hop-Limit", kUint, 1, 1, false, kInner},
    OptionInfo{option::kAccept, "Accept", kUint, 0, 2, false, kInner},
    OptionInfo{option::kQBlock1, "Q-Block1", kUint, 0, 3, false, kBoth},
    OptionInfo{option::kLocationQuery, "Location-Query", kString, 0, 255, true, kInner},
    OptionInfo{option::kEdhoc, "EDHOC", kEmpty, 0, 0, false, kOuter},
    OptionInfo{option::kBlock2, "Block2", kUint, 0, 3, false, kBoth},
    OptionInfo{option::kBlock1, "Block1", kUint, 0, 3, false, kBoth},
    OptionInfo{option::kSize2, "Size2", kUint, 0, 4, false, kBoth},
    OptionInfo{option::kQBlock2, "Q-Block2", kUint, 0, 3, true, kBoth},
    OptionInfo{option::kProxyUri, "Proxy-Uri", kString, 1, 1034, false, kOuter},
    OptionInfo{option::kProxyScheme, "Proxy-Scheme", kString, 1, 255, false, kOuter},
    OptionInfo{option::kSize1, "Size1", kUint, 0, 4, false, kBoth},
    OptionInfo{option::kEcho, "Echo", kOpaque, 1, 40, false, kBoth},
    OptionInfo{option::kNoResponse, "No-Response", kUint, 0, 1, false, kBoth},
    OptionInfo{option::kRequestTag, "Request-Tag", kOpaque, 0, 8, true, kBoth},
};

constexpr bool ascending() {
  for (size_t i = 1; i < kTable.size(); ++i) {
    if (kTable[i - 1].number >= kTable[i].number) return false;
  }
  return true;
}
static_assert(ascending(), "find_option searches by halves");

}  // namespace

std::span<const OptionInfo> option_table() { return kTable; }

const OptionInfo* find_option(uint16_t number) {
  const auto* it = std::lower_bound(
      kTable.begin(), kTable.end(), number,
      [](const OptionInfo& info, uint16_t wanted) { return info.number < wanted; });
  return it != kTable.end() && it->number == number ? it : nullptr;
}

OscoreClass oscore_class(uint16_t number) {
  const OptionInfo* info = find_option(number);
  return info == nullptr ? OscoreClass::kInner : info->oscore_class;
}

}  // namespace osprey::coap
