// Stage parse alone: CoAP header, options, OSCORE option of 64 requests.
#include <benchmark/benchmark.h>

#include "bench/micro/world.h"
#include "framework/pipeline/parse.h"

namespace osprey::bench {
namespace {

void parse_batch(benchmark::State& state) {
  World world({});
  const pipeline::Packets batch = world.receive(kBatchMax);
  size_t num_parsed = 0;
  for (auto _ : state) num_parsed += pipeline::parse(batch).with_oscore.size();

  if (num_parsed != static_cast<size_t>(state.iterations()) * kBatchMax) {
    return state.SkipWithError("not every request has an OSCORE option");
  }
  state.counters["per_request"] = benchmark::Counter(
      kBatchMax, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
BENCHMARK(parse_batch)->Name("parse/batch_of_64");

}  // namespace
}  // namespace osprey::bench
