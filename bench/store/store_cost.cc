// What a store costs the data path: batches of 64 requests through the line, memory to memory, once
// with contexts that a serving store brought in and once with contexts made in memory.
//
//   --numbers request   as requests are answered: under the request's nonce, without an own number
//   --numbers own       every response takes an own number, so that the store reserves all the time
//
// Both sides serve the same datagrams and take turns. Prints one line of JSON: nanoseconds of the
// worker's CPU time for each request, run by run. Exit code: 0 measured, 1 an answer is wrong, 2
// bad usage.
#include <array>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "bench/micro/world.h"
#include "bench/store/served_store.h"
#include "bench/wire/clock.h"
#include "framework/pipeline/answer.h"
#include "framework/pipeline/handle.h"
#include "framework/pipeline/open.h"
#include "framework/pipeline/parse.h"
#include "framework/pipeline/seal.h"

namespace osprey::bench {
namespace {

using oscore::ContextTable;
using oscore::Verdict;
using pipeline::LineParts;
using pipeline::Packet;
using pipeline::Packets;

constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;
constexpr size_t kRequestsPerContext = 4;

struct Arguments {
  std::string folder;  // empty or not there
  std::string numbers;
  size_t num_contexts = 1'000;
  size_t num_requests = 1'000'000;  // of a run
  size_t num_runs = 5;
  bool in_lockstep = false;

  bool takes_own_numbers() const { return numbers == "own"; }
};

const cose::AeadAlgorithm& default_aead() { return *cose::find_aead(cose::kAesCcm16_64_128); }

class NoSiblings final : public pipeline::Handoff {
 public:
  bool give(oscore::WorkerIndex /*owner*/, const Packet& /*packet*/) override { return false; }
};

// One worker with its table.
class Side {
 public:
  // `parts` without what a side has of its own.
  Side(LineParts parts, ContextTable& table, bool takes_own_numbers)
      : parts_(parts),
        table_(table),
        takes_own_numbers_(takes_own_numbers),
        engine_(must(make_engine(EngineKind::kAuto, table.size()))),
        client_engine_(must(make_engine(EngineKind::kAuto, kBatchMax))) {
    parts_.contexts = &table;
    parts_.engine = engine_.get();
    parts_.echo = &echo_;
    parts_.handoff = &no_siblings_;
  }

  // Context i begins with some of its first half chunk used up: else all would need more at once.
  void spread_numbers() {
    for (size_t i = 0; i < table_.size(); ++i) {
      for (size_t n = 0; n < i % 16; ++n) {
        CHECK(take_sequence_number(table_.at(i), *parts_.sequence_source).has_value());
      }
    }
  }

  // Nanoseconds of CPU time for each request. `requests` are served from the first to the last,
  // again and again; the windows forget in between, which is not timed.
  double run(const PreparedRequests& requests, size_t num_requests) {
    TimeNs used = 0;
    for (size_t served = 0; served < num_requests; served += requests.size()) {
      for (size_t i = 0; i < table_.size(); ++i) table_.at(i).window().initialise_empty();
      const TimeNs start = read_clock(CLOCK_THREAD_CPUTIME_ID);
      for (size_t first = 0; first < requests.size(); first += kBatchMax) {
        turn(receive(requests, first, std::min(kBatchMax, requests.size() - first)));
      }
      used += read_clock(CLOCK_THREAD_CPUTIME_ID) - start;
      num_requests_ += requests.size();
    }
    const auto rounds = (num_requests + requests.size() - 1) / requests.size();
    return static_cast<double>(used) / static_cast<double>(rounds * requests.size());
  }

  // Of all that were served: those that got no number, and so 5.03.
  uint64_t num_refused() const { return num_requests_ - num_served_; }

  // True if the last batch was answered as the requests want it.
  bool is_right(const PreparedRequests& requests) {
    for (size_t i = 0; i < num_received_; ++i) {
      Slot& slot = slots_[i];
      if (slot.verdict != Verdict::kServed) continue;
      if (!requests.is_answer(first_ + i, {slot.data, slot.len}, *client_engine_)) return false;
    }
    return num_served_ > 0;
  }

 private:
  Packets receive(const PreparedRequests& requests, size_t first, size_t count) {
    first_ = first;
    num_received_ = count;
    for (size_t i = 0; i < count; ++i) {
      Slot& slot = slots_[i];
      const Bytes datagram = requests.datagram(first + i);
      std::memcpy(slot.buffer.data(), datagram.data(), datagram.size());
      slot.data = slot.buffer.data();
      slot.capacity = slot.buffer.size();
      slot.response = &slot.own_response;
      begin_packet(slot, datagram.size());
      batch_[i] = &slot;
    }
    return Packets(batch_).first(count);
  }

  // What a worker does in one turn (dataplane/worker.h), without a port.
  void turn(Packets batch) {
    if (parts_.quiescence != nullptr) parts_.quiescence->enter(parts_.place.index);
    if (parts_.fetcher != nullptr) {
      std::array<oscore::ContextFetcher::Ticket, kBatchMax / 4> tickets;
      if (!parts_.fetcher->has_all() || parts_.fetcher->take_fetched(tickets) > 0) CHECK(false);
    }
    serve(batch);
    for (const Packet* packet : batch) num_served_ += packet->verdict == Verdict::kServed ? 1 : 0;
  }

