// coap:// URIs, and the options they become (RFC 7252 §6.1, §6.4, §6.5).
//
//   coap://host[:port]/segment/segment?argument&argument
//
// Control path: it allocates.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "framework/base/result.h"
#include "framework/coap/option.h"

namespace osprey::coap {

inline constexpr uint16_t kDefaultPort = 5683;

struct Uri {
  std::string host;  // lower case, percent-decoded; an IPv6 literal without its brackets
  bool host_is_ip = false;
  uint16_t port = kDefaultPort;
  std::vector<std::string> path;   // one for each Uri-Path option, percent-decoded
  std::vector<std::string> query;  // one for each Uri-Query option, percent-decoded
};

// Errors name the part that is wrong. An IPv6 literal may have a zone ("[fe80::1%25eth0]").
Result<Uri> parse_uri(std::string_view text);

// Uri-Host, unless the host is an IP literal: then the destination address says it. Uri-Port never:
// the request goes to that very port (§6.4 steps 5 and 6).
void write_uri_host(OptionWriter& options, const Uri& uri);
void write_uri_path(OptionWriter& options, const Uri& uri);
void write_uri_query(OptionWriter& options, const Uri& uri);

}  // namespace osprey::coap
