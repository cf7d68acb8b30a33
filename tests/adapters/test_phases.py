"""The phase markers end to end: marked programs, run through their adapters."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from harness.model import Build, Case, Mode, Phase, SteadyPlan, Trial, TrialPlan
from harness.plugins import Adapters
from harness.system.process.runner import LocalRunner
from harness.testing import make_target

CASE = Case("only")
HEADER = Path(__file__).parents[2] / "harness" / "adapterkit" / "include"
SUFFIXES = {"c": ".c", "julia": ".jl", "python": ".py"}
JULIA = pytest.param("julia", marks=pytest.mark.julia)
LANGUAGES = ["c", JULIA, "python"]


@dataclass(frozen=True)
class Bench:
    """Builds and runs marked programs."""

    runner: LocalRunner
    folder: Path
    adapters: Adapters

    def build(self, language: str, source: str, **changes: Any) -> Build:
        path = self.folder / f"marked{SUFFIXES[language]}"
        path.write_text(source)
        target = make_target(self.folder, adapter=language, sources=(path,))
        adapter = self.adapters.get(language)
        workdir = self.folder.parent / "builds" / language
        workdir.mkdir(parents=True, exist_ok=True)
        return adapter.build(
            replace(target, **changes), adapter.probe(self.runner), workdir, self.runner
        )

    def time(self, build: Build, plan: TrialPlan | None = None) -> Trial:
        adapter = self.adapters.get(build.target.adapter)
        trial = adapter.time(build, CASE, plan or TrialPlan(timeout_ns=60 * 10**9), self.runner)
        assert trial.ok, trial.message
        return trial

    def phases(self, language: str, source: str, **changes: Any) -> dict[str, Phase]:
        trial = self.time(self.build(language, source, **changes))
        return {phase.path: phase for phase in trial.phases}

    def calls(self, language: str, source: str, **changes: Any) -> dict[str, int]:
        found = self.phases(language, source, **changes)
        return {path: phase.calls for path, phase in found.items()}


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRunner]:
    folder = tmp_path_factory.mktemp("runner")
    runner = LocalRunner(folder / "scratch", folder / "cache")
    yield runner
    runner.close()


@pytest.fixture
def bench(local: LocalRunner, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(local, tmp_path_factory.mktemp("target"), Adapters())


C = '#include "harness_phases.h"\n'
JL = "using HarnessPhases\n"
PY = "from harness_phases import phase\n"

NESTED = {
    "c": C
    + """\
static volatile double sink;
static void inner(void) {
    harness_phase_begin("inner");
    for (int i = 0; i < 20000; i++) sink += i;
    harness_phase_end("inner");
}
int main(void) {
    for (int i = 0; i < 3; i++) {
        harness_phase_begin("outer");
        inner();
        inner();
        harness_phase_end("outer");
    }
    inner();
    return 0;
}
""",
    "julia": JL
    + """\
inner() = @phase "inner" sum(sqrt, 1:20000)
function main()
    for _ in 1:3
        @phase "outer" begin
            inner()
            inner()
        end
    end
    inner()
end
main()
""",
    "python": PY
    + """\
@phase("inner")
def inner():
    return sum(range(20000))

def main():
    for _ in range(3):
        with phase("outer"):
            inner()
            inner()
    inner()

main()
""",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_nested_and_repeated_phases_are_told_apart(bench: Bench, language: str) -> None:
    found = bench.phases(language, NESTED[language])
    calls = {path: phase.calls for path, phase in found.items()}
    assert calls == {"outer": 3, "outer/inner": 6, "inner": 1}


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_outer_phase_holds_its_inner_ones_and_the_trial_holds_all(
    bench: Bench, language: str
) -> None:
    trial = bench.time(bench.build(language, NESTED[language]))
    total_ns = {phase.path: phase.total_ns for phase in trial.phases}
    assert 0 < total_ns["outer/inner"] <= total_ns["outer"]
    assert total_ns["outer"] + total_ns["inner"] < trial.wall_ns


@pytest.mark.parametrize("language", LANGUAGES)
def test_nobody_writes_phases_that_are_not_asked_for(bench: Bench, language: str) -> None:
    plan = TrialPlan(timeout_ns=60 * 10**9, phases=False)
    assert bench.time(bench.build(language, NESTED[language]), plan).phases == ()


@pytest.mark.parametrize("language", LANGUAGES)
def test_steady_phases_are_summed_over_all_executions(bench: Bench, language: str) -> None:
    steady = SteadyPlan(samples=2, min_sample_ns=0, budget_ns=10**9)
    plan = TrialPlan(Mode.STEADY, timeout_ns=60 * 10**9, steady=steady)
    trial = bench.time(bench.build(language, NESTED[language], steady=True), plan)
    batches = [sample.batch for sample in trial.samples]
    executions = sum(batches) + (1 if batches[-1] > 1 else 0)
    calls = {phase.path: phase.calls for phase in trial.phases}
    assert calls == {"outer": 3 * executions, "outer/inner": 6 * executions, "inner": executions}


LEAVES_EARLY = {
    "c": C
    + """\
