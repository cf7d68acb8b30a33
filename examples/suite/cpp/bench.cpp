// A suite for google-benchmark: Debian has it as libbenchmark-dev.
#include <algorithm>
#include <numeric>
#include <vector>

#include <benchmark/benchmark.h>

static std::vector<int> mixed(int count) {
  std::vector<int> values(count);
  unsigned state = 1;
  for (int &value : values) {
    state = state * 1664525u + 1013904223u;
    value = static_cast<int>(state >> 8);
  }
  return values;
}

static void BM_sort(benchmark::State &state) {
  const auto values = mixed(state.range(0));
  for (auto _ : state) {
    auto copy = values;
    std::sort(copy.begin(), copy.end());
    benchmark::DoNotOptimize(copy.data());
  }
}
BENCHMARK(BM_sort)->Arg(1000)->Arg(8000);

static void BM_sum(benchmark::State &state) {
  const auto values = mixed(4096);
  for (auto _ : state)
    benchmark::DoNotOptimize(std::accumulate(values.begin(), values.end(), 0L));
}
BENCHMARK(BM_sum);

BENCHMARK_MAIN();
