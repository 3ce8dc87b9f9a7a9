#include "apps/osprey/transfer_commands.h"

#include <cstdio>
#include <ctime>
#include <filesystem>
#include <list>
#include <vector>

#include <nlohmann/json.hpp>

#include "apps/osprey/context_editor.h"
#include "apps/osprey/progress.h"
#include "apps/osprey/text.h"
#include "storage/context_lines.h"
#include "storage/import/aiocoap_directory.h"
#include "storage/import/csv.h"
#include "storage/import/durable_file.h"
#include "storage/import/import.h"
#include "storage/import/libcoap_conf.h"

namespace osprey::cli {
namespace {

using oscore::ContextParameters;
using storage::ImportedContext;
using storage::ImportFormat;
using storage::ImportSource;
using storage::Reveal;
using storage::StoredContext;

struct FormatName {
  std::string_view name;
  ImportFormat format;
};
constexpr std::array<FormatName, 4> kFormats = {{{"json", ImportFormat::kJsonLines},
                                                 {"csv", ImportFormat::kCsv},
                                                 {"aiocoap", ImportFormat::kAiocoap},
                                                 {"libcoap", ImportFormat::kLibcoap}}};

Result<ImportSource> source_of(const ImportArguments& arguments) {
  ImportSource source;
  source.path = arguments.from;
  source.sequence_file = arguments.sequence_file;
  source.again = arguments.again;
  if (!arguments.format) {
    const auto guessed = storage::guess_format(arguments.from);
    if (!guessed) return tl::unexpected(guessed.error());
    source.format = *guessed;
    return source;
  }
  for (const FormatName& each : kFormats) {
    if (each.name != *arguments.format) continue;
    source.format = each.format;
    return source;
  }
  return fail("unknown format \"" + *arguments.format + "\"",
              "choose one of json, csv, aiocoap, libcoap");
}

// What a first look at all of it finds. Nothing is changed yet.
struct Survey {
  uint64_t num_contexts = 0;
  uint64_t num_without_floor = 0;  // whose own numbers begin at 0, as far as the source knows
};

Result<Survey> look_at(const ImportSource& source) {
  Survey survey;
  const auto looked =
      storage::import_contexts(source, [&](const ImportedContext& context) -> Result<void> {
        ++survey.num_contexts;
        if (context.sequence_floor == 0) ++survey.num_without_floor;
        return {};
      });
  if (!looked) return tl::unexpected(looked.error());
  return survey;
}

// Collects contexts and adds them by groups.
class Importer {
 public:
  Importer(ContextEditor& editor, uint64_t total)
      : editor_(editor), progress_("contexts imported", total) {}

  Result<void> take(ImportedContext imported) {
    storage::NewContext context{std::move(imported.parameters), {}};
    context.brought.sequence_floor = imported.sequence_floor;
    if (imported.window) {
      // A list: the group's contexts point to their windows.
      auto& window = windows_.emplace_back(context.parameters.replay_window_size);
      imported.window->fill(window);
      context.brought.window = &window;
    }
    group_.push_back(std::move(context));
    return group_.size() < ContextEditor::kMaxGroup ? Result<void>() : flush();
  }

  Result<void> flush() {
    if (group_.empty()) return {};
    if (auto added = editor_.add(group_); !added) {
      added.error().cause += "; " + std::to_string(num_added_) + " contexts are in";
      return added;
    }
    num_added_ += group_.size();
    group_.clear();
    windows_.clear();
    progress_.show(num_added_);
    return {};
  }

  uint64_t num_added() const { return num_added_; }

