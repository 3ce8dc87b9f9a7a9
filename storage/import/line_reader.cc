#include "storage/import/line_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstring>
#include <system_error>

namespace osprey::storage {
namespace {

constexpr size_t kBufferLen = size_t{64} << 10;
static_assert(kBufferLen > LineReader::kMaxLineLen + 2, "a line and its end fit");

tl::unexpected<Error> fail_read(const std::string& path, int error) {
  return fail("cannot read " + path + ": " + std::generic_category().message(error));
}

// As read(2), but goes on after a signal.
ssize_t read_some(const FileDescriptor& file, char* data, size_t len) {
  for (;;) {
    const ssize_t got = ::read(file.number(), data, len);
    if (got >= 0 || errno != EINTR) return got;
  }
}

}  // namespace

Result<LineReader> LineReader::open(const std::string& path) {
  FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!file.is_open()) return fail_read(path, errno);
  return LineReader(path, std::move(file));
}

Result<std::optional<std::string_view>> LineReader::next() {
  size_t searched = 0;
  for (;;) {
    const std::string_view rest = std::string_view(buffer_).substr(begin_, end_ - begin_);
    const size_t len = std::min(rest.find('\n', searched), rest.size());
    if (len > kMaxLineLen + 1) {
      return fail(path_ + ": line " + std::to_string(line_number_ + 1) + ": longer than " +
                  std::to_string(kMaxLineLen) + " bytes");
    }
    if (len < rest.size()) return take(len, 1);
    if (is_at_end_ && rest.empty()) return std::optional<std::string_view>();
    if (is_at_end_) return take(len, 0);
    searched = len;
    if (const auto read = read_more(); !read) return tl::unexpected(read.error());
  }
}

std::string_view LineReader::take(size_t len, size_t end_len) {
  std::string_view line = std::string_view(buffer_).substr(begin_, len);
  begin_ += len + end_len;
  ++line_number_;
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

Result<void> LineReader::read_more() {
  buffer_.resize(kBufferLen);
  if (begin_ > 0) std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  const ssize_t got = read_some(file_, buffer_.data() + end_, buffer_.size() - end_);
  if (got < 0) return fail_read(path_, errno);
  end_ += static_cast<size_t>(got);
  is_at_end_ = got == 0;
  return {};
}

Result<std::optional<SecretText>> read_whole(const std::string& path, size_t max_len) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!file.is_open() && errno == ENOENT) return std::optional<SecretText>();
  if (!file.is_open()) return fail_read(path, errno);
  SecretText content;
  content.resize(max_len + 1);  // one more than may be, to see that it is not
  size_t len = 0;
  while (len < content.size()) {
    const ssize_t got = read_some(file, content.data() + len, content.size() - len);
    if (got < 0) return fail_read(path, errno);
    if (got == 0) break;
    len += static_cast<size_t>(got);
  }
  if (len > max_len) return fail(path + " has more than " + std::to_string(max_len) + " bytes");
  content.resize(len);
  return std::optional(std::move(content));
}

}  // namespace osprey::storage
