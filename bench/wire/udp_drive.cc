// Drives a UDP server in a closed loop with protected requests, and counts what comes back.
//
//   --mode echo     the server sends each datagram back as it is (udp_echo)
//   --mode oscore   the server is ospreyd, or another with a resource /echo and the other ends of
//                   the store's contexts
//
// Both get the same datagrams in the same way, sealed before the clock starts. Prints one line of
// JSON. Exit code: 0 all answers right, 1 some wrong or the server gone, 2 bad usage.
#include <sys/resource.h>

#include <cstdio>
#include <string>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "apps/osprey/client_store.h"
#include "bench/support/prepared_requests.h"
#include "bench/wire/clock.h"
#include "bench/wire/closed_loop.h"
#include "bench/wire/recovery.h"
#include "dataplane/crypto/engines.h"

namespace osprey::bench {
namespace {

constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;
constexpr size_t kMaxRequests = 4'000'000;

struct Arguments {
  std::string mode;
  std::string host = "127.0.0.1";
  uint16_t port = 0;
  std::string store;
  size_t num_requests = 400'000;
  size_t num_ports = 1;
  size_t window = 256;
  bool verify_all = false;
  double time_limit_s = 60;
  pid_t server_pid = 0;

  bool is_echo() const { return mode == "echo"; }
};

// How many of the kept responses are not what they should be.
size_t count_wrong(const PreparedRequests& requests, std::vector<KeptResponse>& kept, bool is_echo,
                   oscore::AeadEngine& engine) {
  size_t wrong = 0;
  for (KeptResponse& response : kept) {
    const MutableBytes bytes = MutableBytes(response.bytes).first(response.len);
    const bool is_right = is_echo ? requests.is_echo(response.index, bytes)
                                  : requests.is_answer(response.index, bytes, engine);
    if (!is_right) ++wrong;
  }
  return wrong;
}

void print(const Arguments& arguments, const PreparedRequests& requests, const LoopResult& result,
           size_t num_contexts) {
  const double seconds = static_cast<double>(result.duration) / kSecond;
  nlohmann::ordered_json json;
  json["mode"] = arguments.mode;
  json["contexts"] = num_contexts;
  json["window"] = arguments.window;
  json["datagram_len"] = requests.datagram(0).size();
  json["requests"] = result.sent;
  json["responses"] = result.responses;
  json["lost"] = result.lost;
  json["wrong"] = result.wrong;
  json["verified"] = result.kept.size();
  json["seconds"] = seconds;
  json["rate"] = static_cast<double>(result.responses) / seconds;
  json["server_cpu_seconds"] = static_cast<double>(result.server_cpu) / kSecond;
  std::printf("%s\n", json.dump().c_str());
}

Result<int> drive(const Arguments& arguments) {
  LoopOptions options;
  auto server = parse_socket_address(arguments.host + ":" + std::to_string(arguments.port));
  if (!server) return tl::unexpected(server.error());
  options.server = *server;
  options.num_ports = arguments.num_ports;
  options.window = arguments.window;
  options.time_limit = static_cast<TimeNs>(arguments.time_limit_s * kSecond);
  options.outer_code = arguments.is_echo() ? coap::Code::kPost : coap::Code::kChanged;
  if (arguments.verify_all) options.keep_every = 1;

  auto store = cli::ClientStore::open_many(arguments.store, "", SIZE_MAX);
  if (!store) return tl::unexpected(store.error());
  const Contexts& contexts = (*store)->contexts();
  cli::PatientSource numbers((*store)->sequence());
  const auto made = make_engine(EngineKind::kAuto, contexts.size());
  if (!made) return tl::unexpected(made.error());
  oscore::AeadEngine& engine = **made;
  if (!arguments.is_echo()) {
    if (auto recovered = recover_windows(contexts, numbers, engine, arguments.host, arguments.port);
        !recovered) {
      return tl::unexpected(recovered.error());
    }
  }
  auto requests = PreparedRequests::seal(contexts, numbers, engine, arguments.num_requests,
                                         arguments.num_ports);
  if (!requests) return tl::unexpected(requests.error());
  auto result = run_closed_loop(*requests, options, arguments.server_pid);
  if (!result) return tl::unexpected(result.error());
  result->wrong += count_wrong(*requests, result->kept, arguments.is_echo(), engine);
  print(arguments, *requests, *result, contexts.size());
  return result->wrong == 0 ? 0 : kExitFailed;
}

void add_options(CLI::App& app, Arguments& arguments) {
  app.add_option("--mode", arguments.mode, "what the server does")
      ->required()
      ->check(CLI::IsMember({"echo", "oscore"}));
  app.add_option("--store", arguments.store, "the client's contexts")->required()->type_name("DIR");
  app.add_option("--port", arguments.port, "of the server")->required();
  app.add_option("--host", arguments.host, "IPv4 address of the server")->capture_default_str();
  app.add_option("--requests", arguments.num_requests, "how many are sent")
      ->check(CLI::Range(size_t{1}, kMaxRequests))
      ->capture_default_str();
  app.add_option("--ports", arguments.num_ports, "source ports at the same time")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  app.add_option("--window", arguments.window, "requests in flight for each source port")
      ->check(CLI::Range(1, 65536))
      ->capture_default_str();
  app.add_flag("--verify", arguments.verify_all, "verify every response, not one in 64");
  app.add_option("--time-limit", arguments.time_limit_s, "seconds")->capture_default_str();
  app.add_option("--server-pid", arguments.server_pid, "process whose CPU time is reported");
}

int run(int argc, char** argv) {
  CLI::App app("Closed-loop driver of bench/wire");
  Arguments arguments;
  add_options(app, arguments);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }
  const auto exit_code = drive(arguments);
  if (exit_code) return *exit_code;
  std::fprintf(stderr, "udp_drive: %s\n", exit_code.error().text().c_str());
  return kExitFailed;
}

}  // namespace
}  // namespace osprey::bench

int main(int argc, char** argv) { return osprey::bench::run(argc, argv); }
