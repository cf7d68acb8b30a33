"""Suites of other frameworks: their benchmarks are named, run one by one, and read."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import ConfigError
from harness.model import Case, Mode, Target, TrialPlan, TrialStatus
from harness.plugins import Adapters
from harness.system.process.runner import LocalRunner
from harness.testing import make_target

STEADY = TrialPlan(mode=Mode.STEADY)

GOOGLE = r"""#!/bin/sh
case "$1" in
--benchmark_list_tests=true) echo BM_sort/8; echo BM_sum; exit;;
"--benchmark_filter=^BM_sum$") echo '{
  "context": {}, "benchmarks": [{"error_occurred": true, "error_message": "too small"}]}'; exit;;
"--benchmark_filter=^BM_sort/8$") ;;
*) exit 3;;
esac
echo 'a program may print, too: {'
echo '{
  "context": {"num_cpus": 2},
  "benchmarks": [
{"run_type": "iteration", "iterations": 10, "real_time": 2.5, "cpu_time": 2.0, "time_unit": "us"},
{"run_type": "iteration", "iterations": 20, "real_time": 3.5, "cpu_time": 3.0, "time_unit": "us"},
{"run_type": "aggregate", "real_time": 3.0, "cpu_time": 2.5, "time_unit": "us"}]}'
"""

# As Catch2 2.13 prints it.
CATCH2 = r"""#!/bin/sh
printf '%s\n' "$1" > chosen.txt
cat <<'END'
<?xml version="1.0" encoding="UTF-8"?>
<Catch name="bench" filters="*,[!benchmark]">
  <Group name="bench">
    <TestCase name="fib is right" filename="bench.cpp" line="7">
      <OverallResult success="true"/>
    </TestCase>
    <TestCase name="fib, all" tags="[!benchmark][!hide][.]" filename="bench.cpp" line="8">
      <BenchmarkResults name="fib 15" samples="2" resamples="100000" iterations="31">
        <!--All values in nano seconds-->
        <mean value="2154.97" lowerBound="2154.97" upperBound="2154.97" ci="0"/>
      </BenchmarkResults>
      <BenchmarkResults name="fib 18" samples="2" resamples="100000" iterations="8">
        <mean value="9135.38" lowerBound="9135.38" upperBound="9135.38" ci="0"/>
      </BenchmarkResults>
      <OverallResult success="true"/>
    </TestCase>
  </Group>
</Catch>
END
"""

# A cargo that "builds" a bench, whose program answers as one of criterion 0.5 does.
CARGO = r"""#!/bin/sh
[ "$1" = --version ] && { echo "cargo 1.70.0"; exit; }
[ "$1 $2 $3 $4" = "bench --bench sorting --no-run" ] || exit 9
mkdir -p "$CARGO_TARGET_DIR"
cp bench.sh "$CARGO_TARGET_DIR/sorting-1234"
echo '{"reason": "compiler-artifact", "target": {"kind": ["lib"]}, "executable": null}'
echo '{"reason": "compiler-artifact", "target": {"kind": ["bench"]},' \
     "\"executable\": \"$CARGO_TARGET_DIR/sorting-1234\"}"
"""
CRITERION = r"""#!/bin/sh
[ "$2" = --list ] && { printf 'sort/quick: benchmark\nsort: merge: benchmark\n'; exit; }
[ "$1 $2" = "--bench ^sort/quick$" ] || exit 9
mkdir -p "$CRITERION_HOME/sort_quick/new"
echo '{"sampling_mode":"Linear","iters":[2.0,4.0],"times":[200.0,500.0]}' \
  > "$CRITERION_HOME/sort_quick/new/sample.json"
"""

GO = r"""#!/bin/sh
[ "$1" = version ] && { echo "go version go1.19.8 linux/amd64"; exit; }
cp suite.sh "$4" && chmod +x "$4"
"""
GO_SUITE = r"""#!/bin/sh
case "$2" in
-test.bench=.) echo 'BenchmarkJoin/size-10  1  1011 ns/op'; echo 'BenchmarkUpper  1  611.0 ns/op';;
'-test.bench=^BenchmarkJoin$/^size\-10$')
  echo 'BenchmarkJoin/size-10-2   33897   887.5 ns/op   3 B/op'
  echo 'BenchmarkJoin/size-10-2   18171   1128 ns/op';;
