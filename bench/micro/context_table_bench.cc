// From a kid to its context, kids in no order.
#include <numeric>
#include <random>

#include <benchmark/benchmark.h>

#include "bench/micro/world.h"

namespace osprey::bench {
namespace {

std::vector<size_t> shuffled(size_t count) {
  std::vector<size_t> numbers(count);
  std::iota(numbers.begin(), numbers.end(), size_t{0});
  std::shuffle(numbers.begin(), numbers.end(), std::mt19937_64(1));
  return numbers;
}

// Argument: contexts in the table.
void find_context(benchmark::State& state) {
  const auto count = static_cast<size_t>(state.range(0));
  oscore::ContextTable table(1);
  for (size_t i = 0; i < count; ++i) {
    const auto& algorithm = *cose::find_aead(cose::kAesCcm16_64_128);
    CHECK(table.add(server_context(i, algorithm)).has_value());
  }
  std::vector<oscore::Id> kids;
  for (const size_t i : shuffled(count)) kids.emplace_back(table.at(i).recipient_id());
  size_t next = 0;
  size_t num_found = 0;
  for (auto _ : state) {
    oscore::OscoreOption option;
    option.kid = kids[next].view();
    const oscore::SecurityContext* found = table.find(option);
    num_found += found != nullptr && equal(found->recipient_id(), *option.kid);
    next = next + 1 < kids.size() ? next + 1 : 0;
  }
  if (num_found != static_cast<size_t>(state.iterations())) {
    state.SkipWithError("a context was not found");
  }
}
BENCHMARK(find_context)->Name("context_table/find")->Arg(1'000)->Arg(100'000);

}  // namespace
}  // namespace osprey::bench
