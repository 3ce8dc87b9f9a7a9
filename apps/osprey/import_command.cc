#include "apps/osprey/import_command.h"

#include <time.h>

#include <cstdio>
#include <filesystem>

#include <nlohmann/json.hpp>

#include "apps/osprey/import_groups.h"
#include "apps/osprey/progress.h"
#include "apps/osprey/text.h"

namespace osprey::cli {
namespace {

namespace fs = std::filesystem;

using storage::ImportedContext;
using storage::ImportFormat;
using storage::ImportSource;

// What there is to import, before any of it is.
struct Survey {
  uint64_t num_contexts = 0;
  uint64_t num_without_floor = 0;  // nobody says which own numbers they have used

  void count(const ImportedContext& context) {
    ++num_contexts;
    // aiocoap's 0 is known: it stands beside a window.
    if (context.sequence_floor == 0 && !context.window) ++num_without_floor;
  }
};

Result<ImportFormat> format_of(const ImportArguments& arguments) {
  if (arguments.format == "json" || arguments.format == "jsonl") return ImportFormat::kJsonLines;
  if (arguments.format == "csv") return ImportFormat::kCsv;
  if (arguments.format == "aiocoap") return ImportFormat::kAiocoap;
  if (arguments.format == "libcoap") return ImportFormat::kLibcoap;
  return storage::guess_format(arguments.from);
}

// A pipe can be read but once, so it is neither guessed at nor looked through, nor marked.
bool is_pipe(const std::string& path) {
  std::error_code ignored;
  return fs::exists(path, ignored) && !fs::is_regular_file(path, ignored) &&
         !fs::is_directory(path, ignored);
}

Result<ImportSource> source_of(const ImportArguments& arguments) {
  if (arguments.format.empty() && is_pipe(arguments.from)) {
    return fail(arguments.from + " is a pipe, of unknown format", "name it: --format json or csv");
  }
  const auto format = format_of(arguments);
  if (!format) return tl::unexpected(format.error());
  if (!arguments.sequence_file.empty() && *format != ImportFormat::kLibcoap) {
    return fail("--sequence-file belongs to libcoap's format", "leave it out");
  }
  return ImportSource{arguments.from, *format, arguments.sequence_file, arguments.again};
}

// Reads all of it, so that a mistake in it leaves everything as it was.
Result<Survey> look_at(const ImportSource& source) {
  Survey survey;
  const auto read = storage::import_contexts(source, [&](const ImportedContext& context) {
    survey.count(context);
    return Result<void>();
  });
  if (!read) return tl::unexpected(read.error());
  return survey;
}

// As the note beside the source says it.
std::string destination_of(const StorePlace& place) { return fs::absolute(place.path).string(); }

Result<Survey> move_contexts(ImportSource source, const std::string& destination,
                             ImportGroups& groups) {
  Survey survey;
  if (!is_pipe(source.path)) {
    const auto looked = look_at(source);
    if (!looked) return looked;
    survey = *looked;
    // From here on a crash costs an --again, and no nonce.
    if (auto marked = storage::mark_imported(source, destination, time(nullptr)); !marked) {
      return tl::unexpected(marked.error());
    }
    source.again = true;
  }
  Progress progress("contexts imported", survey.num_contexts);
  Survey moved;
  auto done = storage::import_contexts(source, [&](ImportedContext context) {
    moved.count(context);
    progress.show(moved.num_contexts);
    return groups.take(std::move(context));
  });
  if (done) done = groups.flush();
  if (!done) return tl::unexpected(done.error());
  return moved;
}

void warn(const ImportArguments& arguments, const Survey& moved) {
  std::fprintf(stderr,
               "warning: contexts are moved, not copied: do not use them from %s any more\n",
               arguments.from.c_str());
  if (moved.num_without_floor > 0) {
    std::fprintf(stderr,
                 "warning: of %llu contexts the source does not say which numbers they have used: "
                 "only right if they never sent anything\n",
                 static_cast<unsigned long long>(moved.num_without_floor));
  }
}

void print_json(const ImportGroups& groups, const Survey& moved) {
  nlohmann::ordered_json object = {{"imported", groups.num_added()},
                                   {"without_floor", moved.num_without_floor},
                                   {"refused", nlohmann::ordered_json::array()}};
  for (const ImportGroups::Refusal& each : groups.refusals()) {
    object["refused"].push_back(
        {{"source", each.source}, {"error", each.error.cause}, {"mend", each.error.mend}});
  }
  std::printf("%s\n", json_text(object).c_str());
}

void tell(const ImportArguments& arguments, const ContextEditor& store, const ImportGroups& groups,
          const Survey& moved) {
  if (arguments.json) {
    print_json(groups, moved);
  } else {
    std::printf("imported %llu contexts from %s into %s\n",
                static_cast<unsigned long long>(groups.num_added()), arguments.from.c_str(),
                store.place().c_str());
  }
  warn(arguments, moved);
}

// The names of those that are not in, and why.
void tell_refused(const ImportGroups& groups) {
  for (const ImportGroups::Refusal& each : groups.refusals()) {
    std::fprintf(stderr, "osprey: refused %s: %s\n", each.source.c_str(),
                 each.error.text().c_str());
  }
}

}  // namespace

int import_contexts(const ImportArguments& arguments) {
  const auto source = source_of(arguments);
  if (!source) return report(source.error(), kBadUsage, arguments.json);
  // Before the source is marked: what cannot be opened gets nothing.
  const auto store = ContextEditor::open(arguments.store);
  if (!store) return report(store.error(), kBadUsage, arguments.json);
  ImportGroups groups(**store);
  const auto moved = move_contexts(*source, destination_of(arguments.store), groups);
  tell_refused(groups);
  if (!moved) {
    Error error = moved.error();
    if (groups.num_added() == 0) return report(error, kBadUsage, arguments.json);
    error.cause += "; " + std::to_string(groups.num_added()) + " contexts are in";
    return report(error, kFailed, arguments.json);
  }
  if (const auto closed = (*store)->close(); !closed) {
    return report(closed.error(), kFailed, arguments.json);
  }
  tell(arguments, **store, groups, *moved);
  return groups.refusals().empty() ? kDone : kFailed;
}

}  // namespace osprey::cli
