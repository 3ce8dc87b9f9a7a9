#include "apps/blast/blast.h"

#include <poll.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <ctime>

#include "apps/blast/lane.h"
#include "apps/osprey/client_store.h"
#include "dataplane/clock.h"
#include "dataplane/crypto/engines.h"
#include "framework/coap/content_format.h"
#include "framework/coap/uri.h"

namespace osprey::blast {
namespace {

volatile std::sig_atomic_t g_interrupted = 0;
void on_interrupt(int) { g_interrupted = 1; }

constexpr TimeNs kLongestSleep = kMillisecond;

double seconds(TimeNs time) { return static_cast<double>(time) / kSecond; }

Tally sum(const std::vector<std::unique_ptr<Lane>>& lanes) {
  Tally all;
  for (const auto& lane : lanes) {
    const Tally& each = lane->tally();
    all.started += each.started;
    all.right += each.right;
    all.lost += each.lost;
    all.wrong += each.wrong;
    all.challenges += each.challenges;
    all.retransmissions += each.retransmissions;
    all.unverified += each.unverified;
    all.unsent += each.unsent;
    all.refused += each.refused;
    all.latency.merge(each.latency);
    for (const auto& [trouble, times] : each.troubles) all.troubles[trouble] += times;
  }
  return all;
}

class Progress {
 public:
  Progress(bool on, TimeNs started) : on_(on), next_(started + kSecond), started_(started) {}

  void look(TimeNs now, const std::vector<std::unique_ptr<Lane>>& lanes) {
    if (!on_ || now < next_) return;
    next_ += kSecond;
    uint64_t finished = 0;
    uint64_t lost = 0;
    uint64_t wrong = 0;
    for (const auto& lane : lanes) {
      finished += lane->tally().finished();
      lost += lane->tally().lost;
      wrong += lane->tally().wrong;
    }
    std::fprintf(stderr, "%6.1f s  %10llu requests  %8llu/s  %llu lost  %llu wrong\n",
                 seconds(now - started_), static_cast<unsigned long long>(finished),
                 static_cast<unsigned long long>(finished - last_finished_),
                 static_cast<unsigned long long>(lost), static_cast<unsigned long long>(wrong));
    last_finished_ = finished;
  }

 private:
  bool on_;
  TimeNs next_;
  TimeNs started_;
  uint64_t last_finished_ = 0;
};

// The i-th of `parts` near-equal parts of `whole`.
size_t share(size_t whole, size_t parts, size_t i) {
  return whole * (i + 1) / parts - whole * i / parts;
}

Result<std::vector<std::unique_ptr<Lane>>> open_lanes(const Settings& settings,
                                                      const coap::Uri& uri, cli::ClientStore& store,
                                                      oscore::AeadEngine& engine,
                                                      const LoadShape& shape) {
  const size_t count =
      std::max<size_t>(1, std::min({settings.num_sockets, store.size(), settings.window}));
  client::Random seeds(settings.seed);
  std::vector<std::unique_ptr<Lane>> lanes;
  for (size_t i = 0; i < count; ++i) {
    auto socket = ClientSocket::connect(uri.host, uri.port);
    if (!socket) return tl::unexpected(socket.error());
    std::vector<oscore::SecurityContext*> contexts;
    for (size_t c = i; c < store.size(); c += count) contexts.push_back(&store.context(c));
    lanes.push_back(std::make_unique<Lane>(std::move(*socket), std::move(contexts),
                                           store.sequence(), engine,
                                           share(settings.window, count, i), shape, seeds.next()));
  }
  return lanes;
}

// Until something arrives or a deadline may have passed.
void sleep(std::vector<pollfd>& fds) {
  const timespec longest = {0, kLongestSleep};
  ppoll(fds.data(), fds.size(), &longest, nullptr);
}

void run_lanes(std::vector<std::unique_ptr<Lane>>& lanes, const Settings& settings,
               TimeNs started) {
  std::vector<pollfd> fds;
  for (const auto& lane : lanes) fds.push_back({lane->fd(), POLLIN, 0});
  Progress progress(settings.progress, started);
  uint64_t budget = settings.count.value_or(UINT64_MAX);
  const TimeNs stop_at = started + static_cast<TimeNs>(settings.duration_s * kSecond);
  while (true) {
    const TimeNs now = monotonic_now();
    if (now >= stop_at || g_interrupted != 0) budget = 0;
    bool has_received = false;
    bool is_idle = true;
    for (const auto& lane : lanes) {
      has_received |= lane->turn(monotonic_now(), budget);
      is_idle &= lane->is_idle();
    }
    progress.look(now, lanes);
    if (budget == 0 && is_idle) return;
    if (!has_received) sleep(fds);
  }
}

Result<std::vector<uint8_t>> options_of(const coap::Uri& uri, const Settings& settings) {
  std::vector<uint8_t> space(kMaxDatagram);
  Writer writer(space);
  coap::OptionWriter options(writer);
  coap::write_uri_host(options, uri);
  coap::write_uri_path(options, uri);
  if (settings.payload_len > 0) {
    options.uint(coap::option::kContentFormat, static_cast<uint64_t>(ContentFormat::kOctetStream));
  }
  coap::write_uri_query(options, uri);
  if (!writer.ok()) return fail("the URI is too long for one datagram");
  space.resize(writer.size());
  return space;
}

bool wants_payload(coap::Code method) {
  return method != coap::Code::kGet && method != coap::Code::kDelete;
}

}  // namespace

Result<Outcome> run(const Settings& settings) {
  const auto uri = coap::parse_uri(settings.uri);
  if (!uri) return tl::unexpected(uri.error());
  const auto options = options_of(*uri, settings);
  if (!options) return tl::unexpected(options.error());
  const auto store =
      cli::ClientStore::open_many(settings.store, settings.prefix, settings.max_contexts);
  if (!store) return tl::unexpected(store.error());

  LoadShape shape;
  shape.request.type = settings.con ? coap::Type::kCon : coap::Type::kNon;
  shape.request.method = settings.method;
  shape.request.options = *options;
  shape.request.timeout = static_cast<TimeNs>(settings.timeout_s * kSecond);
  shape.payload_len = wants_payload(settings.method) ? settings.payload_len : 0;
  shape.expects_echo = !uri->path.empty() && uri->path.back() == "echo" && shape.payload_len > 0;
  shape.seed = settings.seed;
  const auto engine = make_engine(EngineKind::kAuto, (*store)->size());
  if (!engine) return tl::unexpected(engine.error());
  auto lanes = open_lanes(settings, *uri, **store, **engine, shape);
  if (!lanes) return tl::unexpected(lanes.error());

  std::signal(SIGINT, on_interrupt);
  const TimeNs started = monotonic_now();
  run_lanes(*lanes, settings, started);
  Outcome outcome;
  outcome.elapsed_s = seconds(monotonic_now() - started);
  outcome.tally = sum(*lanes);
  outcome.num_contexts = (*store)->size();
  outcome.num_sockets = lanes->size();
  return outcome;
}

}  // namespace osprey::blast
