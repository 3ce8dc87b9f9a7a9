#include "storage/directory.h"

#include <errno.h>
#include <sys/stat.h>

#include <filesystem>
#include <system_error>

#include "framework/base/crash_point.h"

namespace osprey::storage {
namespace {

constexpr mode_t kOthers = 077;
constexpr mode_t kDirectoryMode = 0700;
constexpr mode_t kFileMode = 0600;

std::string error_text(int error) { return std::generic_category().message(error); }

std::string mend_of(int error, const std::string& path) {
  const std::string word = shell_word(path);
  switch (error) {
    case ENOSPC:
    case EDQUOT: return "free space on the file system of " + word + " (df " + word + ")";
    case EACCES:
    case EPERM: return "run this as the user that owns it (ls -ld " + word + ")";
    case EROFS: return "mount the file system of " + word + " for writing";
    case EIO: return "look at the disk of " + word + " (dmesg | tail)";
    default: return {};
  }
}

// What a private file or directory must be: nobody else's, in owner and in mode.
Result<void> check_private(const struct stat& status, const std::string& path, mode_t wanted) {
  const std::string word = shell_word(path);
  if ((status.st_mode & kOthers) != 0) {
    const std::string mode = wanted == kDirectoryMode ? "700 " : "600 ";
    return fail(path + " holds keys, and others may get at it", "chmod " + mode + word);
  }
  if (geteuid() != 0 && status.st_uid != geteuid()) {
    return fail(path + " belongs to another user", mend_of(EACCES, path));
  }
  return {};
}

// A file made by root in a service's store stays the service's.
int give_file_to_owner(int directory, int file) {
  if (geteuid() != 0) return 0;
  struct stat status {};
  if (fstat(directory, &status) != 0) return -1;
  return fchown(file, status.st_uid, status.st_gid);
}

std::string leftover_of(const char* name) { return std::string(name) + ".new"; }

// Makes the directory's entry durable in the one above it.
Result<void> sync_parent(const std::string& path, FileCalls& calls) {
  const std::filesystem::path above = std::filesystem::absolute(path).parent_path();
  const FileDescriptor parent(::open(above.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!parent.is_open() || calls.fsync(parent.number()) != 0) {
    const int error = errno;
    return fail("cannot sync " + above.string() + ": " + error_text(error),
                mend_of(error, above.string()));
  }
  return {};
}

// "store/" and "store" are one path: so is what error texts say.
std::string without_trailing_slash(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

}  // namespace

std::string shell_word(std::string_view path) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-+,:@%";
  if (!path.empty() && path.find_first_not_of(kPlain) == std::string_view::npos) {
    return std::string(path);
  }
  std::string word = "'";
  for (const char c : path) {
    if (c == '\'') {
      word += "'\\''";
    } else {
      word += c;
    }
  }
  return word + "'";
}

Result<DirectoryPtr> Directory::open(const std::string& given_path, FileCalls& calls) {
  const std::string path = without_trailing_slash(given_path);
  FileDescriptor file(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!file.is_open()) {
    const int error = errno;
    if (error == ENOENT) {
      return fail("there is no store at " + path, "osprey store init --store " + shell_word(path));
    }
    return fail("cannot open the store " + path + ": " + error_text(error), mend_of(error, path));
  }
  struct stat status {};
  if (fstat(file.number(), &status) != 0) {
    return fail("cannot open the store " + path + ": " + error_text(errno));
  }
  if (const auto checked = check_private(status, path, kDirectoryMode); !checked) {
    return tl::unexpected(checked.error());
  }
  return DirectoryPtr(new Directory(path, std::move(file), calls));
}

Result<DirectoryPtr> Directory::create(const std::string& given_path, FileCalls& calls) {
  const std::string path = without_trailing_slash(given_path);
  std::error_code error;
  const std::filesystem::path above = std::filesystem::absolute(path).parent_path();
  std::filesystem::create_directories(above, error);
  if (error) return fail("cannot make " + above.string() + ": " + error.message());
  if (mkdir(path.c_str(), kDirectoryMode) != 0 && errno != EEXIST) {
    const int number = errno;
    return fail("cannot make the store " + path + ": " + error_text(number),
                mend_of(number, above.string()));
  }
  if (const auto synced = sync_parent(path, calls); !synced) return tl::unexpected(synced.error());
  return open(path, calls);
}

tl::unexpected<Error> Directory::fail_call(const char* verb, std::string_view name,
                                           int error) const {
  return fail("cannot " + std::string(verb) + " " + path_of(name) + ": " + error_text(error),
              mend_of(error, path_));
}

Result<std::optional<FileDescriptor>> Directory::open_file(const char* name, int flags) const {
  // Without O_NONBLOCK a FIFO of that name would hold us up for ever.
  const int all_flags = flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  FileDescriptor file(calls_.open_at(file_.number(), name, all_flags, kFileMode));
  if (!file.is_open()) {
    if (errno == ENOENT) return std::optional<FileDescriptor>();
    return fail_call("open", name, errno);
  }
  struct stat status {};
  if (fstat(file.number(), &status) != 0) return fail_call("look at", name, errno);
  if (!S_ISREG(status.st_mode)) return fail(path_of(name) + " is not a regular file");
  if (const auto checked = check_private(status, path_of(name), kFileMode); !checked) {
    return tl::unexpected(checked.error());
  }
  if ((flags & O_CREAT) != 0 && give_file_to_owner(file_.number(), file.number()) != 0) {
    return fail_call("change the owner of", name, errno);
  }
  return std::optional(std::move(file));
}

FileDescriptor Directory::open_itself() const {
  return FileDescriptor(::openat(file_.number(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

Result<std::optional<SecretText>> Directory::read(const char* name, size_t max_len) const {
  auto file = open_file(name, O_RDONLY);
  if (!file) return tl::unexpected(file.error());
  if (!*file) return std::optional<SecretText>();

  struct stat status {};
  if (fstat((*file)->number(), &status) != 0) return fail_call("look at", name, errno);
  SecretText content;
  // One byte more than the file has, so that reading its end needs no growing.
  content.resize(std::min(max_len, static_cast<size_t>(status.st_size)) + 1);
  size_t size = 0;
  for (;;) {
    const ssize_t got = ::read((*file)->number(), content.data() + size, content.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_call("read", name, errno);
    if (got == 0) break;
    size += static_cast<size_t>(got);
    if (size > max_len) {
      return fail(path_of(name) + " has more than " + std::to_string(max_len) + " bytes");
    }
    if (size == content.size()) content.resize(size * 2);
  }
  content.resize(size);
  return std::optional(std::move(content));
}

Result<void> Directory::write_and_sync(const char* name, const MakeContent& make_content) const {
  const FileDescriptor file(calls_.open_at(
      file_.number(), name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, kFileMode));
  if (!file.is_open()) return fail_call("make", name, errno);
  // An old leftover keeps its own mode.
  if (fchmod(file.number(), kFileMode) != 0) return fail_call("change the mode of", name, errno);
  if (give_file_to_owner(file_.number(), file.number()) != 0) {
    return fail_call("change the owner of", name, errno);
  }
  FileIdentity identity;
  if (calls_.identify(file.number(), identity) != 0) return fail_call("look at", name, errno);
  const SecretBytes bytes = make_content(identity);
  Bytes content = bytes;
  while (!content.empty()) {
    const ssize_t written = calls_.write(file.number(), content);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return fail_call("write", name, written < 0 ? errno : EIO);
    content = content.subspan(static_cast<size_t>(written));
  }
  // A failed fsync may have dropped the dirty pages: there is nothing to repeat but the whole.
  if (calls_.fsync(file.number()) != 0) return fail_call("sync", name, errno);
  return {};
}

Result<void> Directory::replace(const char* name, Bytes content) const {
  return replace(name,
                 [&](const FileIdentity&) { return SecretBytes(content.begin(), content.end()); });
}

Result<std::optional<FileIdentity>> Directory::identity(const char* name) const {
  const auto file = open_file(name, O_RDONLY);
  if (!file) return tl::unexpected(file.error());
  if (!*file) return std::optional<FileIdentity>();
  FileIdentity identity;
  if (calls_.identify((*file)->number(), identity) != 0) return fail_call("look at", name, errno);
  return std::optional(identity);
}

Result<void> Directory::replace(const char* name, const MakeContent& make_content) const {
  const std::string leftover = leftover_of(name);
  CRASH_POINT(kFileBeforeWrite);
  if (const auto written = write_and_sync(leftover.c_str(), make_content); !written) return written;
  CRASH_POINT(kFileBeforeRename);
  if (calls_.rename_at(file_.number(), leftover.c_str(), name) != 0) {
    return fail_call("rename", leftover, errno);
  }
  CRASH_POINT(kFileBeforeDirectorySync);
  if (calls_.fsync(file_.number()) != 0) return fail_call("sync the directory of", name, errno);
  CRASH_POINT(kFileReplaced);
  return {};
}

Result<void> Directory::rename(const char* from, const char* to) const {
  if (calls_.rename_at(file_.number(), from, to) != 0) return fail_call("rename", from, errno);
  if (calls_.fsync(file_.number()) != 0) return fail_call("sync the directory of", to, errno);
  return {};
}

Result<void> Directory::give_to_owner(const char* directory_name) const {
  if (geteuid() != 0) return {};
  struct stat owner {};
  if (fstat(file_.number(), &owner) != 0) return fail_call("look at", directory_name, errno);
  const std::filesystem::path path = path_of(directory_name);
  std::vector<std::filesystem::path> all = {path};
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(path, error)) {
    all.push_back(entry.path());
  }
  if (error) return fail("cannot list " + path.string() + ": " + error.message());
  for (const std::filesystem::path& each : all) {
    if (lchown(each.c_str(), owner.st_uid, owner.st_gid) != 0 && errno != ENOENT) {
      return fail_call("change the owner of", each.filename().string(), errno);
    }
  }
  return {};
}

void Directory::remove_leftover(const char* name) const {
  ::unlinkat(file_.number(), leftover_of(name).c_str(), 0);
}

}  // namespace osprey::storage
