// Goal: a coap URI becomes options within their bounds, and those options name the same URI
// (framework/coap/uri.h).
// Method: the input is a URI. One that parses is put together again with everything that is not a
// letter or a digit percent-encoded; it must parse as the same one.
#include <algorithm>
#include <string>
#include <vector>

#include "framework/base/check.h"
#include "framework/coap/uri.h"

namespace osprey::coap {
namespace {

std::string encoded(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (is_plain) {
      result += c;
    } else {
      result += "%" + to_hex(as_bytes({&c, 1}));
    }
  }
  return result;
}

std::string joined(const std::vector<std::string>& pieces, const char* first, const char* next) {
  std::string result;
  for (const std::string& piece : pieces)
    result += (result.empty() ? first : next) + encoded(piece);
  return result;
}

std::string rewritten_host(const Uri& uri) {
  if (!uri.host_is_ip) return encoded(uri.host);
  if (uri.host.find(':') == std::string::npos) return uri.host;
  const size_t zone_at = std::min(uri.host.find('%'), uri.host.size());
  return "[" + uri.host.substr(0, zone_at) + encoded(uri.host.substr(zone_at)) + "]";
}

std::string rewritten(const Uri& uri) {
  return "coap://" + rewritten_host(uri) + ":" + std::to_string(uri.port) +
         joined(uri.path, "/", "/") + joined(uri.query, "?", "&");
}

// What stands in the options, read back.
void check_options(const Uri& uri) {
  std::vector<uint8_t> space(300 * (uri.path.size() + uri.query.size() + 1));
  Writer writer(space);
  OptionWriter options(writer);
  write_uri_host(options, uri);
  write_uri_path(options, uri);
  write_uri_query(options, uri);
  CHECK(writer.ok());
  std::vector<std::string> path;
  std::vector<std::string> query;
  OptionReader reader(writer.written());
  while (const auto option = reader.next()) {
    const OptionInfo& info = *find_option(option->number);
    CHECK(option->value.size() >= info.min_len && option->value.size() <= info.max_len);
    const std::string text(as_text(option->value));
    if (option->number == option::kUriHost) CHECK(!uri.host_is_ip && text == uri.host);
    if (option->number == option::kUriPath) path.push_back(text);
    if (option->number == option::kUriQuery) query.push_back(text);
  }
  CHECK(!reader.failed());
  CHECK(path == uri.path);
  CHECK(query == uri.query);
}

void run(std::string_view text) {
  const auto uri = parse_uri(text);
  if (!uri) {
    CHECK(!uri.error().cause.empty());
    return;
  }
  CHECK(uri->port != 0);
  CHECK(!uri->host.empty());
  if (uri->host_is_ip) CHECK(uri->host.find('\0') == std::string::npos);
  check_options(*uri);
  const auto again = parse_uri(rewritten(*uri));
  CHECK(again.has_value());
  CHECK(again->host == uri->host);
  CHECK(again->host_is_ip == uri->host_is_ip);
  CHECK(again->port == uri->port);
  CHECK(again->path == uri->path);
  CHECK(again->query == uri->query);
}

}  // namespace
}  // namespace osprey::coap

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t len) {
  osprey::coap::run(osprey::as_text({data, len}));
  return 0;
}
