// Goal: the URI parser takes any text; what it accepts fits into options.
// Method: parse, write the options, read them back and compare path and query.
#include "framework/base/check.h"
#include "framework/coap/uri.h"

using namespace osprey;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto uri = coap::parse_uri(as_text({data, size}));
  if (!uri) {
    CHECK(!uri.error().cause.empty());
    return 0;
  }
  std::vector<uint8_t> space(4 * size + 64);
  Writer writer(space);
  coap::OptionWriter options(writer);
  coap::write_uri_host(options, *uri);
  coap::write_uri_path(options, *uri);
  coap::write_uri_query(options, *uri);
  CHECK(writer.ok());
  coap::OptionReader reader(writer.written());
  std::vector<std::string> path;
  std::vector<std::string> query;
  while (const auto option = reader.next()) {
    if (option->number == coap::option::kUriPath) path.emplace_back(as_text(option->value));
    if (option->number == coap::option::kUriQuery) query.emplace_back(as_text(option->value));
  }
  CHECK(!reader.failed());
  CHECK(path == uri->path);
  CHECK(query == uri->query);
  return 0;
}
