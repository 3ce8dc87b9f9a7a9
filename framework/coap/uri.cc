#include "framework/coap/uri.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace osprey::coap {
namespace {

constexpr std::string_view kExample = "write it like coap://192.0.2.1:5683/path?query";
constexpr size_t kMaxOptionText = 255;  // Uri-Host, Uri-Path, Uri-Query

// Bytes of UTF-8 above 0x7f are neither.
bool is_blank_or_control(char c) { return (c >= 0 && c <= ' ') || c == 0x7f; }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lower_case(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), lower);
  return result;
}

// Up to the first of `ends`, which is left in `rest`.
std::string_view take_until(std::string_view& rest, std::string_view ends) {
  const size_t len = std::min(rest.find_first_of(ends), rest.size());
  const std::string_view taken = rest.substr(0, len);
  rest.remove_prefix(len);
  return taken;
}

// RFC 3986 §2.1. Nothing if a % is not followed by two hex digits.
std::optional<std::string> percent_decode(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded.push_back(text[i]);
      continue;
    }
    const auto byte = text.size() - i > 2 ? from_hex(text.substr(i + 1, 2)) : std::nullopt;
    if (!byte) return std::nullopt;
    decoded.push_back(static_cast<char>((*byte)[0]));
    i += 2;
  }
  return decoded;
}

// The text between separators, each piece decoded and short enough for an option.
Result<std::vector<std::string>> split(std::string_view text, char separator,
                                       const std::string& what) {
  std::vector<std::string> pieces;
  while (true) {
    const size_t len = std::min(text.find(separator), text.size());
    const std::string_view raw = text.substr(0, len);
    auto piece = percent_decode(raw);
    if (!piece) {
      return fail(what + " '" + std::string(raw) + "' has a % without two hex digits",
                  "write a percent sign as %25");
    }
    if (piece->size() > kMaxOptionText) {
      return fail(what + " is longer than " + std::to_string(kMaxOptionText) + " bytes");
    }
    pieces.push_back(std::move(*piece));
    if (len == text.size()) return pieces;
    text.remove_prefix(len + 1);
  }
}

bool is_ipv4(const std::string& text) {
  in_addr address;
  return inet_pton(AF_INET, text.c_str(), &address) == 1;
}

bool is_ipv6(const std::string& text) {
  in6_addr address;
  return inet_pton(AF_INET6, text.substr(0, text.find('%')).c_str(), &address) == 1;
}

Result<void> parse_port(std::string_view text, Uri& uri) {
  if (text.empty()) return {};  // "host:" means the default (RFC 3986 §3.2.3)
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), uri.port);
  if (error != std::errc() || end != text.data() + text.size() || uri.port == 0) {
    return fail("port '" + std::string(text) + "' is no number from 1 to 65535");
  }
  return {};
}

Result<void> parse_ipv6_host(std::string_view text, Uri& uri) {
  const size_t close = text.find(']');
  if (close == std::string_view::npos) {
    return fail("the IPv6 address has no closing bracket", "write it like coap://[::1]:5683/path");
  }
  // RFC 6874: the zone's % is itself percent-encoded; the bare one is understood too.
  const std::string_view inside = text.substr(1, close - 1);
  uri.host = percent_decode(inside).value_or(std::string(inside));
  uri.host_is_ip = true;
  if (std::ranges::any_of(uri.host, is_blank_or_control) || !is_ipv6(uri.host))
    return fail("'" + uri.host + "' is no IPv6 address");
  text.remove_prefix(close + 1);
  if (text.empty()) return {};
  if (text[0] != ':') return fail("'" + std::string(text) + "' follows the IPv6 address");
  return parse_port(text.substr(1), uri);
}

Result<void> parse_authority(std::string_view text, Uri& uri) {
  if (text.find('@') != std::string_view::npos) {
    return fail("a coap URI has no user name", std::string(kExample));  // §6.1
  }
  if (!text.empty() && text[0] == '[') return parse_ipv6_host(text, uri);
  const size_t colon = text.find(':');
  if (colon != std::string_view::npos && text.find(':', colon + 1) != std::string_view::npos) {
    return fail("'" + std::string(text) + "' has more than one colon",
                "put an IPv6 address in brackets: coap://[::1]/path");
  }
  const std::string_view host = text.substr(0, colon);
  if (host.empty()) return fail("the URI has no host", std::string(kExample));
  if (colon != std::string_view::npos) {
    if (auto port = parse_port(text.substr(colon + 1), uri); !port) return port;
  }
  const auto decoded = percent_decode(host);
  if (!decoded) return fail("host '" + std::string(host) + "' has a % without two hex digits");
  if (decoded->size() > kMaxOptionText) return fail("the host is longer than 255 bytes");
  if (std::ranges::any_of(*decoded, is_blank_or_control)) {
    return fail("the host has a blank or a control character in it");
  }
  uri.host = lower_case(*decoded);
  uri.host_is_ip = is_ipv4(uri.host);
  return {};
}

Result<std::string_view> after_scheme(std::string_view text) {
  const size_t end = text.find("://");
  if (end == std::string_view::npos) {
    return fail("'" + std::string(text) + "' is no coap URI", std::string(kExample));
  }
  const std::string scheme = lower_case(text.substr(0, end));
  if (scheme != "coap") {
    return fail("scheme '" + scheme + "' is not served: OSCORE runs over plain coap here",
                "begin the URI with coap://");
  }
  return text.substr(end + 3);
}

}  // namespace

Result<Uri> parse_uri(std::string_view text) {
  if (std::ranges::any_of(text, is_blank_or_control)) {
    return fail("the URI has a blank or a control character in it", "write a blank as %20");
  }
  auto rest = after_scheme(text);
  if (!rest) return tl::unexpected(rest.error());
  if (rest->find('#') != std::string_view::npos) {
    return fail("a coap URI has no #fragment", "write # as %23");  // §6.4 step 4
  }
  Uri uri;
  if (auto authority = parse_authority(take_until(*rest, "/?"), uri); !authority) {
    return tl::unexpected(authority.error());
  }
  const std::string_view path = take_until(*rest, "?");
  if (path.size() > 1) {  // step 8: a lone slash is no segment
    auto segments = split(path.substr(1), '/', "path segment");
    if (!segments) return tl::unexpected(segments.error());
    uri.path = std::move(*segments);
  }
  if (!rest->empty()) {  // step 9
    auto arguments = split(rest->substr(1), '&', "query argument");
    if (!arguments) return tl::unexpected(arguments.error());
    uri.query = std::move(*arguments);
  }
  return uri;
}

void write_uri_host(OptionWriter& options, const Uri& uri) {
  if (!uri.host_is_ip) options.text(option::kUriHost, uri.host);
}

void write_uri_path(OptionWriter& options, const Uri& uri) {
  for (const std::string& segment : uri.path) options.text(option::kUriPath, segment);
}

void write_uri_query(OptionWriter& options, const Uri& uri) {
  for (const std::string& argument : uri.query) options.text(option::kUriQuery, argument);
}

}  // namespace osprey::coap
