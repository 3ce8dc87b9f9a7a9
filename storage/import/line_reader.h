// Text files that hold secrets, read line by line or whole; every buffer is zeroised (I7).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "framework/base/result.h"
#include "storage/file_descriptor.h"
#include "storage/secret_text.h"

namespace osprey::storage {

// The lines of a file or pipe of any length, one at a time in one buffer.
class LineReader {
 public:
  // Without its end. The longest line of JSON (kMaxContextLineLen), and room for whoever sees it.
  static constexpr size_t kMaxLineLen = 8192;

  static Result<LineReader> open(const std::string& path);

  // The next line without its end (\n or \r\n), borrowed until the next call; nothing when there is
  // none left. An error when reading fails, or a line is too long.
  Result<std::optional<std::string_view>> next();

  // Of the line that next() gave last, from 1.
  size_t line_number() const { return line_number_; }

  const std::string& path() const { return path_; }
  // "file.csv: line 3".
  std::string place() const { return path_ + ": line " + std::to_string(line_number_); }

 private:
  LineReader(std::string path, FileDescriptor file)
      : path_(std::move(path)), file_(std::move(file)) {}

  // Reads on behind what is not taken yet; sets is_at_end_ when there is nothing to read.
  Result<void> read_more();
  std::string_view take(size_t len, size_t end_len);

  std::string path_;
  FileDescriptor file_;
  SecretText buffer_;
  size_t begin_ = 0;  // buffer_[begin_, end_): read, and not taken yet
  size_t end_ = 0;
  size_t line_number_ = 0;
  bool is_at_end_ = false;
};

// The whole file; nothing when there is none of that name.
Result<std::optional<SecretText>> read_whole(const std::string& path, size_t max_len);

}  // namespace osprey::storage
