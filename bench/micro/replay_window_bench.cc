// The replay window: one Partial IV after the other, looked at and recorded.
#include <benchmark/benchmark.h>

#include "framework/oscore/replay_window.h"

namespace osprey::bench {
namespace {

// Argument: numbers in the window.
void replay_window(benchmark::State& state) {
  oscore::ReplayWindow window(static_cast<size_t>(state.range(0)));
  window.initialise_empty();
  uint64_t piv = 0;
  uint64_t num_accepted = 0;
  for (auto _ : state) {
    num_accepted += window.may_accept(piv) && window.try_record(piv);
    ++piv;
  }
  if (num_accepted != static_cast<uint64_t>(state.iterations())) {
    state.SkipWithError("a new Partial IV was refused");
  }
}
BENCHMARK(replay_window)->Name("replay_window/accept")->Arg(32)->Arg(1024);

}  // namespace
}  // namespace osprey::bench
