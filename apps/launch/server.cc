#include "apps/launch/server.h"

#include <sys/prctl.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdio>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "apps/launch/service.h"
#include "apps/launch/store_watch.h"

namespace osprey {
namespace {

constexpr int kExitDone = 0;
constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;

int report(const Error& error) {
  std::fprintf(stderr, "osprey: %s\n", error.text().c_str());
  return kExitUsage;
}

// A core file would hold every key (I7). A core_pattern that is a pipe does not ask for the limit;
// not being dumpable also keeps debuggers of the same user out.
void forbid_core_dumps() {
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
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

void say_ready(const Service& service, const Config& config) {
  std::string addresses;
  for (const std::string& address : service.addresses()) addresses += " " + address;
  if (!service.port_description().empty()) {
    std::printf("osprey: device: %s\n", service.port_description().c_str());
  }
  std::printf("osprey: ready on%s; contexts: %zu, workers: %zu, crypto: %s\n", addresses.c_str(),
              static_cast<size_t>(service.num_contexts()), service.num_workers(),
              std::string(engine_name(resolve(config.engine))).c_str());
  std::fflush(stdout);
}

void log_store(StoreWatch& watch, const Service& service) {
  for (const StoreWatch::Notice& notice : watch.look(service.health())) {
    spdlog::log(notice.is_warning ? spdlog::level::warn : spdlog::level::info, "{}", notice.text);
  }
}

// Returns when the server is to stop; looks after the store meanwhile.
void wait_for_stop(const sigset_t& signals, const Service& service) {
  constexpr timespec kSecond{.tv_sec = 1, .tv_nsec = 0};
  StoreWatch watch;
  for (;;) {
    const int signal = sigtimedwait(&signals, nullptr, &kSecond);
    if (signal < 0) {
      log_store(watch, service);
      continue;
    }
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
  auto service = Service::start(config_, router_);
  if (!service) return report(service.error());
  say_ready(**service, config_);
  wait_for_stop(signals, **service);
  const auto stopped = (*service)->stop();
  std::printf("osprey: stopped; %s", totals_text((*service)->totals()).c_str());
  if (!stopped) {
    std::fprintf(stderr, "osprey: not all is saved, so the next start is as after a crash: %s\n",
                 stopped.error().text().c_str());
    return kExitFailed;
  }
  return kExitDone;
}

}  // namespace osprey
