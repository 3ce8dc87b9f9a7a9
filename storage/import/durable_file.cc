#include "storage/import/durable_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>

#include "storage/file_descriptor.h"

namespace osprey::storage {
namespace {

tl::unexpected<Error> fail_call(const char* verb, const std::string& path, int error) {
  return fail("cannot " + std::string(verb) + " " + path + ": " +
              std::generic_category().message(error));
}

// A file's entry is durable only with the directory that it is in.
Result<void> sync_above(const std::string& path) {
  const std::string above = std::filesystem::absolute(path).parent_path().string();
  const FileDescriptor directory(::open(above.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.is_open() || fsync(directory.number()) != 0) {
    return fail_call("sync", above, errno);
  }
  return {};
}

}  // namespace

Result<void> append_durably(const std::string& path, Bytes content, mode_t mode) {
  constexpr int kFlags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW;
  const FileDescriptor file(::open(path.c_str(), kFlags, mode));
  if (!file.is_open()) return fail_call("write", path, errno);
  while (!content.empty()) {
    const ssize_t written = ::write(file.number(), content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return fail_call("write", path, written < 0 ? errno : EIO);
    content = content.subspan(static_cast<size_t>(written));
  }
  if (fsync(file.number()) != 0) return fail_call("sync", path, errno);
  return sync_above(path);
}

Result<void> make_directory_durably(const std::string& path) {
  std::string plain = path;  // with a slash at its end, a path is above itself
  while (plain.size() > 1 && plain.back() == '/') plain.pop_back();
  if (mkdir(plain.c_str(), 0700) != 0) return fail_call("make", plain, errno);
  return sync_above(plain);
}

}  // namespace osprey::storage
