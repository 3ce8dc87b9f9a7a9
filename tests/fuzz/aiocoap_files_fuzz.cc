// Goal: the files of a context directory of aiocoap are refused with a reason that names directory
// or file, or the context comes back equal when it is written and parsed again; a window that was
// read fills one of ours (storage/import/aiocoap_files.h).
// Method: the input is settings.json, secret.json and sequence.json, with a NUL between them.
#include "storage/import/aiocoap_files.h"
#include "tests/fuzz/same_context.h"

namespace osprey::storage {
namespace {

// Takes one file from the front; nothing when there is none left.
std::optional<SecretText> take_file(std::string_view& text) {
  if (text.empty()) return std::nullopt;
  const std::string_view file = text.substr(0, text.find('\0'));
  text.remove_prefix(std::min(text.size(), file.size() + 1));
  return SecretText(file);
}

void check_window(const ImportedWindow& imported, size_t size) {
  CHECK(imported.seen.size() <= 64);
  CHECK(imported.next() <= kMaxSequenceFloor);
  oscore::ReplayWindow window(size);
  imported.fill(window);
  CHECK(window.may_accept(imported.next()));
  for (size_t i = 0; i < imported.seen.size(); ++i) {
    CHECK(!imported.seen[i] || !window.may_accept(imported.first + i));
  }
  CHECK(imported.first == 0 || !window.may_accept(imported.first - 1));
}

void run(std::string_view text) {
  AiocoapFiles files;
  files.settings = take_file(text);
  files.secret = take_file(text);
  files.sequence = take_file(text);
  const auto context = parse_aiocoap(files, "name", "d");
  if (!context) {
    CHECK(context.error().cause.starts_with("d"));
    return;
  }
  CHECK(context->sequence_floor <= kMaxSequenceFloor);
  if (context->window) check_window(*context->window, context->parameters.replay_window_size);

  const auto written = write_aiocoap(context->parameters, context->sequence_floor, Reveal::kYes);
  CHECK(written.has_value());
  const auto again = parse_aiocoap(*written, "name", "again");
  CHECK(again.has_value());
  CHECK(again->sequence_floor == context->sequence_floor);
  CHECK(!again->window);
  fuzz::check_same(again->parameters, context->parameters);
}

}  // namespace
}  // namespace osprey::storage

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t len) {
  osprey::storage::run(osprey::as_text({data, len}));
  return 0;
}
