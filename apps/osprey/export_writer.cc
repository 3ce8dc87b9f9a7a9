#include "apps/osprey/export_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <system_error>

#include "storage/file_descriptor.h"
#include "storage/import/aiocoap_directory.h"
#include "storage/import/csv.h"
#include "storage/import/durable_file.h"
#include "storage/import/libcoap_conf.h"

namespace osprey::cli {
namespace {

using oscore::ContextParameters;
using storage::FileDescriptor;
using storage::Reveal;
using storage::SecretText;

constexpr mode_t kPrivate = 0600;
constexpr size_t kBlockLen = size_t{64} << 10;  // bytes between two writes

// Lines, past the C library's buffers: what is held here is zeroised.
class LineWriter final : public ExportWriter {
 public:
  // `file`: not open for standard output.
  LineWriter(bool is_csv, std::string to, FileDescriptor file, Reveal reveal)
      : is_csv_(is_csv), to_(std::move(to)), file_(std::move(file)), reveal_(reveal) {
    text_.reserve(kBlockLen + storage::kMaxContextLineLen);
    if (is_csv_) text_ += storage::write_csv_header() + "\n";
  }

  Result<void> write(const ContextParameters& parameters, uint64_t next) override {
    text_ += is_csv_ ? storage::write_csv_row(parameters, next, reveal_)
                     : storage::write_exported_line(parameters, next, reveal_);
    text_ += '\n';
    return text_.size() < kBlockLen ? Result<void>() : flush();
  }

  Result<void> finish() override {
    if (auto flushed = flush(); !flushed) return flushed;
    return !file_.is_open() || fsync(file_.number()) == 0 ? Result<void>() : fail_write();
  }

 private:
  Result<void> flush() {
    const int file = file_.is_open() ? file_.number() : STDOUT_FILENO;
    std::string_view rest = text_;
    while (!rest.empty()) {
      const ssize_t written = ::write(file, rest.data(), rest.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return fail_write();
      rest.remove_prefix(static_cast<size_t>(written));
    }
    text_.clear();
    return {};
  }

  tl::unexpected<Error> fail_write() const {
    const int error = errno;
    return fail("cannot write " + (to_.empty() ? "standard output" : to_) + ": " +
                std::generic_category().message(error));
  }

  bool is_csv_;
  std::string to_;
  FileDescriptor file_;
  Reveal reveal_;
  SecretText text_;
};

// The context's name as the last part of a path.
Result<std::string> path_of(const std::string& directory, const std::string& name) {
  if (name.find('/') == std::string::npos && !name.starts_with('.')) return directory + "/" + name;
  return fail("the name of context " + name + " cannot be a file's", "export it as json or csv");
}

class AiocoapWriter final : public ExportWriter {
 public:
  explicit AiocoapWriter(std::string to) : to_(std::move(to)) {}

  Result<void> write(const ContextParameters& parameters, uint64_t next) override {
    const auto path = path_of(to_, parameters.name);
    if (!path) return tl::unexpected(path.error());
    const auto files = storage::write_aiocoap(parameters, next, Reveal::kYes);
    if (!files) return tl::unexpected(files.error());
    return storage::make_aiocoap_directory(*path, *files);
  }

 private:
  std::string to_;
};

class LibcoapWriter final : public ExportWriter {
 public:
  explicit LibcoapWriter(std::string to) : to_(std::move(to)) {}

  Result<void> write(const ContextParameters& parameters, uint64_t next) override {
    const auto path = path_of(to_, parameters.name);
    if (!path) return tl::unexpected(path.error());
    const auto conf = storage::write_libcoap_conf(parameters, Reveal::kYes);
    if (!conf) return tl::unexpected(conf.error());
    // The number first: a configuration that is there without it would begin at 0.
    const std::string sequence = storage::write_libcoap_sequence(next);
    auto written = storage::append_durably(*path + ".seq", as_bytes(sequence), kPrivate);
    if (!written) return written;
    return storage::append_durably(*path + ".conf", as_bytes(std::string_view(*conf)), kPrivate);
  }

 private:
  std::string to_;
};

Result<FileDescriptor> make_file(const std::string& path) {
  constexpr int kFlags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
  FileDescriptor file(::open(path.c_str(), kFlags, kPrivate));
  if (file.is_open()) return file;
  const int error = errno;
  return fail("cannot make " + path + ": " + std::generic_category().message(error),
              error == EEXIST ? "choose another name, or remove it" : "");
}

Result<void> make_directory(const std::string& format, const std::string& to, Reveal reveal) {
  if (to.empty()) return fail("--format " + format + " is made of files", "say where: --to DIR");
  if (reveal == Reveal::kNo) {
    return fail("files of " + format + " hold the master secrets", "write them with --reveal");
  }
  return storage::make_directory_durably(to);
}

}  // namespace

Result<std::unique_ptr<ExportWriter>> ExportWriter::open(const std::string& format,
                                                         const std::string& to, Reveal reveal) {
  if (format == "aiocoap" || format == "libcoap") {
    if (auto made = make_directory(format, to, reveal); !made) return tl::unexpected(made.error());
    if (format == "aiocoap") return std::make_unique<AiocoapWriter>(to);
    return std::make_unique<LibcoapWriter>(to);
  }
  FileDescriptor file;
  if (!to.empty()) {
    auto made = make_file(to);
    if (!made) return tl::unexpected(made.error());
    file = std::move(*made);
  }
  return std::make_unique<LineWriter>(format == "csv", to, std::move(file), reveal);
}

}  // namespace osprey::cli
