#include "apps/osprey/store_place.h"

#include <chrono>
#include <thread>

#include "storage/epoch_file.h"
#include "storage/store_lock.h"

namespace osprey::cli {
namespace {

constexpr int kAttempts = 5;
constexpr std::chrono::milliseconds kPause{20};

}  // namespace

using storage::Store;

storage::StoreOptions StorePlace::options() const {
  storage::StoreOptions options;
  options.key_file = key_file;
  return options;
}

std::string StorePlace::arguments() const {
  std::string text = "--store " + storage::shell_word(path);
  if (!key_file.empty()) text += " --key-file " + storage::shell_word(key_file);
  return text;
}

std::optional<Error> why_locked(const std::string& path) {
  const auto directory = storage::Directory::open(path);
  if (!directory) return std::nullopt;
  // A lock leaves its file behind: not in a directory that is none of ours.
  if (!storage::EpochFile::exists(**directory).value_or(false)) return std::nullopt;
  const auto lock = storage::StoreLock::acquire(**directory);
  return lock ? std::nullopt : std::optional(lock.error());
}

Result<std::unique_ptr<Store>> open_to_read(const StorePlace& place) {
  for (int attempt = 1;; ++attempt) {
    auto store = Store::open(place.path, storage::OpenMode::kInspect, place.options());
    if (store || attempt == kAttempts) return store;
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace osprey::cli
