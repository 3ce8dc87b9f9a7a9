#include "storage/import/import_marker.h"

#include <array>
#include <filesystem>
#include <system_error>

#include "storage/import/durable_file.h"
#include "storage/import/line_reader.h"

namespace osprey::storage {
namespace {

namespace fs = std::filesystem;

constexpr const char* kName = "osprey-imported";

// "2026-11-24T08:10:00Z".
std::string time_text(time_t now) {
  tm parts{};
  gmtime_r(&now, &parts);
  std::array<char, 32> text{};
  const size_t len = strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text.data(), len};
}

}  // namespace

std::string marker_of(const std::string& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored) ? (fs::path(path) / kName).string() : path + "." + kName;
}

Result<std::optional<std::string>> read_marker(const std::string& path) {
  const std::string marker = marker_of(path);
  std::error_code ignored;
  if (!fs::exists(marker, ignored)) return std::optional<std::string>();
  auto reader = LineReader::open(marker);
  if (!reader) return tl::unexpected(reader.error());
  std::string last;
  for (;;) {
    const auto line = reader->next();
    if (!line) return tl::unexpected(line.error());
    if (!*line) return last;
    last = **line;
  }
}

Result<void> write_marker(const std::string& path, const std::string& store_path, time_t now) {
  const std::string marker = marker_of(path);
  const std::string line = time_text(now) + " moved to " + fs::absolute(store_path).string() + "\n";
  const auto written = append_durably(marker, as_bytes(line), 0644);
  if (written) return {};
  return fail(written.error().cause,
              "run this as a user who may write there: without that note, the same contexts could "
              "be imported again and repeat numbers");
}

}  // namespace osprey::storage
