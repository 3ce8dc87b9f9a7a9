// The whole line, memory to memory: parse, steer, open, handle, seal, answer of POST /echo with 64
// bytes. What a port adds is not in it; the copy of each request into its buffer is timed too.
//
//   line/openssl/BATCH       1,000 contexts, AES-CCM-16-64-128, 2.04 with 64 bytes
//   line/ccm/BATCH           10,000 contexts, AES-CCM-16-64-128, 2.04 with 16 bytes
//   line/ccm-1m/BATCH        1,000,000 contexts in random order
//   line/gcm/BATCH           10,000 contexts, A128GCM
#include <benchmark/benchmark.h>

#include "bench/micro/world.h"

namespace osprey::bench {
namespace {

using oscore::Verdict;

constexpr int32_t kA128Gcm = 1;

struct LineCase {
  const char* name;
  WorldShape shape;
  std::vector<int64_t> batch_lens;
};

const std::vector<LineCase>& line_cases() {
  static const std::vector<LineCase> kCases = {
      {"line/openssl", {.engine = EngineKind::kOpenssl}, {1, 8, 64}},
      {"line/ccm", {.num_contexts = 10'000, .answer_len = 16}, {1, 2, 4, 8, 16, 32, 64}},
      {"line/ccm-1m",
       {.num_contexts = 1'000'000, .requests_per_context = 1, .answer_len = 16},
       {64}},
      {"line/gcm", {.aead = kA128Gcm, .num_contexts = 10'000, .answer_len = 16}, {1, 64}},
  };
  return kCases;
}

// The world of the case that is being measured: making one takes seconds, and repetitions share it.
World& world_of(const LineCase& line_case) {
  static std::unique_ptr<World> world;
  static const LineCase* of = nullptr;
  if (of != &line_case) {
    world.reset();
    world = std::make_unique<World>(line_case.shape);
    of = &line_case;
  }
  return *world;
}

void serve(benchmark::State& state, const LineCase& line_case) {
  World& world = world_of(line_case);
  const auto batch_len = static_cast<size_t>(state.range(0));
  const auto& served = world.line().counters()[static_cast<size_t>(Verdict::kServed)];
  const uint64_t served_before = served.read();
  for (auto _ : state) world.line().serve(world.receive(batch_len), kSecond);

  const auto num_requests = static_cast<uint64_t>(state.iterations()) * batch_len;
  if (served.read() - served_before != num_requests) {
    return state.SkipWithError("not every request was served");
  }
  if (!world.are_answered()) return state.SkipWithError("a reply is not the answer");
  state.counters["per_request"] = benchmark::Counter(
      static_cast<double>(batch_len),
      benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

bool register_all() {
  for (const LineCase& each : line_cases()) {
    auto* benchmark = benchmark::RegisterBenchmark(
        each.name, [&each](benchmark::State& state) { serve(state, each); });
    for (const int64_t len : each.batch_lens) benchmark->Arg(len);
  }
  return true;
}

const bool kRegistered = register_all();

}  // namespace
}  // namespace osprey::bench
