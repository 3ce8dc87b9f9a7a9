// `osprey-blast`: protected requests as fast as a server takes them, every answer opened and
// checked.
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "apps/blast/blast.h"
#include "apps/launch/random.h"

namespace osprey::blast {
namespace {

constexpr int kDone = 0;
constexpr int kFailed = 1;
constexpr int kBadUsage = 2;

double micros(TimeNs time) { return static_cast<double>(time) / 1e3; }

bool is_flawless(const Tally& tally) {
  return tally.lost == 0 && tally.wrong == 0 && tally.right == tally.started && tally.right > 0;
}

double rate(const Outcome& outcome) {
  return static_cast<double>(outcome.tally.right) / std::max(outcome.elapsed_s, 1e-9);
}

void print_json(const Settings& settings, const Outcome& outcome) {
  const Tally& tally = outcome.tally;
  nlohmann::ordered_json json;
  json["requests"] = tally.started;
  json["answered"] = tally.right;
  json["lost"] = tally.lost;
  json["wrong"] = tally.wrong;
  json["challenges"] = tally.challenges;
  json["retransmissions"] = tally.retransmissions;
  json["unverified"] = tally.unverified;
  json["unsent"] = tally.unsent;
  json["refused"] = tally.refused;
  json["seconds"] = outcome.elapsed_s;
  json["requests_per_second"] = rate(outcome);
  json["latency_us"] = {{"p50", micros(tally.latency.quantile(0.5))},
                        {"p99", micros(tally.latency.quantile(0.99))},
                        {"p99.9", micros(tally.latency.quantile(0.999))},
                        {"max", micros(tally.latency.max())}};
  json["contexts"] = outcome.num_contexts;
  json["sockets"] = outcome.num_sockets;
  json["window"] = settings.window;
  json["payload_bytes"] = settings.payload_len;
  json["type"] = settings.con ? "CON" : "NON";
  json["seed"] = settings.seed;
  json["troubles"] = nlohmann::ordered_json::object();
  for (const auto& [trouble, times] : tally.troubles) json["troubles"][trouble] = times;
  std::printf("%s\n", json.dump().c_str());
}

void print_text(const Settings& settings, const Outcome& outcome) {
  const Tally& tally = outcome.tally;
  const auto count = [](uint64_t number) { return static_cast<unsigned long long>(number); };
  std::printf("%.0f requests/s: %llu protected %s in %.2f s, %zu contexts, %zu in flight\n",
              rate(outcome), count(tally.right), settings.con ? "CON" : "NON", outcome.elapsed_s,
              outcome.num_contexts, settings.window);
  std::printf("lost %llu, wrong %llu, challenges followed %llu, retransmissions %llu\n",
              count(tally.lost), count(tally.wrong), count(tally.challenges),
              count(tally.retransmissions));
  std::printf("latency us: p50 %.0f, p99 %.0f, p99.9 %.0f, max %.0f\n",
              micros(tally.latency.quantile(0.5)), micros(tally.latency.quantile(0.99)),
              micros(tally.latency.quantile(0.999)), micros(tally.latency.max()));
  if (tally.unverified > 0) {
    std::printf("%llu responses did not verify and were ignored\n", count(tally.unverified));
  }
  if (tally.unsent > 0) std::printf("%llu datagrams were not sent\n", count(tally.unsent));
  if (tally.refused > 0) {
    std::printf("connection refused: for some of the time nothing listened at %s\n",
                settings.uri.c_str());
  }
  for (const auto& [trouble, times] : tally.troubles) {
    std::printf("%8llu times: %s\n", count(times), trouble.c_str());
  }
}

struct Flags {
  Settings settings;
  std::string method = "post";
  bool con = false;
  bool non = false;
  bool json = false;
  std::optional<uint64_t> seed;
};

const std::map<std::string, coap::Code> kMethods = {
    {"get", coap::Code::kGet},       {"post", coap::Code::kPost},   {"put", coap::Code::kPut},
    {"delete", coap::Code::kDelete}, {"fetch", coap::Code::kFetch}, {"patch", coap::Code::kPatch},
    {"ipatch", coap::Code::kIPatch}};

void set_up(CLI::App& app, Flags& flags) {
  Settings& settings = flags.settings;
  app.add_option("uri", settings.uri, "coap://host[:port]/path; /echo is checked byte by byte")
      ->required();
  app.add_option("--store", settings.store, "directory of the store")->type_name("DIR")->required();
  app.add_option("--contexts", settings.max_contexts, "use at most this many; all when left out")
      ->check(CLI::Range(1, 1'000'000));
  app.add_option("--prefix", settings.prefix, "use contexts whose names begin like this");
  app.add_option("--payload", settings.payload_len, "bytes of each request")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  app.add_option("--window", settings.window, "requests in flight")
      ->check(CLI::Range(1, 60'000))
      ->capture_default_str();
  app.add_option("--sockets", settings.num_sockets, "ports to send from")
      ->check(CLI::Range(1, 1'000))
      ->capture_default_str();
  app.add_option("--duration", settings.duration_s, "seconds")
      ->check(CLI::Range(0.001, 86'400.0))
      ->capture_default_str();
  app.add_option("--count", settings.count, "stop after this many requests")
      ->check(CLI::Range(uint64_t{1}, uint64_t{1'000'000'000'000}));
  app.add_option("--timeout", settings.timeout_s, "seconds until a request counts as lost")
      ->check(CLI::Range(0.001, 600.0))
      ->capture_default_str();
  auto* con = app.add_flag("--con", flags.con, "confirmable: retransmitted by RFC 7252");
  app.add_flag("--non", flags.non, "non-confirmable (the default)")->excludes(con);
  app.add_option("--method", flags.method, "get, post, put, delete, fetch, patch, ipatch")
      ->capture_default_str()
      ->check(CLI::IsMember(kMethods));
  app.add_option("--seed", flags.seed, "of payloads, tokens and Message IDs; random when left out");
  app.add_flag("--progress", settings.progress, "a line each second even if nobody watches");
  app.add_flag("--json", flags.json, "print one JSON object");
}

int run_command(int argc, char** argv) {
  Flags flags;
  CLI::App app("Load for OSCORE servers; checks every answer", "osprey-blast");
  set_up(app, flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kDone : kBadUsage;
  }
  Settings& settings = flags.settings;
  settings.con = flags.con;
  settings.method = kMethods.at(flags.method);
  settings.progress |= isatty(STDERR_FILENO) != 0;
  settings.seed = flags.seed ? *flags.seed : random_number<uint64_t>();
  const auto outcome = run(settings);
  if (!outcome) {
    std::fprintf(stderr, "osprey-blast: %s\n", outcome.error().text().c_str());
    return kBadUsage;
  }
  flags.json ? print_json(settings, *outcome) : print_text(settings, *outcome);
  return is_flawless(outcome->tally) ? kDone : kFailed;
}

}  // namespace
}  // namespace osprey::blast

int main(int argc, char** argv) { return osprey::blast::run_command(argc, argv); }