*) exit 9;;
esac
"""

BENCHMARK_TOOLS = """
module BenchmarkTools
export BenchmarkGroup, tune!
struct Benchmark; f; end
struct Parameters; evals; end
struct Trial; params; times; end
const BenchmarkGroup = Dict{Any,Any}
leaves(group, before=[]) = reduce(vcat, [value isa Dict ? leaves(value, [before; key]) :
    [([before; key], value)] for (key, value) in sort(collect(group); by = string)]; init = [])
tune!(b::Benchmark) = b.f()
Base.run(b::Benchmark; seconds) = Trial(Parameters(5), fill(40.0, 25))
end
"""


class Suite:
    """One suite below a folder, through the installed adapter."""

    def __init__(self, folder: Path, runner: LocalRunner) -> None:
        self.adapter, self.runner, self.folder = Adapters().get("suite"), runner, folder
        self.root = folder / "project"
        self.root.mkdir()

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(text)
        path.chmod(0o755)
        return path

    def target(
        self, kind: str, *sources: str, env: dict[str, str] | None = None, **options: object
    ):
        return make_target(
            self.root,
            adapter="suite",
            sources=tuple(self.root / name for name in sources),
            args=(),
            env=env or {},
            options={"kind": kind, **options},
        )

    def made(self, target: Target):
        chain = self.adapter.probe(self.runner, target)
        return self.adapter.build(target, chain, self.folder / "builds", self.runner)

    def names(self, target: Target) -> tuple[str, ...]:
        return self.adapter.benchmarks(self.made(target), self.runner)

    def trial(self, target: Target, name: str):
        case = Case(name, {"benchmark": name})
        return self.adapter.time(self.made(target), case, STEADY, self.runner)

    def figures(self, target: Target, name: str) -> list[tuple[int, int, int]]:
        trial = self.trial(target, name)
        assert trial.status is TrialStatus.OK, trial.message
        return [(s.batch, s.wall_ns, s.cpu_ns) for s in trial.samples]


@pytest.fixture
def suite(tmp_path: Path, local_runner: LocalRunner) -> Suite:
    return Suite(tmp_path, local_runner)


def test_google_benchmark_gives_a_sample_for_each_repetition(suite: Suite):
    suite.write("bench", GOOGLE)
    target = suite.target("google-benchmark", program="bench")
    assert suite.names(target) == ("BM_sort/8", "BM_sum")
    assert suite.figures(target, "BM_sort/8") == [(10, 25_000, 20_000), (20, 70_000, 60_000)]


def test_a_benchmark_that_gives_up_is_a_failed_trial_with_its_words(suite: Suite):
    suite.write("bench", GOOGLE)
    trial = suite.trial(suite.target("google-benchmark", program="bench"), "BM_sum")
    assert trial.status is TrialStatus.FAILED
    assert "too small" in trial.message


def test_catch2_names_the_benchmarks_within_its_test_cases(suite: Suite):
    suite.write("bench", CATCH2)
    target = suite.target("catch2", program="bench")
    assert suite.names(target) == ("fib, all / fib 15", "fib, all / fib 18")
    trial = suite.trial(target, "fib, all / fib 18")
    assert [(s.batch, s.wall_ns, s.cpu_ns) for s in trial.samples] == [(16, 146_166, -1)]
    assert trial.output is not None
    assert (trial.output.folder / "chosen.txt").read_text() == "fib\\, all\n"


def test_criterion_is_built_by_cargo_and_run_exactly(suite: Suite):
    suite.write("cargo", CARGO)
    suite.write("Cargo.lock", "")
    suite.write("bench.sh", CRITERION)
    target = suite.target("criterion", name="sorting", tool="./cargo")
    assert suite.names(target) == ("sort/quick", "sort: merge")
    assert suite.figures(target, "sort/quick") == [(2, 200, -1), (4, 500, -1)]


def test_go_names_benchmarks_within_benchmarks(suite: Suite):
    suite.write("go", GO)
    suite.write("suite.sh", GO_SUITE)
    target = suite.target("go", tool="./go")
    assert suite.names(target) == ("BenchmarkJoin/size-10", "BenchmarkUpper")
    figures = suite.figures(target, "BenchmarkJoin/size-10")
    assert figures == [(33897, 30_083_588, -1), (18171, 20_496_888, -1)]


@pytest.mark.julia
def test_benchmarktools_names_and_runs_the_leaves_of_its_suite(suite: Suite):
    suite.write("deps/BenchmarkTools.jl", BENCHMARK_TOOLS)
    suite.write(
        "benchmarks.jl",
        'using BenchmarkTools\nconst SUITE = BenchmarkGroup("sort" =>'
        " BenchmarkGroup(8 => BenchmarkTools.Benchmark(() -> sort([2, 1]))))\n",
    )
    env = {"JULIA_LOAD_PATH": f"{suite.root / 'deps'}:@stdlib"}
    target = suite.target("benchmarktools", "benchmarks.jl", env=env)
    assert suite.names(target) == ("sort/8",)
    assert suite.figures(target, "sort/8") == [(15, 600, -1)] * 8 + [(5, 200, -1)]


PYTHON = {"tool": sys.executable, "milliseconds": 1}


def test_plain_test_functions_are_called_again_and_again_with_their_fixtures(suite: Suite):
    suite.write(
        "test_words.py",
        "import pytest\n\n@pytest.fixture\ndef words():\n    return ['a', 'b']\n\n"
        "@pytest.mark.parametrize('n', [1, 2])\ndef test_join(words, n):\n"
        "    print(n)\n    assert ''.join(words) == 'ab'\n",
    )
    target = suite.target("pytest", "test_words.py", **PYTHON)
    names = suite.names(target)
    assert names == ("test_words.py::test_join[1]", "test_words.py::test_join[2]")
    assert len(suite.figures(target, names[1])) == 10
    once = suite.target("pytest", "test_words.py", **PYTHON, repeat=False)
    assert [batch for batch, *_ in suite.figures(once, names[0])] == [1]
    assert sorted(path.name for path in suite.root.iterdir()) == ["test_words.py"]


def test_pytest_benchmark_keeps_its_own_rounds(suite: Suite):
    pytest.importorskip("pytest_benchmark")
    suite.write(
        "bench.py",
        "def test_fast(benchmark):\n    benchmark.pedantic(sum, ([1, 2],), rounds=12, iterations=5)"
        "\n\ndef test_other():\n    pass\n",
    )
    target = suite.target("pytest-benchmark", "bench.py", **PYTHON)
    assert suite.names(target) == ("bench.py::test_fast",)
    assert [batch for batch, *_ in suite.figures(target, "bench.py::test_fast")] == [10] * 6


ASV = """
import words