  // The stages of pipeline::Line, with a pass in between that uses up the requests' nonces.
  void serve(Packets batch) {
    const LineParts& with = parts_;
    const auto parsed = pipeline::parse(batch);
    const Packets mine = steer(parsed.with_oscore, *with.contexts, with.place, *with.handoff);
    const auto opened = open(mine, *with.contexts, *with.engine, *with.echo, kSecond);
    if (takes_own_numbers_) {
      for (Packet* packet : opened.fresh) static_cast<void>(packet->identity.take_nonce());
    }
    handle(opened.fresh, *with.router, kSecond);
    seal(opened.authentic(), *with.engine, *with.sequence_source, with.message_id_offset);
    answer(batch, with.message_id_offset);
  }

  static oscore::EchoKey echo_key() {
    oscore::EchoKey key;
    std::ranges::fill(key.space(oscore::kEchoKeyLen), uint8_t{7});
    return key;
  }

  LineParts parts_;
  ContextTable& table_;
  bool takes_own_numbers_;
  std::unique_ptr<oscore::AeadEngine> engine_;
  std::unique_ptr<oscore::AeadEngine> client_engine_;
  oscore::EchoMaker echo_{echo_key()};
  NoSiblings no_siblings_;
  size_t first_ = 0;
  size_t num_received_ = 0;
  uint64_t num_requests_ = 0;
  uint64_t num_served_ = 0;
  std::array<Slot, kBatchMax> slots_;
  std::array<Packet*, kBatchMax> batch_;
};

void set_up(Router& router) {
  router.add("echo").post([](const Request& request, Response& response) {
    response.content(ContentFormat::kOctetStream, request.payload());
  });
  must(router.finish());
}

struct Clients {
  explicit Clients(size_t num_contexts) {
    for (size_t i = 0; i < num_contexts; ++i) {
      owned.push_back(client_context(i, default_aead()));
      contexts.push_back(owned.back().get());
    }
  }

  std::vector<std::unique_ptr<oscore::SecurityContext>> owned;
  Contexts contexts;
};

void fill(ContextTable& table, size_t num_contexts) {
  table.expect(num_contexts);
  for (size_t i = 0; i < num_contexts; ++i) must(table.add(server_context(i, default_aead())));
}

int measure(const Arguments& arguments) {
  AllNumbers all_numbers;
  const auto engine = must(make_engine(EngineKind::kAuto, arguments.num_contexts));
  Router router;
  set_up(router);
  const Clients clients(arguments.num_contexts);
  const auto requests = must(PreparedRequests::seal(
      clients.contexts, all_numbers, *engine, arguments.num_contexts * kRequestsPerContext, 1));
  LineParts parts;
  parts.router = &router;

  ContextTable table(1);
  fill(table, arguments.num_contexts);
  parts.sequence_source = &all_numbers;
  Side memory(parts, table, arguments.takes_own_numbers());

  ServedStore served(arguments.folder, arguments.num_contexts);
  parts.sequence_source = &served.link();
  parts.fetcher = &served.link();
  parts.quiescence = &served.readers();
  Side store(parts, served.table(), arguments.takes_own_numbers());
  if (!arguments.in_lockstep) store.spread_numbers();

  nlohmann::ordered_json json;
  const auto before = served.health();
  for (size_t i = 0; i < arguments.num_runs; ++i) {
    json["memory"].push_back(memory.run(requests, arguments.num_requests));
    json["store"].push_back(store.run(requests, arguments.num_requests));
  }
  json["refused"] = store.num_refused();
  json["reservations"] = served.health().num_reservations - before.num_reservations;
  json["commits"] = served.health().num_commits - before.num_commits;
  const bool is_right = memory.is_right(requests) && store.is_right(requests);
  json["right"] = is_right && memory.num_refused() == 0;
  served.readers().leave(0);
  served.close();
  std::printf("%s\n", json.dump().c_str());
  return json["right"] ? 0 : kExitFailed;
}

int run(int argc, char** argv) {
  CLI::App app("What a store costs the data path");
  Arguments arguments;
  app.add_option("--folder", arguments.folder, "where to make the store")
      ->required()
      ->type_name("DIR");
  app.add_option("--numbers", arguments.numbers, "of the responses")
      ->required()
      ->check(CLI::IsMember({"request", "own"}));
  app.add_option("--contexts", arguments.num_contexts)->capture_default_str();
  app.add_option("--requests", arguments.num_requests, "of a run")->capture_default_str();
  app.add_option("--runs", arguments.num_runs)->capture_default_str();
  app.add_flag("--lockstep", arguments.in_lockstep, "all contexts need more numbers at once");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }
  return measure(arguments);
}

}  // namespace
}  // namespace osprey::bench

int main(int argc, char** argv) { return osprey::bench::run(argc, argv); }
