// What the storage tests share: directories that go away, contexts, and file calls that fail.
#pragma once

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

#include "framework/oscore/context.h"
#include "storage/directory.h"
#include "storage/file_calls.h"

namespace osprey::storage {

// A fresh directory (0700), removed with everything in it; in memory if there is such a place,
// because the tests sync thousands of times and none looks at the real disk.
class TempDirectory {
 public:
  TempDirectory() {
    const std::string memory = "/dev/shm";
    const bool has_memory = access(memory.c_str(), W_OK | X_OK) == 0;
    std::string name = (has_memory ? memory : testing::TempDir()) + "/osprey-storage-XXXXXX";
    if (mkdtemp(name.data()) != nullptr) path_ = name;
    EXPECT_FALSE(path_.empty());
  }
  ~TempDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
    std::filesystem::remove(path_ + ".adopted", ignored);  // beside a store, on purpose
  }
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;

  const std::string& path() const { return path_; }
  std::string path_of(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

inline std::string read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void write_text(const std::string& path, std::string_view text) {
  std::ofstream(path, std::ios::binary) << text;
  EXPECT_EQ(chmod(path.c_str(), 0600), 0);
}

// The error's text, or what was wrong with the test's assumption.
template <typename T>
std::string error_of(const Result<T>& result) {
  return result ? "(no error)" : result.error().text();
}

// A context of its own keys: `number` is in its secret, its name and its IDs.
inline oscore::ContextParameters numbered_context(uint32_t number) {
  oscore::ContextParameters parameters;
  parameters.name = "context-" + std::to_string(number);
  std::array<uint8_t, 16> secret{};
  for (size_t i = 0; i < 4; ++i) secret[i] = static_cast<uint8_t>(number >> (8 * i));
  secret[15] = 0x5a;
  parameters.master_secret = Secret<oscore::kMaxMasterSecretLen>(secret);
  parameters.sender_id = {1};
  parameters.recipient_id = {static_cast<uint8_t>(number >> 16), static_cast<uint8_t>(number >> 8),
                             static_cast<uint8_t>(number)};
  return parameters;
}

// Fails the calls that change something, from the `first`-th on (from 0), `count` of them.
class FailingCalls : public FileCalls {
 public:
  void fail(int first, int count, int error) {
    error_ = error;
    first_ = calls_ + first;
    end_ = first_ + count;
  }
  void recover() { end_ = 0; }
  int calls() const { return calls_; }

  int open_at(int directory, const char* name, int flags, mode_t mode) override {
    if ((flags & O_CREAT) != 0 && fails()) return -1;
    return FileCalls::open_at(directory, name, flags, mode);
  }
  // When it does not fail, it writes one byte less than it could: short writes are legal.
  ssize_t write(int file, Bytes bytes) override {
    if (fails()) return -1;
    return FileCalls::write(file, bytes.size() > 1 ? bytes.first(bytes.size() - 1) : bytes);
  }
  int fsync(int file) override { return fails() ? -1 : FileCalls::fsync(file); }
  int rename_at(int directory, const char* from, const char* to) override {
    return fails() ? -1 : FileCalls::rename_at(directory, from, to);
  }

 private:
  bool fails() {
    const int call = calls_++;
    errno = error_;
    return call >= first_ && call < end_;
  }

  std::atomic<int> calls_ = 0;
  std::atomic<int> first_ = 0;
  std::atomic<int> end_ = 0;
  std::atomic<int> error_ = EIO;
};

}  // namespace osprey::storage
