// Goal: a configuration of libcoap is refused with a reason that names the file, or each of its
// contexts comes back equal when it is written and parsed again (storage/import/libcoap_conf.h).
// Method: the input is the configuration; it is tried as a sequence file, too.
#include "storage/import/libcoap_conf.h"
#include "tests/fuzz/same_context.h"

namespace osprey::storage {
namespace {

// libcoap has no larger windows: a written one is cut to this.
constexpr size_t kMaxWindow = 63;

void check_context(ImportedContext& context) {
  CHECK(context.source == "f");
  CHECK(context.sequence_floor == 0);
  CHECK(!context.window);
  oscore::ContextParameters& parameters = context.parameters;
  const auto text = write_libcoap_conf(parameters, Reveal::kYes);
  CHECK(text.has_value());
  const auto again = parse_libcoap_conf(*text, parameters.name, "again");
  CHECK(again.has_value());
  CHECK(again->contexts.size() == 1);
  parameters.replay_window_size = std::min(parameters.replay_window_size, kMaxWindow);
  fuzz::check_same(again->contexts[0].parameters, parameters);
}

void run(std::string_view text) {
  const auto floor = parse_libcoap_sequence(text, 10, "seq");
  if (floor) CHECK(*floor >= 10 && *floor <= kMaxSequenceFloor);

  auto conf = parse_libcoap_conf(text, "name", "f");
  if (!conf) {
    CHECK(conf.error().cause.starts_with("f: "));
    return;
  }
  CHECK(!conf->contexts.empty());
  CHECK(conf->ssn_freq > 0);
  for (ImportedContext& context : conf->contexts) check_context(context);
}

}  // namespace
}  // namespace osprey::storage

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t len) {
  osprey::storage::run(osprey::as_text({data, len}));
  return 0;
}