static int risky(void) {
    harness_phase_begin("inner");
    return 1; /* without its end */
}
int main(void) {
    harness_phase_begin("outer");
    risky();
    harness_phase_end("outer");
    harness_phase_end("never begun");
    harness_phase_begin("after");
    harness_phase_end("after");
    return 0;
}
""",
    "julia": JL
    + """\
try
    @phase "outer" @phase "inner" error("expected")
catch
end
@phase "after" nothing
""",
    "python": PY
    + """\
@phase("inner")
def risky():
    raise ValueError

try:
    with phase("outer"):
        risky()
except ValueError:
    pass
with phase("after"):
    pass
""",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_leaving_early_closes_what_is_open(bench: Bench, language: str) -> None:
    assert bench.calls(language, LEAVES_EARLY[language]) == {
        "outer": 1,
        "outer/inner": 1,
        "after": 1,
    }


EXITS_INSIDE = {
    "c": "#include <stdlib.h>\n"
    + C
    + """\
int main(void) {
    harness_phase_begin("outer");
    harness_phase_begin("inner");
    exit(0);
}
""",
    "julia": JL + '@phase "outer" begin\n    @phase "inner" exit(0)\nend\n',
    "python": PY
    + "import sys\nwith phase('outer'):\n    with phase('inner'):\n        sys.exit(0)\n",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_exit_within_a_phase_ends_it(bench: Bench, language: str) -> None:
    assert bench.calls(language, EXITS_INSIDE[language]) == {"outer": 1, "outer/inner": 1}


THREADS = {
    "c": "#include <pthread.h>\n"
    + C
    + """\
static void *work(void *name) {
    for (int i = 0; i < 5000; i++) {
        harness_phase_begin("common");
        harness_phase_begin(name);
        harness_phase_end(name);
        harness_phase_end("common");
    }
    return name;
}
int main(void) {
    const char *names[4] = {"a", "b", "c", "d"};
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) pthread_create(&threads[i], NULL, work, (void *)names[i]);
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    return 0;
}
""",
    "julia": JL
    + """\
function work(name)
    for i in 1:5000
        @phase "common" begin
            i % 100 == 0 && yield()
            @phase name nothing
        end
    end
end
@sync for name in ("a", "b", "c", "d")
    Threads.@spawn work(name)
end
""",
    "python": PY
    + """\
import sys
import threading

def work(name):
    for _ in range(5000):
        with phase("common"):
            with phase(name):
                pass

sys.setswitchinterval(1e-5)
threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
""",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_threads_have_phases_of_their_own(bench: Bench, language: str) -> None:
    options = {
        "c": {"flags": ["-O2", "-pthread"]},
        "julia": {"threads": 2},
        "python": {},
    }[language]
    calls = bench.calls(language, THREADS[language], options=options)
    assert calls == {"common": 20000, **{f"common/{name}": 5000 for name in "abcd"}}


FORKS = {
    "c": "#include <sys/wait.h>\n"
    + C
    + """\
int main(void) {
    harness_phase_begin("outer");
    if (fork() == 0) {
        harness_phase_begin("child");
        harness_phase_end("child");
        exit(0);
    }
    wait(NULL);
    harness_phase_end("outer");
    return 0;
}
""",
    "python": PY
    + """\
import os
import sys

with phase("outer"):
    if os.fork() == 0:
        with phase("child"):
            pass
        sys.exit(0)
    os.wait()
""",
}


@pytest.mark.parametrize("language", ["c", "python"])
def test_a_forked_child_does_not_report_its_parents_phases_again(
    bench: Bench, language: str
) -> None:
    assert bench.calls(language, FORKS[language]) == {"outer": 1}


RUNS_ITSELF = {
    "c": "#include <sys/wait.h>\n"
    + C
    + """\
int main(int argc, char **argv) {
    harness_phase_begin(argc > 1 ? "child" : "parent");
    if (argc == 1 && fork() == 0) execl("/proc/self/exe", argv[0], "child", (char *)NULL);
    wait(NULL);
    harness_phase_end(argc > 1 ? "child" : "parent");
    return 0;
}
""",
    "julia": JL
    + """\
if isempty(ARGS)
    @phase "parent" run(`$(Base.julia_cmd()) --startup-file=no $PROGRAM_FILE child`)
else
    @phase "child" nothing
end
""",
    "python": PY
    + """\
import subprocess
import sys

if len(sys.argv) == 1:
    with phase("parent"):
        subprocess.run([sys.executable, __file__, "child"], check=True)
else:
    with phase("child"):
        pass
""",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_another_program_that_it_starts_adds_its_own_phases(bench: Bench, language: str) -> None:
    assert bench.calls(language, RUNS_ITSELF[language]) == {"parent": 1, "child": 1}


DEEP = {
    "c": C
    + """\
