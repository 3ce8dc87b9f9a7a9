// A line on standard error that tells how far long work is, when there is somebody to read it.
#pragma once

#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>

namespace osprey::cli {

class Progress {
 public:
  Progress(const char* what, uint64_t total) : what_(what), total_(total) {}
  ~Progress() {
    if (was_shown_) std::fprintf(stderr, "\n");
  }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // At most once a second; nothing for what is done within the first.
  void show(uint64_t done) {
    const auto now = std::chrono::steady_clock::now();
    if (now - shown_at_ < std::chrono::seconds(1) || isatty(STDERR_FILENO) == 0) return;
    const auto seconds = std::chrono::duration<double>(now - started_at_).count();
    std::fprintf(stderr, "\r%llu of %llu %s, %.0f/s ", static_cast<unsigned long long>(done),
                 static_cast<unsigned long long>(total_), what_,
                 static_cast<double>(done) / seconds);
    shown_at_ = now;
    was_shown_ = true;
  }

 private:
  const char* what_;
  uint64_t total_;
  std::chrono::steady_clock::time_point started_at_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point shown_at_ = started_at_;
  bool was_shown_ = false;
};

}  // namespace osprey::cli
