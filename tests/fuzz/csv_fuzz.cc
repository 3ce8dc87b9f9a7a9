// Goal: a row of CSV is refused with a reason that names its place, or comes back equal when it is
// written and parsed again (storage/import/csv.h).
// Method: the input is a file; its first line names the columns.
#include "storage/import/csv.h"
#include "tests/fuzz/same_context.h"

namespace osprey::storage {
namespace {

// Takes one line from the front.
std::string_view take_line(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(text.size(), line.size() + 1));
  return line;
}

void check_row(const ImportedContext& context) {
  static const CsvColumns all = *CsvColumns::parse(write_csv_header(), "header");
  CHECK(context.source == "f: line 2");
  CHECK(!context.window);
  CHECK(context.sequence_floor <= kMaxSequenceFloor);
  const SecretText row = write_csv_row(context.parameters, context.sequence_floor, Reveal::kYes);
  const auto again = all.parse_row(row, "again");
  CHECK(again.has_value());
  CHECK(again->sequence_floor == context.sequence_floor);
  fuzz::check_same(again->parameters, context.parameters);
  CHECK(!all.parse_row(write_csv_row(context.parameters, 0, Reveal::kNo), "hidden").has_value());
}

void run(std::string_view text) {
  const auto columns = CsvColumns::parse(take_line(text), "f: line 1");
  if (!columns) {
    CHECK(columns.error().cause.starts_with("f: line 1: "));
    return;
  }
  while (!text.empty()) {
    const auto context = columns->parse_row(take_line(text), "f: line 2");
    if (context) {
      check_row(*context);
    } else {
      CHECK(context.error().cause.starts_with("f: line 2: "));
    }
  }
}

}  // namespace
}  // namespace osprey::storage

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t len) {
  osprey::storage::run(osprey::as_text({data, len}));
  return 0;
}
