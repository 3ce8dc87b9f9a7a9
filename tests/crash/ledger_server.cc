// ledger_server: a server that writes down what is delivered to its application, for the crash
// checker (checker.py). Runs as ospreyd does: ledger_server --config FILE.
//
//   ledger/{number}   GET, POST, PUT   appends the line "CONTEXT NUMBER" to $OSPREY_LEDGER, then
//                                      answers with the number
//   ledger/count      GET              how many lines this process has appended
//
// One write() per line to a file opened with O_APPEND: what the kernel took stays, whatever kills
// the process, and lines of several workers do not mix.
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string>
#include <system_error>

#include "apps/launch/server.h"

namespace {

// Open as long as the process lives.
class Ledger {
 public:
  explicit Ledger(const char* path)
      : file_(open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600)) {
    if (file_ < 0) throw std::system_error(errno, std::generic_category(), path);
  }

  // False if the line is not, or not wholly, in the file.
  bool append(std::string_view context, std::string_view number) {
    std::string line(context);
    line.append(" ").append(number).append("\n");
    const ssize_t written = write(file_, line.data(), line.size());
    if (written != static_cast<ssize_t>(line.size())) return false;
    count_.fetch_add(1, std::memory_order_relaxed);
    return true;
  }

  uint64_t count() const { return count_.load(std::memory_order_relaxed); }

 private:
  int file_;
  std::atomic<uint64_t> count_ = 0;
};

void deliver(Ledger& ledger, const osprey::Request& request, osprey::Response& response) {
  const std::string_view number = request.parameter("number");
  if (!ledger.append(request.peer().name, number)) {
    return response.error(osprey::coap::Code::kInternalServerError, "the ledger takes nothing");
  }
  response.content(osprey::ContentFormat::kTextPlain, number);
}

void add_resources(osprey::Server& server, Ledger& ledger) {
  const auto handler = [&ledger](const osprey::Request& request, osprey::Response& response) {
    deliver(ledger, request, response);
  };
  server.resource("ledger/{number}").get(handler).post(handler).put(handler);
  server.resource("ledger/count")
      .get([&ledger](const osprey::Request&, osprey::Response& response) {
        response.content(osprey::ContentFormat::kTextPlain, std::to_string(ledger.count()));
      });
}

}  // namespace

int main(int argc, char** argv) {
  try {
    osprey::Config config = osprey::Config::from_args(argc, argv);
    const char* path = std::getenv("OSPREY_LEDGER");
    if (path == nullptr) throw std::runtime_error("OSPREY_LEDGER names no file");
    Ledger ledger(path);
    osprey::Server server(std::move(config));
    add_resources(server, ledger);
    return server.run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "ledger_server: %s\n", error.what());
    return 1;
  }
}
