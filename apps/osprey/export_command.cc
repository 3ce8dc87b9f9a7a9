#include "apps/osprey/export_command.h"

#include <cstdio>

#include "apps/osprey/client_store.h"
#include "apps/osprey/export_writer.h"
#include "apps/osprey/text.h"

namespace osprey::cli {
namespace {

using storage::Store;
using storage::StoredContext;

Result<void> write_one(const Store& store, const StoredContext& stored, ExportWriter& writer) {
  const auto next = store.used_below(stored);
  if (!next) return tl::unexpected(next.error());
  return writer.write(stored.record.parameters, *next);
}

Result<void> write_named(const Store& store, const std::string& name, ExportWriter& writer) {
  const auto found = store.find(name);
  if (!found) return tl::unexpected(found.error());
  if (!*found) return no_such_context(store, name);
  return write_one(store, **found, writer);
}

Result<void> write_with_prefix(const Store& store, const std::string& prefix,
                               ExportWriter& writer) {
  return store.for_each([&](const StoredContext& stored) -> Result<void> {
    if (!stored.record.parameters.name.starts_with(prefix)) return {};
    return write_one(store, stored, writer);
  });
}

// On standard error: standard output may be what is exported.
void warn(const ExportArguments& arguments) {
  if (!arguments.reveal) {
    std::fprintf(stderr, "warning: the secrets are left out: import takes what --reveal writes\n");
    return;
  }
  std::fprintf(stderr,
               "warning: contexts are moved, not copied: remove those that are used elsewhere now "
               "(osprey context remove NAME)\n");
  if (const auto locked = why_locked(arguments.store.path)) {
    std::fprintf(stderr,
                 "warning: %s, and may go on with their numbers: disable a context before you "
                 "export it\n",
                 locked->cause.c_str());
  }
}

}  // namespace

int export_contexts(const ExportArguments& arguments) {
  const auto store = open_to_read(arguments.store);
  if (!store) return report(store.error(), kBadUsage);
  const auto reveal = arguments.reveal ? storage::Reveal::kYes : storage::Reveal::kNo;
  const auto writer = ExportWriter::open(arguments.format, arguments.to, reveal);
  if (!writer) return report(writer.error(), kBadUsage);
  auto done = arguments.name ? write_named(**store, *arguments.name, **writer)
                             : write_with_prefix(**store, arguments.prefix, **writer);
  if (done) done = (*writer)->finish();
  if (!done) return report(done.error(), kFailed);
  warn(arguments);
  return kDone;
}

}  // namespace osprey::cli
