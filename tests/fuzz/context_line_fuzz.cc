// Goal: a line of a context file is refused with its number, or becomes parameters that come back
// from the line they are written to (storage/context_lines.h).
// Method: the input is one line.
#include "framework/base/check.h"
#include "storage/context_lines.h"
#include "tests/fuzz/same_context.h"

namespace osprey::storage {
namespace {

void run(std::string_view line) {
  auto parameters = parse_context_line(line, 7);
  if (!parameters) {
    CHECK(parameters.error().cause.starts_with("line 7"));
    return;
  }
  CHECK(parameters->master_secret.size() > 0);
  CHECK(check_writable(*parameters).has_value());
  const auto again = parse_context_line(write_context_line(*parameters, Reveal::kYes), 8);
  CHECK(again.has_value());
  fuzz::check_same(*again, *parameters);
  const SecretText hidden = write_context_line(*parameters, Reveal::kNo);
  CHECK(!parse_context_line(hidden, 9).has_value());
  // Refused with a reason or derived; either is fine.
  const auto context = oscore::SecurityContext::derive(*parameters);
  CHECK(context.has_value() || !context.error().cause.empty());
}

}  // namespace
}  // namespace osprey::storage

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t len) {
  osprey::storage::run(osprey::as_text({data, len}));
  return 0;
}
