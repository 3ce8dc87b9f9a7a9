// The directory of one store: private to its owner, and held open, so that everything goes to the
// directory that was locked even if somebody moves it meanwhile.
//
// Modes are checked as ssh does: a directory or file that others may read or write is refused with
// the chmod command to type.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "framework/base/result.h"
#include "storage/file_calls.h"
#include "storage/file_descriptor.h"
#include "storage/secret_text.h"

namespace osprey::storage {

class Directory;
using DirectoryPtr = std::shared_ptr<const Directory>;

class Directory {
 public:
  // `calls` must outlive the directory.
  static Result<DirectoryPtr> open(const std::string& path, FileCalls& calls = FileCalls::system());
  // As open; makes it, and what is missing above it, when it is not there.
  static Result<DirectoryPtr> create(const std::string& path,
                                     FileCalls& calls = FileCalls::system());

  const std::string& path() const { return path_; }
  std::string path_of(std::string_view name) const { return path_ + "/" + std::string(name); }

  // Opens a private regular file; `flags` as for open(2), O_CREAT makes it 0600. Nothing when there
  // is no such file.
  Result<std::optional<FileDescriptor>> open_file(const char* name, int flags) const;

  // Opens the directory once more, apart from the descriptor that this object holds.
  FileDescriptor open_itself() const;

  // The whole file. Nothing when there is no such file; an error when it is longer than `max_len`.
  Result<std::optional<SecretText>> read(const char* name, size_t max_len) const;

  // Puts `content` in the place of the file, all of it or nothing, durably: written beside it,
  // synced, renamed, and the directory synced. After an error the file may be the old or the new
  // one, and whether it stays that way through a power cut is unknown: write it again.
  Result<void> replace(const char* name, Bytes content) const;

  // The same with content that may tell which file it is in.
  using MakeContent = std::function<SecretBytes(const FileIdentity&)>;
  Result<void> replace(const char* name, const MakeContent& make_content) const;

  // Durably. `from` may be a directory, whose content is synced.
  Result<void> rename(const char* from, const char* to) const;

  // Nothing when there is no such file.
  Result<std::optional<FileIdentity>> identity(const char* name) const;

  // A directory in here, and the files in it, become those of the owner of this one: what root made
  // in a service's store stays the service's. Nothing to do for others than root.
  Result<void> give_to_owner(const char* directory_name) const;

  // Removes what a replace() that was cut short left beside `name`. Only for the lock's holder.
  void remove_leftover(const char* name) const;

 private:
  Directory(std::string path, FileDescriptor file, FileCalls& calls)
      : path_(std::move(path)), file_(std::move(file)), calls_(calls) {}
  tl::unexpected<Error> fail_call(const char* verb, std::string_view name, int error) const;
  Result<void> write_and_sync(const char* name, const MakeContent& make_content) const;

  std::string path_;
  FileDescriptor file_;
  FileCalls& calls_;
};

// `path` as a shell takes it as one word.
std::string shell_word(std::string_view path);

}  // namespace osprey::storage
