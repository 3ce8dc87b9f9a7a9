#include "storage/import/aiocoap_directory.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "storage/file_descriptor.h"
#include "storage/import/aiocoap_words.h"
#include "storage/import/durable_file.h"
#include "storage/import/line_reader.h"

namespace osprey::storage {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxFileLen = size_t{64} << 10;

bool is_context_directory(const fs::path& path) {
  std::error_code ignored;  // what cannot be looked at is none
  for (const char* file : {kAiocoapSettings, kAiocoapSecret, kAiocoapSecrets}) {
    if (fs::is_regular_file(path / file, ignored)) return true;
  }
  return false;
}

// The last part of the path, which for "." and ".." is the name of what they stand for.
std::string name_of(const std::string& path) {
  std::error_code error;
  const fs::path whole = fs::canonical(path, error);
  return error ? path : whole.filename().string();
}

// The lock as aiocoap takes it (flock), shared, as the directory may be one we cannot write to.
// Without a lock file nobody has the context open.
Result<FileDescriptor> lock_shared(const std::string& path) {
  const std::string lock = path + "/" + kAiocoapLock;
  FileDescriptor file(::open(lock.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file.is_open() && errno == ENOENT) return FileDescriptor();
  if (!file.is_open() || flock(file.number(), LOCK_SH | LOCK_NB) != 0) {
    const int error = errno;
    if (error == EWOULDBLOCK) {
      return fail(path + " is locked: a program of aiocoap uses this context now",
                  "stop that program, then import again");
    }
    return fail("cannot lock " + lock + ": " + std::generic_category().message(error));
  }
  return file;
}

Result<void> read_file(std::optional<SecretText>& out, const std::string& path, const char* name) {
  auto text = read_whole(path + "/" + name, kMaxFileLen);
  if (!text) return tl::unexpected(text.error());
  out = std::move(*text);
  return {};
}

Result<AiocoapFiles> read_files(const std::string& path) {
  AiocoapFiles files;
  const auto read =
      read_file(files.secret, path, kAiocoapSecret)
          .and_then([&] { return read_file(files.secrets, path, kAiocoapSecrets); })
          .and_then([&] { return read_file(files.settings, path, kAiocoapSettings); })
          .and_then([&] { return read_file(files.sequence, path, kAiocoapSequence); });
  if (!read) return tl::unexpected(read.error());
  return files;
}

}  // namespace

Result<std::vector<std::string>> find_aiocoap_directories(const std::string& path) {
  if (is_context_directory(path)) return std::vector{path};
  std::vector<std::string> found;
  std::error_code error;
  for (fs::directory_iterator each(path, error), end; !error && each != end;
       each.increment(error)) {
    if (is_context_directory(each->path())) found.push_back(each->path().string());
  }
  if (error) return fail("cannot read " + path + ": " + error.message());
  if (found.empty()) {
    return fail(path + " is not a context directory of aiocoap, and has none in it",
                "such a directory has a file " + std::string(kAiocoapSettings));
  }
  std::sort(found.begin(), found.end());
  return found;
}

Result<ImportedContext> read_aiocoap_directory(const std::string& path) {
  const auto lock = lock_shared(path);
  if (!lock) return tl::unexpected(lock.error());
  const auto files = read_files(path);
  if (!files) return tl::unexpected(files.error());
  return parse_aiocoap(*files, name_of(path), path);
}

Result<void> make_aiocoap_directory(const std::string& path, const AiocoapFiles& files) {
  if (auto made = make_directory_durably(path); !made) return made;
  const auto put = [&](const char* name, const std::optional<SecretText>& text) {
    return text ? append_durably(path + "/" + name, as_bytes(*text), 0600) : Result<void>();
  };
  // The settings last: without them, what a crash left behind is no whole context.
  return put(kAiocoapSequence, files.sequence)
      .and_then([&] { return put(kAiocoapSecret, files.secret); })
      .and_then([&] { return put(kAiocoapSettings, files.settings); });
}

}  // namespace osprey::storage
