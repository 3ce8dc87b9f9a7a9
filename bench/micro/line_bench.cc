// The whole line, memory to memory: parse, steer, open, handle, seal, answer of POST /echo with 64
// bytes, 1,000 contexts in turn, AES-CCM-16-64-128. What a port adds is not in it.
#include <benchmark/benchmark.h>

#include "bench/micro/world.h"

namespace osprey::bench {
namespace {

using oscore::Verdict;

// Argument: datagrams in one batch. The copy of each request into its buffer is timed too.
void line_serve(benchmark::State& state) {
  World world;
  const auto batch_len = static_cast<size_t>(state.range(0));
  for (auto _ : state) world.line().serve(world.receive(batch_len), kSecond);

  const auto num_requests = static_cast<uint64_t>(state.iterations()) * batch_len;
  const auto& served = world.line().counters()[static_cast<size_t>(Verdict::kServed)];
  if (served.read() != num_requests) return state.SkipWithError("not every request was served");
  if (!world.are_answered()) return state.SkipWithError("a reply is not the answer");
  state.counters["per_request"] = benchmark::Counter(
      static_cast<double>(batch_len),
      benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
BENCHMARK(line_serve)->Name("line/serve")->Arg(1)->Arg(8)->Arg(64);

}  // namespace
}  // namespace osprey::bench