 private:
  ContextEditor& editor_;
  Progress progress_;
  std::vector<storage::NewContext> group_;
  std::list<oscore::ReplayWindow> windows_;
  uint64_t num_added_ = 0;
};

Result<uint64_t> import_all(const ImportArguments& arguments, ImportSource source,
                            const Survey& survey) {
  auto editor = ContextEditor::open(arguments.store);
  if (!editor) return tl::unexpected(editor.error());
  // From here on a crash costs an --again, and no nonce.
  if (auto marked = storage::mark_imported(source, arguments.store.path, std::time(nullptr));
      !marked) {
    return tl::unexpected(marked.error());
  }
  source.again = true;
  Importer importer(**editor, survey.num_contexts);
  auto done = storage::import_contexts(
      source, [&](ImportedContext context) { return importer.take(std::move(context)); });
  if (done) done = importer.flush();
  if (done) done = (*editor)->close();
  if (!done) return tl::unexpected(done.error());
  return importer.num_added();
}

void tell_imported(const ImportArguments& arguments, const Survey& survey, uint64_t num_added) {
  if (arguments.json) {
    const nlohmann::ordered_json json = {{"imported", num_added},
                                         {"without_floor", survey.num_without_floor}};
    std::printf("%s\n", json.dump().c_str());
    return;
  }
  std::printf("imported %llu contexts from %s\n", static_cast<unsigned long long>(num_added),
              arguments.from.c_str());
  std::fprintf(stderr,
               "warning: contexts are moved, not copied: do not use them from %s any more\n",
               arguments.from.c_str());
  if (survey.num_without_floor > 0) {
    std::fprintf(stderr,
                 "warning: of %llu contexts the source does not say which numbers they have used: "
                 "only right if they never sent anything\n",
                 static_cast<unsigned long long>(survey.num_without_floor));
  }
}

void print_line(std::string_view line) {
  std::fwrite(line.data(), 1, line.size(), stdout);
  std::fputc('\n', stdout);
}

// One context in one format. `used_below`: whoever takes it goes on from there.
Result<void> export_one(const ExportArguments& arguments, const ContextParameters& parameters,
                        uint64_t used_below) {
  const Reveal reveal = arguments.reveal ? Reveal::kYes : Reveal::kNo;
  if (arguments.format == "json") {
    print_line(storage::write_exported_line(parameters, used_below, reveal));
    return {};
  }
  if (arguments.format == "csv") {
    print_line(storage::write_csv_row(parameters, used_below, reveal));
    return {};
  }
  // Names are text, and may hold a slash.
  std::string file_name = parameters.name;
  std::ranges::replace(file_name, '/', '_');
  const std::string path = arguments.to + "/" + file_name;
  if (arguments.format == "aiocoap") {
    const auto files = storage::write_aiocoap(parameters, used_below, reveal);
    if (!files) return tl::unexpected(files.error());
    return storage::make_aiocoap_directory(path, *files);
  }
  const auto conf = storage::write_libcoap_conf(parameters, reveal);
  if (!conf) return tl::unexpected(conf.error());
  constexpr mode_t kPrivate = 0600;
  if (std::filesystem::exists(path + ".conf")) return fail(path + ".conf is there already");
  if (auto written =
          storage::append_durably(path + ".conf", as_bytes(std::string_view(*conf)), kPrivate);
      !written) {
    return written;
  }
  const std::string sequence = storage::write_libcoap_sequence(used_below);
  return storage::append_durably(path + ".seq", as_bytes(std::string_view(sequence)), kPrivate);
}

Result<void> check_export(const ExportArguments& arguments) {
  const bool to_files = arguments.format == "aiocoap" || arguments.format == "libcoap";
  if (!to_files && arguments.format != "json" && arguments.format != "csv") {
    return fail("unknown format \"" + arguments.format + "\"",
                "choose one of json, csv, aiocoap, libcoap");
  }
  if (to_files && arguments.to.empty()) {
    return fail("the format " + arguments.format + " is made of files", "say where: --to DIR");
  }
  if (!to_files && !arguments.to.empty()) {
    return fail("the format " + arguments.format + " goes to standard output",
                "leave out --to, and redirect: > FILE");
  }
  return {};
}

}  // namespace

int import_contexts(const ImportArguments& arguments) {
  const auto source = source_of(arguments);
  if (!source) return report(source.error(), kBadUsage);
  const auto survey = look_at(*source);
  if (!survey) return report(survey.error(), kBadUsage);
  const auto num_added = import_all(arguments, *source, *survey);
  if (!num_added) return report(num_added.error(), kBadUsage);
  tell_imported(arguments, *survey, *num_added);
  return kDone;
}

int export_contexts(const ExportArguments& arguments) {
  if (const auto checked = check_export(arguments); !checked) {
    return report(checked.error(), kBadUsage);
  }
  const auto store = open_to_read(arguments.store);
  if (!store) return report(store.error(), kBadUsage);
  if (!arguments.to.empty()) std::filesystem::create_directories(arguments.to);
  if (arguments.format == "csv") print_line(storage::write_csv_header());
  const auto done = (*store)->for_each([&](const StoredContext& stored) -> Result<void> {
    if (!stored.record.parameters.name.starts_with(arguments.prefix)) return {};
    const auto used_below = (*store)->used_below(stored);
    if (!used_below) return tl::unexpected(used_below.error());
    return export_one(arguments, stored.record.parameters, *used_below);
  });
  if (!done) return report(done.error(), kBadUsage);
  if (arguments.reveal) {
    std::fprintf(
        stderr,
        "warning: contexts are moved, not copied: remove those that are used elsewhere now "
        "(osprey context remove NAME)\n");
  }
  return kDone;
}

}  // namespace osprey::cli
