#include "storage/kek_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>  // renameat2
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <system_error>

#include "framework/base/check.h"
#include "storage/file_descriptor.h"
#include "storage/import/durable_file.h"
#include "storage/secret_hex.h"
#include "storage/secret_text.h"

namespace osprey::storage {
namespace {

constexpr size_t kTextLen = 2 * kKekLen + 1;
constexpr mode_t kMode = 0400;
constexpr mode_t kOthers = 077;

std::string error_text(int error) { return std::generic_category().message(error); }

std::string run_as_owner(const std::string& path) {
  return "run this as the user that owns it (ls -l " + shell_word(path) + ")";
}

tl::unexpected<Error> fail_there_is_one(const std::string& path) {
  return fail(path + " is there already",
              "keep it: what was wrapped with it cannot be read without it");
}

tl::unexpected<Error> fail_missing(const std::string& path) {
  return fail("there is no key-encryption key at " + path,
              "put the file back: without it nobody can read the keys of the store's contexts");
}

tl::unexpected<Error> fail_read(const std::string& path, int error) {
  return fail("cannot read " + path + ": " + error_text(error),
              error == EACCES ? run_as_owner(path) : std::string());
}

// A new key, as the file says it.
SecretText draw_text() {
  Kek kek;
  CHECK(getrandom(kek.space(kKekLen).data(), kKekLen, 0) == kKekLen);
  SecretText text;
  text.reserve(kTextLen);
  append_hex(text, kek.reveal());
  text += '\n';
  return text;
}

// Gives the durable file `draft` its mode and its name, unless that name is taken.
Result<void> publish(const Directory& directory, const char* name, const char* draft) {
  const FileDescriptor folder = directory.open_itself();
  const int at = folder.number();
  const bool is_done = fchmodat(at, draft, kMode, 0) == 0 &&
                       renameat2(at, draft, at, name, RENAME_NOREPLACE) == 0 && fsync(at) == 0;
  if (is_done) return {};
  if (errno == EEXIST) return fail_there_is_one(directory.path_of(name));
  return fail("cannot make " + directory.path_of(name) + ": " + error_text(errno));
}

// What Directory::open_file demands of a file of the store.
Result<void> check_private(const FileDescriptor& file, const std::string& path) {
  struct stat status {};
  if (fstat(file.number(), &status) != 0) return fail_read(path, errno);
  if (!S_ISREG(status.st_mode)) return fail(path + " is not a regular file");
  if ((status.st_mode & kOthers) != 0) {
    return fail(path + " holds a key, and others may get at it", "chmod 400 " + shell_word(path));
  }
  if (geteuid() != 0 && status.st_uid != geteuid()) {
    return fail(path + " belongs to another user", run_as_owner(path));
  }
  return {};
}

// The file's text; of one that is too long, enough to show that.
Result<SecretText> read_text(const FileDescriptor& file, const std::string& path) {
  SecretText text;
  text.resize(kTextLen + 1);
  size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = ::read(file.number(), text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_read(path, errno);
    if (got == 0) break;
    size += static_cast<size_t>(got);
  }
  text.resize(size);
  return text;
}

// A missing end of line is forgiven: some that hand out secrets cut it off.
Result<Kek> read_kek(const FileDescriptor& file, const std::string& path) {
  const auto text = read_text(file, path);
  if (!text) return tl::unexpected(text.error());
  std::string_view digits(*text);
  if (digits.ends_with('\n')) digits.remove_suffix(1);
  MasterSecret key;
  if (digits.size() != 2 * kKekLen || !read_secret_hex(key, digits)) {
    return fail(path + " is not a key-encryption key: expected " + std::to_string(2 * kKekLen) +
                    " hex digits and an end of line",
                "put the file back that was written when the store was made");
  }
  return Kek(key.reveal());
}

}  // namespace

Result<void> create_kek(const Directory& directory, const char* name) {
  // Looked for first, so that where there is one not even the draft is made.
  const auto found = directory.open_file(name, O_RDONLY);
  if (!found) return tl::unexpected(found.error());
  if (*found) return fail_there_is_one(directory.path_of(name));

  const SecretText text = draw_text();
  const std::string draft = std::string(name) + ".draft";
  const auto written = directory.replace(draft.c_str(), as_bytes(std::string_view(text)));
  if (!written) return written;
  return publish(directory, name, draft.c_str());
}

Result<void> create_kek(const std::string& path) {
  struct stat status {};
  if (lstat(path.c_str(), &status) == 0) return fail_there_is_one(path);
  return append_durably(path, as_bytes(std::string_view(draw_text())), kMode);
}

Result<Kek> read_kek(const Directory& directory, const char* name) {
  const auto file = directory.open_file(name, O_RDONLY);
  if (!file) return tl::unexpected(file.error());
  if (!*file) return fail_missing(directory.path_of(name));
  return read_kek(**file, directory.path_of(name));
}

Result<Kek> read_kek(const std::string& path) {
  // Without O_NONBLOCK a FIFO of that name would hold us up for ever.
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file.is_open()) return errno == ENOENT ? fail_missing(path) : fail_read(path, errno);
  if (const auto checked = check_private(file, path); !checked) {
    return tl::unexpected(checked.error());
  }
  return read_kek(file, path);
}

}  // namespace osprey::storage
