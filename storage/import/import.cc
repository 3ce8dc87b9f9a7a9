#include "storage/import/import.h"

#include <filesystem>
#include <optional>
#include <system_error>
#include <vector>

#include "storage/context_lines.h"
#include "storage/import/aiocoap_directory.h"
#include "storage/import/csv.h"
#include "storage/import/import_marker.h"
#include "storage/import/libcoap_conf.h"
#include "storage/import/line_reader.h"

namespace osprey::storage {
namespace {

namespace fs = std::filesystem;

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t") == std::string_view::npos;
}

// Calls `use` with each line that is not blank, and stops at the first error.
template <typename Use>
Result<void> for_each_line(LineReader& reader, Use use) {
  for (;;) {
    const auto line = reader.next();
    if (!line) return tl::unexpected(line.error());
    if (!*line) return {};
    if (is_blank(**line)) continue;
    if (const auto used = use(**line); !used) return used;
  }
}

Result<void> import_json_lines(const ImportSource& source, const TakeContext& take) {
  auto reader = LineReader::open(source.path);
  if (!reader) return tl::unexpected(reader.error());
  return for_each_line(*reader, [&](std::string_view line) -> Result<void> {
    ImportedContext context;
    auto parsed = parse_exported_line(line, reader->line_number(), context.sequence_floor);
    if (!parsed) return fail(source.path + ": " + parsed.error().cause, parsed.error().mend);
    context.parameters = std::move(*parsed);
    context.source = reader->place();
    auto whole = checked(std::move(context));
    if (!whole) return tl::unexpected(whole.error());
    return take(std::move(*whole));
  });
}

Result<void> import_csv(const ImportSource& source, const TakeContext& take) {
  auto reader = LineReader::open(source.path);
  if (!reader) return tl::unexpected(reader.error());
  std::optional<CsvColumns> columns;
  auto read = for_each_line(*reader, [&](std::string_view line) -> Result<void> {
    if (!columns) {
      auto parsed = CsvColumns::parse(line, reader->place());
      if (!parsed) return tl::unexpected(parsed.error());
      columns = std::move(*parsed);
      return {};
    }
    auto context = columns->parse_row(line, reader->place());
    if (!context) return tl::unexpected(context.error());
    return take(std::move(*context));
  });
  if (read && !columns) {
    return fail(source.path + " is empty",
                "its first line names the columns: " + write_csv_header());
  }
  return read;
}

Result<void> import_aiocoap(const ImportSource& source, const TakeContext& take) {
  const auto directories = find_aiocoap_directories(source.path);
  if (!directories) return tl::unexpected(directories.error());
  for (const std::string& directory : *directories) {
    auto context = read_aiocoap_directory(directory);
    if (!context) return tl::unexpected(context.error());
    if (auto taken = take(std::move(*context)); !taken) return taken;
  }
  return {};
}

// The whole of a file that must be there.
Result<SecretText> read_needed(const std::string& path, size_t max_len) {
  auto text = read_whole(path, max_len);
  if (!text) return tl::unexpected(text.error());
  if (!*text) return fail("there is no file " + path);
  return std::move(**text);
}

Result<uint64_t> libcoap_floor(const ImportSource& source, uint64_t ssn_freq) {
  if (source.sequence_file.empty()) return 0;
  const auto text = read_needed(source.sequence_file, 64);
  if (!text) return tl::unexpected(text.error());
  return parse_libcoap_sequence(*text, ssn_freq, source.sequence_file);
}

Result<void> import_libcoap(const ImportSource& source, const TakeContext& take) {
  const auto text = read_needed(source.path, kMaxLibcoapConfLen);
  if (!text) return tl::unexpected(text.error());
  auto conf = parse_libcoap_conf(*text, fs::path(source.path).stem().string(), source.path);
  if (!conf) return tl::unexpected(conf.error());
  const auto floor = libcoap_floor(source, conf->ssn_freq);
  if (!floor) return tl::unexpected(floor.error());
  for (ImportedContext& context : conf->contexts) {
    context.sequence_floor = *floor;
    if (auto taken = take(std::move(context)); !taken) return taken;
  }
  return {};
}

// The files and directories that the source's contexts are in, each marked on its own: context
// directories may be moved apart later. None for a pipe.
Result<std::vector<std::string>> marked_paths(const ImportSource& source) {
  if (source.format == ImportFormat::kAiocoap) return find_aiocoap_directories(source.path);
  std::error_code ignored;
  if (!fs::is_regular_file(source.path, ignored)) return std::vector<std::string>();
  return std::vector{source.path};
}

Result<void> check_not_imported(const ImportSource& source) {
  const auto paths = marked_paths(source);
  if (!paths) return tl::unexpected(paths.error());
  for (const std::string& path : *paths) {
    const auto marker = read_marker(path);
    if (!marker) return tl::unexpected(marker.error());
    if (!*marker) continue;
    return fail(path + " was imported before: " + **marker,
                "use that store; if it never had the contexts, or never will send with them, "
                "repeat the command with --again");
  }
  return {};
}

std::optional<ImportFormat> format_of_line(std::string_view line) {
  if (line.starts_with('{')) return ImportFormat::kJsonLines;
  for (const std::string_view encoding : {",hex,", ",ascii,", ",integer,", ",text,", ",bool,"}) {
    if (line.find(encoding) != std::string_view::npos) return ImportFormat::kLibcoap;
  }
  if (CsvColumns::parse(line, "")) return ImportFormat::kCsv;
  return std::nullopt;
}

}  // namespace

Result<ImportFormat> guess_format(const std::string& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) return ImportFormat::kAiocoap;
  auto reader = LineReader::open(path);
  if (!reader) return tl::unexpected(reader.error());
  for (;;) {
    const auto line = reader->next();
    if (!line) return tl::unexpected(line.error());
    if (!*line) break;
    if (is_blank(**line) || (*line)->starts_with('#')) continue;  // libcoap's comments
    if (const auto format = format_of_line(**line)) return *format;
    break;
  }
  return fail(path + " looks like none of the formats that can be imported",
              "name the format with --format: jsonl, csv, aiocoap or libcoap");
}

Result<void> import_contexts(const ImportSource& source, const TakeContext& take) {
  if (!source.again) {
    if (auto checked = check_not_imported(source); !checked) return checked;
  }
  switch (source.format) {
    case ImportFormat::kJsonLines: return import_json_lines(source, take);
    case ImportFormat::kCsv: return import_csv(source, take);
    case ImportFormat::kAiocoap: return import_aiocoap(source, take);
    case ImportFormat::kLibcoap: return import_libcoap(source, take);
  }
  return {};
}

Result<void> mark_imported(const ImportSource& source, const std::string& store_path, time_t now) {
  const auto paths = marked_paths(source);
  if (!paths) return tl::unexpected(paths.error());
  for (const std::string& path : *paths) {
    if (auto marked = write_marker(path, store_path, now); !marked) return marked;
  }
  return {};
}

}  // namespace osprey::storage
