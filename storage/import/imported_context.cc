#include "storage/import/imported_context.h"

#include "framework/base/check.h"
#include "storage/context_lines.h"

namespace osprey::storage {

void ImportedWindow::fill(oscore::ReplayWindow& window) const {
  if (first == 0) {
    window.initialise_empty();
  } else {
    window.initialise_at(first - 1);
  }
  for (size_t i = 0; i < seen.size(); ++i) {
    // Upwards: each is newer than all before.
    if (seen[i]) CHECK(window.try_record(first + i));
  }
}

Result<ImportedContext> checked(ImportedContext context) {
  auto check = check_writable(context.parameters).and_then([&] {
    return oscore::check_parameters(context.parameters);
  });
  if (!check) return fail(context.source + ": " + check.error().cause, check.error().mend);
  return context;
}

}  // namespace osprey::storage
