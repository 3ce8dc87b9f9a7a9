#include "apps/launch/server.h"

#include <sys/resource.h>

#include <csignal>
#include <cstdio>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "apps/launch/udp_service.h"

namespace osprey {
namespace {

constexpr int kExitDone = 0;
constexpr int kExitUsage = 2;

int report(const Error& error) {
  std::fprintf(stderr, "osprey: %s\n", error.text().c_str());
  return kExitUsage;
}

// A core file would hold every key (I7).
void forbid_core_dumps() {
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
}

// Blocked before any thread starts, so that only the waiting below takes them.
sigset_t block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGUSR1}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

void start_log(const std::string& level) {
  spdlog::set_default_logger(spdlog::stderr_logger_mt("osprey"));
  spdlog::set_level(spdlog::level::from_str(level));
}

void say_ready(const UdpService& service) {
  std::string addresses;
  for (const SocketAddress& address : service.addresses()) addresses += " " + address.text();
  std::printf("osprey: ready on%s; contexts: %zu, workers: %zu\n", addresses.c_str(),
              service.num_contexts(), service.num_workers());
  std::fflush(stdout);
}

// Returns when the server is to stop.
void wait_for_stop(const sigset_t& signals, const UdpService& service) {
  for (;;) {
    int signal = 0;
    sigwait(&signals, &signal);
    if (signal != SIGUSR1) {
      spdlog::info("signal {}: stopping", signal);
      return;
    }
    std::printf("%s\n", totals_json(service.totals()).c_str());
    std::fflush(stdout);
  }
}

}  // namespace

int Server::run() {
  forbid_core_dumps();
  start_log(config_.log_level);
  if (auto finished = router_.finish(); !finished) return report(finished.error());
  const sigset_t signals = block_signals();
  auto service = UdpService::start(config_, router_);
  if (!service) return report(service.error());
  say_ready(**service);
  wait_for_stop(signals, **service);
  (*service)->stop();
  std::printf("osprey: stopped; %s", totals_text((*service)->totals()).c_str());
  return kExitDone;
}

}  // namespace osprey