static void down(int depth) {
    harness_phase_begin("down");
    if (depth > 1) down(depth - 1);
    harness_phase_end("down");
}
int main(void) {
    down(200);
    harness_phase_begin("after");
    harness_phase_end("after");
    return 0;
}
""",
    "julia": JL
    + """\
down(depth) = @phase "down" depth > 1 && down(depth - 1)
down(200)
@phase "after" nothing
""",
    "python": PY
    + """\
def down(depth):
    with phase("down"):
        if depth > 1:
            down(depth - 1)

down(200)
with phase("after"):
    pass
""",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_recursion_past_the_depth_limit_is_not_reported_and_harms_nothing(
    bench: Bench, language: str
) -> None:
    calls = bench.calls(language, DEEP[language])
    assert calls["after"] == 1
    assert calls == {
        **{"/".join(["down"] * depth): 1 for depth in range(1, 65)},
        "after": 1,
    }


# -- one language alone ---------------------------------------------------------------------------


def test_several_c_files_share_one_tree(bench: Bench) -> None:
    other = bench.folder / "other.c"
    other.write_text(
        C + 'void other(void) { harness_phase_begin("inner"); harness_phase_end("inner"); }\n'
    )
    source = C + (
        "void other(void);\n"
        'int main(void) { harness_phase_begin("outer"); other(); harness_phase_end("outer"); }\n'
    )
    sources = (bench.folder / "marked.c", other)
    assert bench.calls("c", source, sources=sources) == {"outer": 1, "outer/inner": 1}


COMPILERS = [
    *(f"{cc} -std={std}" for cc in ("gcc", "clang") for std in ("c99", "c11", "gnu17")),
    *(f"{cxx} -x c++ -std={std}" for cxx in ("g++", "clang++") for std in ("c++11", "c++20")),
]


@pytest.mark.parametrize("compiler", COMPILERS)
def test_the_header_compiles_without_a_warning(
    local: LocalRunner, tmp_path: Path, compiler: str
) -> None:
    words = compiler.split()
    if shutil.which(words[0]) is None:
        pytest.skip(f"no {words[0]} here")
    source = tmp_path / "marked.c"
    source.write_text(
        C + 'int main(void) { harness_phase_begin("a"); harness_phase_end("a"); return 0; }\n'
    )
    strict = ("-O2", "-Wall", "-Wextra", "-Wpedantic", "-Werror")
    program = tmp_path / "marked"
    said = local.tool([*words, *strict, f"-I{HEADER}", str(source), "-o", str(program)])
    assert (said.exit_code, said.stderr) == (0, "")
    report = tmp_path / "report"
    assert local.tool([str(program)], env={"HARNESS_PHASES": str(report)}).ok
    first, line = report.read_text().splitlines()
    assert first == "harness-phases 1"
    assert line.split("\t")[::2] == ["1", "a"]


def test_a_python_generator_that_ends_out_of_order_harms_nothing(bench: Bench) -> None:
    source = (
        PY
        + """\
def numbers():
    with phase("numbers"):
        yield 1
        yield 2

with phase("outer"):
    left = numbers()
    next(left)
left.close()
with phase("after"):
    pass
"""
    )
    calls = bench.calls("python", source)
    assert (calls["outer"], calls["after"]) == (1, 1)


def test_a_decorated_python_function_stays_itself(bench: Bench) -> None:
    source = (
        PY
        + """\
@phase("work")
def work(x, *, y=2):
    "What it does."
    return x + y

assert (work.__name__, work.__doc__, work(1, y=4)) == ("work", "What it does.", 5)
"""
    )
    assert bench.calls("python", source) == {"work": 1}


@pytest.mark.parametrize("version", ["3.8", "3.13"])
def test_the_python_marker_runs_on_other_versions(bench: Bench, version: str) -> None:
    kept = (Path.home() / ".pyenv" / "versions").glob(f"{version}.*/bin/python")
    found = [*map(str, kept), shutil.which(f"python{version}")]
    if found[0] is None:
        pytest.skip(f"no Python {version} here")
    calls = bench.calls("python", NESTED["python"], options={"python": found[0]})
    assert calls == {"outer": 3, "outer/inner": 6, "inner": 1}


@pytest.mark.julia
def test_a_julia_phase_has_the_value_of_its_expression(bench: Bench) -> None:
    source = JL + 'f(x) = @phase "f" x + 1\n@assert f(2) === 3\n@assert (@phase "g" "s") === "s"\n'
    assert bench.calls("julia", source) == {"f": 1, "g": 1}


@pytest.mark.julia
def test_a_julia_phase_may_be_left_by_return_and_break(bench: Bench) -> None:
    source = (
        JL
        + """\
function f()
    for i in 1:10
        @phase "loop" begin
            i == 3 && break
        end
    end
    @phase "last" return 1
end
f()
@phase "after" nothing
"""
    )
    assert bench.calls("julia", source) == {"loop": 3, "last": 1, "after": 1}