class TimeJoin:
    params = [[1, 2], ["a"]]
    skip_params = [(2, "a")]
    def setup_cache(self):
        return 3
    def setup(self, cache, n, letter):
        self.given = [letter] * (n + cache)
    def time_join(self, cache, n, letter):
        words.join(self.given)

def time_sum():
    sum((1, 2))
time_sum.warmup_time = 0

def track_size():
    return 1
"""


def test_asv_names_its_timings_with_their_parameters_and_times_them(suite: Suite):
    pytest.importorskip("asv_runner")
    suite.write("src/words.py", "join = ''.join\n")
    suite.write("benchmarks/__init__.py", "")
    suite.write("benchmarks/timed.py", ASV)
    target = suite.target("asv", "benchmarks", **PYTHON)
    assert suite.names(target) == ("timed.TimeJoin.time_join(1, 'a')", "timed.time_sum")
    assert all(
        batch >= 1 for batch, *_ in suite.figures(target, "timed.TimeJoin.time_join(1, 'a')")
    )
    trial = suite.trial(target, "timed.TimeJoin.time_join(2, 'a')")
    assert trial.status is TrialStatus.FAILED
    assert "the suite has no timing" in trial.message


def test_a_name_with_brackets_is_a_pattern_of_itself(suite: Suite):
    suite.write("bench", GOOGLE.replace("BM_sum;", "'BM_sum[8]';"))
    target = suite.target("google-benchmark", program="bench", only=["BM_sum[8]"])
    assert suite.names(target) == ("BM_sum[8]",)
    target = suite.target("google-benchmark", program="bench", skip=["BM_sum[8]"])
    assert suite.names(target) == ("BM_sort/8",)


def test_go_runs_in_the_folder_of_its_package_where_inputs_make_it(suite: Suite):
    suite.write("go", GO)
    suite.write("suite.sh", '#!/bin/sh\necho "Benchmark-$(cat testdata/a)  1  611.0 ns/op"\n')
    suite.write("text/testdata/a", "read")
    target = suite.target("go", tool="./go", name="./text")
    target = replace(target, inputs=(suite.root / "text/testdata",))
    assert suite.names(target) == ("Benchmark-read",)


def test_only_leaves_out_what_fits_no_pattern(suite: Suite):
    suite.write("bench", GOOGLE)
    target = suite.target("google-benchmark", program="bench", only=["*sum"])
    assert suite.names(target) == ("BM_sum",)
    with pytest.raises(ConfigError, match="none of its 2 benchmarks fits `only` and no `skip`"):
        suite.names(suite.target("google-benchmark", program="bench", only=["none"]))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"kind": "google-bench"}, "no suites of the kind 'google-bench'"),
        ({"kind": ""}, "say which `kind`"),
        ({"kind": "catch2"}, "a program of your own build"),
        ({"kind": "pytest", "tool": sys.executable}, "needs a source"),
        ({"kind": "criterion"}, "a bench of a crate"),
        ({"kind": "go", "milliseconds": 0}, "want at least 1, got 0"),
    ],
)
def test_what_a_suite_lacks_is_said(suite: Suite, options: dict[str, object], words: str):
    if options["kind"] == "criterion":
        options = {**options, "tool": str(suite.write("cargo", CARGO))}
    with pytest.raises(ConfigError, match=words):
        suite.made(suite.target(**options))  # type: ignore[arg-type]


def test_a_case_that_says_no_benchmark_is_refused(suite: Suite):
    suite.write("bench", GOOGLE)
    made = suite.made(suite.target("google-benchmark", program="bench"))
    with pytest.raises(ConfigError, match="which benchmark of the suite is the case 'fast'"):
        suite.adapter.run(made, Case("fast"), suite.runner)


REAL = {
    "google-benchmark": (
        "#include <benchmark/benchmark.h>\nstatic void BM_a(benchmark::State& s) {"
        " for (auto _ : s) { int x = 1; benchmark::DoNotOptimize(x); } }\n"
        "BENCHMARK(BM_a)->Arg(8);\nBENCHMARK_MAIN();\n",
        ("-lbenchmark", "-lpthread"),
        "BM_a/8",
    ),
    "catch2": (
        "#define CATCH_CONFIG_MAIN\n#define CATCH_CONFIG_ENABLE_BENCHMARKING\n"
        '#include <catch2/catch.hpp>\nTEST_CASE("one, two", "[!benchmark]") {'
        ' BENCHMARK("a") { return 1; }; }\n',
        (),
        "one, two / a",
    ),
}


@pytest.mark.soak
@pytest.mark.skipif(not os.environ.get("HARNESS_SOAK"), reason="the long form: make soak")
@pytest.mark.parametrize("kind", REAL)
def test_the_real_frameworks_of_debian(suite: Suite, kind: str):
    text, libraries, name = REAL[kind]
    header = {"google-benchmark": "benchmark/benchmark.h", "catch2": "catch2/catch.hpp"}[kind]
    compiler = shutil.which("g++")
    if compiler is None or not Path("/usr/include", header).exists():
        pytest.skip("apt-get install g++ libbenchmark-dev catch2")
    source = suite.write("bench.cpp", text)
    words = [compiler, str(source), "-o", str(suite.root / "bench"), *libraries]
    assert suite.runner.tool(words).ok
    target = suite.target(kind, program="bench", milliseconds=5)
    assert suite.names(target) == (name,)
    assert suite.figures(target, name)


@pytest.mark.soak
@pytest.mark.skipif(not os.environ.get("HARNESS_SOAK"), reason="the long form: make soak")
@pytest.mark.needs("go")
def test_the_real_go(suite: Suite):
    suite.write("go.mod", "module example.com/words\n")
    body = "for i := 0; i < b.N; i++ { _ = i }"
    suite.write(
        "words_test.go",
        'package words\n\nimport "testing"\n\nfunc BenchmarkA(b *testing.B) {\n'
        f'\tb.Run("size-8", func(b *testing.B) {{ {body} }})\n}}\n',
    )
    target = suite.target("go", milliseconds=5)
    assert suite.names(target) == ("BenchmarkA/size-8",)
    assert len(suite.figures(target, "BenchmarkA/size-8")) == 10
