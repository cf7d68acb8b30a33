"""The steady drivers end to end: real programs, through their adapters and the launcher."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from harness.model import Build, Case, Command, Mode, SteadyPlan, Trial, TrialPlan, TrialStatus
from harness.plugins import Adapters
from harness.system.process.runner import LocalRunner
from harness.testing import make_target

CASE = Case("only", seed=1)
QUICK = SteadyPlan(samples=3, min_sample_ns=200_000, budget_ns=2_000_000_000)
CALM = SteadyPlan(samples=3, min_sample_ns=20_000_000, budget_ns=60_000_000_000)
"""No moment of a busy machine is as long, twice in a row: work that is short is done in batches."""
SUFFIXES = {"c": ".c", "julia": ".jl", "python": ".py"}
LANGUAGES = ["c", pytest.param("julia", marks=pytest.mark.julia), "python"]


@dataclass(frozen=True)
class Bench:
    """Builds and runs programs in steady mode."""

    runner: LocalRunner
    folder: Path
    adapters: Adapters

    def build(self, language: str, source: str, **changes: Any) -> Build:
        path = self.folder / f"work{SUFFIXES[language]}"
        path.write_text(source)
        target = make_target(self.folder, adapter=language, sources=(path,), steady=True)
        adapter = self.adapters.get(language)
        workdir = self.folder.parent / "builds" / language
        workdir.mkdir(parents=True, exist_ok=True)
        return adapter.build(
            replace(target, **changes), adapter.probe(self.runner), workdir, self.runner
        )

    def time(self, build: Build, steady: SteadyPlan = QUICK, timeout_s: int = 60) -> Trial:
        plan = TrialPlan(Mode.STEADY, timeout_ns=timeout_s * 10**9, steady=steady)
        return self.adapters.get(build.target.adapter).time(build, CASE, plan, self.runner)

    def steady(self, language: str, source: str, **changes: Any) -> Trial:
        return self.time(self.build(language, source, **changes))

    def cold_text(self, language: str, source: str, **changes: Any) -> str:
        build = self.build(language, source, **{**changes, "steady": False})
        output = self.adapters.get(language).run(build, CASE, self.runner)
        return output.stdout.read_text()


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRunner]:
    folder = tmp_path_factory.mktemp("runner")
    runner = LocalRunner(folder / "scratch", folder / "cache")
    yield runner
    runner.close()


@pytest.fixture
def bench(local: LocalRunner, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(local, tmp_path_factory.mktemp("target"), Adapters())


def text_of(trial: Trial) -> str:
    assert trial.ok, trial.message
    assert trial.output is not None
    return trial.output.stdout.read_text()


ECHO = {
    "c": """\
#include <stdio.h>
int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) printf("[%s]\\n", argv[i]);
    return 0;
}
""",
    "julia": """\
function main()
    for arg in ARGS
        println("[", arg, "]")
    end
end
main()
""",
    "python": """\
import sys

def main():
    for arg in sys.argv[1:]:
        print(f"[{arg}]")

if __name__ == "__main__":
    main()
""",
}
ARGUMENTS = ("17", "", "two words", "--flag=x", "ünï")


@pytest.mark.parametrize("language", LANGUAGES)
def test_arguments_arrive_and_the_output_is_that_of_one_cold_run(
    bench: Bench, language: str
) -> None:
    cold = bench.cold_text(language, ECHO[language], args=ARGUMENTS)
    assert cold == "".join(f"[{argument}]\n" for argument in ARGUMENTS)
    assert text_of(bench.steady(language, ECHO[language], args=ARGUMENTS)) == cold


@pytest.mark.parametrize("language", LANGUAGES)
def test_short_work_is_done_in_batches_that_dwarf_the_handshake(
    bench: Bench, language: str
) -> None:
    trial = bench.time(bench.build(language, ECHO[language], args=("1",)), CALM)
    timed = [sample for sample in trial.samples if not sample.calibration]
    calibration = [sample for sample in trial.samples if sample.calibration]
    sizes = [sample.batch for sample in calibration]
    assert sizes[0] == 1
    assert all(next_size in (size, 2 * size) for size, next_size in pairwise(sizes))
    assert calibration[-1].batch == calibration[-2].batch == timed[0].batch > 1
    assert trial.handshake_ns is not None
    assert all(s.wall_ns >= 100 * trial.handshake_ns for s in calibration[-2:])
    assert {sample.batch for sample in timed} == {timed[0].batch}
    assert len(timed) == CALM.samples


@pytest.mark.parametrize("language", LANGUAGES)
def test_start_up_and_first_call_are_told_apart(bench: Bench, language: str) -> None:
    trial = bench.steady(language, ECHO[language])
    first = trial.samples[0]
    assert (first.calibration, first.batch) == (True, 1)
    assert trial.ready_ns is not None
    assert 0 < trial.ready_ns + first.wall_ns < trial.wall_ns


def test_one_slow_first_call_does_not_end_the_calibration(bench: Bench) -> None:
    source = """\
import time
calls = 0

def main():
    global calls
    calls += 1
    if calls == 1:
        time.sleep(0.05)
"""
    plan = SteadyPlan(samples=1, min_sample_ns=20_000_000)  # no moment of a busy machine is as long
    trial = bench.time(bench.build("python", source), plan)
    (timed,) = (s for s in trial.samples if not s.calibration)
    assert timed.batch > 1


FAILS_LATER = {
    "c": """\
#include <stdio.h>
int main(void) {
    static int calls;
    if (++calls < 4) return 0;
    fputs("the fourth call", stderr);
    return 3;
}
""",
    "julia": """\
const calls = Ref(0)
function main()
    calls[] += 1
    calls[] < 4 || error("the fourth call")
end
main()
""",
    "python": """\
calls = 0

def main():
    global calls
    calls += 1
    if calls == 4:
        raise ValueError("the fourth call")

main()
""",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_work_that_fails_fails_the_trial_in_its_own_words(bench: Bench, language: str) -> None:
    trial = bench.steady(language, FAILS_LATER[language])
    assert trial.status is TrialStatus.FAILED
    assert trial.exit_code == {"c": 3, "julia": 1, "python": 1}[language]
    assert "the fourth call" in trial.message
    assert "the work ended the process" not in trial.message


EXITS = {
    "c": "#include <stdlib.h>\nint main(void) { exit(0); }\n",
    "julia": "main() = exit(0)\nmain()\n",
    "python": "import os\n\ndef main():\n    os._exit(0)\n",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_work_that_ends_the_process_is_no_steady_trial(bench: Bench, language: str) -> None:
    trial = bench.steady(language, EXITS[language])
    assert trial.status is TrialStatus.FAILED
    assert trial.message


@pytest.mark.parametrize("language", ["c", pytest.param("julia", marks=pytest.mark.julia)])
def test_the_driver_says_that_the_work_called_exit(bench: Bench, language: str) -> None:
    trial = bench.steady(language, EXITS[language])
    assert trial.exit_code == 70
    assert "it must return" in trial.message


def test_python_work_may_end_with_exit_0(bench: Bench) -> None:
    source = "import sys\n\ndef main():\n    print(1)\n    sys.exit()\n\nmain()\n"
    assert text_of(bench.steady("python", source)) == "1\n"


ENDS_AFTER_SAMPLES = """\
import os
calls = 0

def main():
    global calls
    calls += 1
    sum(range(1000))
    if calls == 20_000:
        os._exit(0)
"""


def test_work_that_ends_the_process_after_some_samples_is_no_steady_trial(bench: Bench) -> None:
    plan = SteadyPlan(samples=10_000, min_sample_ns=0, budget_ns=10**10)
    trial = bench.time(bench.build("python", ENDS_AFTER_SAMPLES), plan)
    assert not trial.samples[-1].calibration
    assert trial.status is TrialStatus.FAILED


PRINTS_A_LOT = {
    "c": """\
#include <stdio.h>
int main(void) {
    for (int i = 0; i < 50000; i++) printf("%d a line that is forty characters long\\n", i);
    return 0;
}
""",
    "julia": """\
function main()
    for i in 1:50000
        println(i, " a line that is forty characters long")
    end
end
main()
""",
    "python": """\
def main():
    for i in range(50000):
        print(i, "a line that is forty characters long")

main()
""",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_two_megabytes_of_output_are_those_of_one_cold_run(bench: Bench, language: str) -> None:
    cold = bench.cold_text(language, PRINTS_A_LOT[language])
    assert len(cold) > 2_000_000
    assert text_of(bench.steady(language, PRINTS_A_LOT[language])) == cold


LESS_EACH_TIME = """\
left = 40

def main():
    global left
    left -= 1
    print("x" * max(left, 3))
"""


def test_a_shorter_output_leaves_nothing_of_a_longer_one(bench: Bench) -> None:
    assert text_of(bench.steady("python", LESS_EACH_TIME)) == "xxx\n"


ENTRY = {
    "c": """\
#include <stdio.h>
int kernel(int argc, char **argv) { printf("kernel %s of %d\\n", argv[1], argc); return 0; }
int main(void) { puts("main"); return 9; }
""",
    "julia": 'kernel(args) = println("kernel ", args[1], " of ", length(args) + 1)\n',
    "python": 'def kernel(args):\n    print("kernel", args[0], "of", len(args) + 1)\n',
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_named_entry_is_called_in_place_of_the_program(bench: Bench, language: str) -> None:
    trial = bench.steady(language, ENTRY[language], entry="kernel", args=("7",))
    assert text_of(trial) == "kernel 7 of 2\n"


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_a_missing_entry_is_named(bench: Bench, language: str) -> None:
    trial = bench.steady(language, ENTRY[language], entry="colonel")
    assert trial.status is TrialStatus.FAILED
    assert "no function colonel" in trial.message


READS_INPUT = {
    "c": """\
#include <stdio.h>
int main(void) {
    int c, lines = 0;
    while ((c = getchar()) != EOF) lines += c == '\\n';
    printf("%d lines\\n", lines);
    return 0;
}
""",
    "julia": 'main() = println(length(readlines(stdin)), " lines")\nmain()\n',
    "python": 'import sys\n\ndef main():\n    print(len(list(sys.stdin)), "lines")\n',
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_execution_reads_standard_input_from_its_beginning(
    bench: Bench, language: str
) -> None:
    path = bench.folder / "input.txt"
    path.write_text("line\n" * 2000)
    assert text_of(bench.steady(language, READS_INPUT[language], stdin=path)) == "2000 lines\n"


PRINTS_FIRST = {
    "c": """\
#include <stdio.h>
__attribute__((constructor)) static void begin(void) { puts("header"); }
int main(void) { puts("work"); return 0; }
""",
    "julia": 'println("header")\nmain() = println("work")\nmain()\n',
    "python": 'print("header")\n\ndef main():\n    print("work")\n\nmain()\n',
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_printed_before_the_work_stays(bench: Bench, language: str) -> None:
    assert text_of(bench.steady(language, PRINTS_FIRST[language])) == "header\nwork\n"


HANGS = {
    "c": "#include <unistd.h>\nint main(void) { static int n; if (n++) sleep(60); return 0; }\n",
    "python": """\
import time
calls = 0

def main():
    global calls
    calls += 1
    if calls > 1:
        time.sleep(60)
""",
}


@pytest.mark.parametrize("language", ["c", "python"])
def test_work_that_hangs_runs_into_the_timeout(bench: Bench, language: str) -> None:
    trial = bench.time(bench.build(language, HANGS[language]), timeout_s=1)
    assert trial.status is TrialStatus.TIMED_OUT


EXAMPLE_WORK = """\
#include <stdio.h>
int work(int argc, char **argv) {
    static int calls;
    long number, sum = 0;
    while (scanf("%ld", &number) == 1) sum += number;
    printf("%s %d %ld%s\\n", argv[1], argc, sum, calls++ == 0 ? " the first time" : "");
    return 0;
}
"""


def test_the_driver_of_the_docs_drives_a_compiled_program(
    local: LocalRunner, tmp_path: Path
) -> None:
    example = Path(__file__).parents[2] / "examples/driver/steady.c"
    (tmp_path / "work.c").write_text(EXAMPLE_WORK)
    (tmp_path / "numbers").write_text("1\n2\n39\n")
    program = tmp_path / "program"
    words = ["cc", "-Wall", "-Werror", "-O2", "-o", str(program), str(example)]
    made = local.tool([*words, str(tmp_path / "work.c")])
    assert made.ok, made.stderr
    target = make_target(tmp_path, stdin=tmp_path / "numbers")
    plan = TrialPlan(Mode.STEADY, timeout_ns=60 * 10**9, steady=CALM)
    trial = local.trial(Command((str(program), "seven"), {}, target), plan)
    assert text_of(trial) == "seven 2 42\n"
    timed = [sample for sample in trial.samples if not sample.calibration]
    assert len(timed) == CALM.samples
    assert timed[0].batch > 1
    plain = local.output(Command((str(program), "seven"), {}, target))
    assert plain.stdout.read_text() == "seven 2 42 the first time\n"


WAITS_FOR_INPUT = """\
#include <stdio.h>
#include <unistd.h>
int main(void) {
    static int calls;
    int ends[2];
    char byte;
    if (calls++ == 0) return 0;
    return pipe(ends) || read(ends[0], &byte, 1) < 0;
}
"""


def test_work_that_waits_for_input_that_is_used_up_is_ended_early_with_words(bench: Bench) -> None:
    trial = bench.time(bench.build("c", WAITS_FOR_INPUT), timeout_s=600)
    assert trial.status is TrialStatus.TIMED_OUT
    assert "was ended early: an execution after the first ran for 5 s" in trial.message
    assert "the first execution used up" in trial.message


def test_a_spent_budget_still_takes_one_sample(bench: Bench) -> None:
    plan = SteadyPlan(samples=50, min_sample_ns=0, budget_ns=0)
    trial = bench.time(bench.build("c", ECHO["c"]), plan)
    assert sum(not sample.calibration for sample in trial.samples) == 1


COUNTS_CPUS = {
    "c": """\
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
int main(void) {
    cpu_set_t cpus;
    sched_getaffinity(0, sizeof cpus, &cpus);
    printf("%d\\n", CPU_COUNT(&cpus));
    return 0;
}
""",
    "julia": """\
function main()
    mask = zeros(UInt8, 128)
    ccall(:sched_getaffinity, Cint, (Cint, Csize_t, Ptr{UInt8}), 0, 128, mask)
    println(sum(count_ones, mask))
end
main()
""",
    "python": "import os\n\ndef main():\n    print(len(os.sched_getaffinity(0)))\n",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_work_may_run_on_every_cpu_that_the_trial_may(bench: Bench, language: str) -> None:
    cpus = len(os.sched_getaffinity(0))
    assert text_of(bench.steady(language, COUNTS_CPUS[language])) == f"{cpus}\n"


# -- one language alone ---------------------------------------------------------------------------

EATS_ARGUMENTS = """\
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <unistd.h>
int main(int argc, char **argv) {
    int option;
    while ((option = getopt(argc, argv, "n:")) != -1) printf("-%c %s\\n", option, optarg);
    for (char *word = strtok(argv[optind], ","); word; word = strtok(NULL, ",")) puts(word);
    argv[1] = NULL;
    return 0;
}
"""


def test_c_work_may_destroy_its_arguments(bench: Bench) -> None:
    trial = bench.steady("c", EATS_ARGUMENTS, args=("-n", "5", "a,b,c"))
    assert text_of(trial) == "-n 5\na\nb\nc\n"


def test_a_c_entry_may_lie_in_another_source_file(bench: Bench) -> None:
    kernel = bench.folder / "kernel.c"
    kernel.write_text('#include <stdio.h>\nint kernel(void) { puts("here"); return 0; }\n')
    main = bench.folder / "work.c"
    changes = {"sources": (main, kernel), "entry": "kernel"}
    source = "int kernel(void);\nint main(void) { return kernel(); }\n"
    assert text_of(bench.steady("c", source, **changes)) == "here\n"


WHOLE_SCRIPT = """\
import pickle

class Point:
    pass

total = 0
for i in range(4):
    total += i
print(total, type(pickle.loads(pickle.dumps(Point()))) is Point, __name__)
"""


def test_a_python_script_without_a_function_is_executed_anew(bench: Bench) -> None:
    assert text_of(bench.steady("python", WHOLE_SCRIPT)) == "6 True __main__\n"


def test_a_python_module_runs_as_with_dash_m(bench: Bench) -> None:
    package = bench.folder / "package"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "names.py").write_text("NAME = 'relative'\n")
    (package / "__main__.py").write_text(
        "import sys\nfrom .names import NAME\n\nif __name__ == '__main__':\n"
        "    print(NAME, sys.argv[1:])\n"
    )
    changes = {"options": {"module": "package"}, "args": ("5",)}
    cold = bench.cold_text("python", "", **changes)
    assert cold == "relative ['5']\n"
    assert text_of(bench.steady("python", "", **changes)) == cold


def test_python_future_imports_hold_in_the_guarded_block(bench: Bench) -> None:
    source = (
        "from __future__ import annotations\n\nif __name__ == '__main__':\n"
        "    def f(x: undefined): pass\n    print(f.__annotations__)\n"
    )
    assert text_of(bench.steady("python", source)) == "{'x': 'undefined'}\n"


def interpreter(version: str) -> Path | None:
    """A Python of that version: on PATH, or among those that pyenv keeps."""
    kept = (Path.home() / ".pyenv" / "versions").glob(f"{version}.*/bin/python")
    found = [*kept, *(Path(p) for p in [shutil.which(f"python{version}")] if p)]
    return next(iter(found), None)


@pytest.mark.parametrize("version", ["3.8", "3.13"])
def test_the_python_driver_runs_on_other_versions(bench: Bench, version: str) -> None:
    program = interpreter(version)
    if program is None:
        pytest.skip(f"no Python {version} here")
    options = {"python": str(program)}
    assert text_of(bench.steady("python", ECHO["python"], args=("x",), options=options)) == "[x]\n"


@pytest.mark.julia
@pytest.mark.parametrize(
    "start",
    [
        "abspath(PROGRAM_FILE) == @__FILE__() && main()",
        "if !isinteractive()\n    n = 2\n    main(n)\nend",
        "module Inner\nmain() = Main.main()\nend\nInner.main()",
        "isinteractive() || main(4)",
        "if isinteractive()\n    println(1)\nelse\n    main()\nend",
        "if isinteractive()\n    1\nelseif abspath(PROGRAM_FILE) == @__FILE__\n    main(5)\nend",
        "isinteractive() ? println(1) : main()",
        "isinteractive() && println(1)\nmain(7)",
    ],
)
def test_julia_work_is_what_starts_the_program(bench: Bench, start: str) -> None:
    source = f'main(n = 1) = println("main ", n)\n{start}\n'
    cold = bench.cold_text("julia", source)
    assert cold.startswith("main ")
    assert text_of(bench.steady("julia", source)) == cold


JULIA_SCRIPTS = {
    "a call": "f(n) = println(n)\nf(5)\n",
    "a call of what ARGS say": "f(n) = println(n)\nn = length(ARGS)\nf(n)\n",
    "a value printed": "f(n)::Int = 2n\nprintln(f(4))\n",
    "a macro": 'using Printf\nf(n) = 2n\n@printf("%d\\n", f(4))\n',
    "globals": "function f(n)\n    2n\nend\nx = f(4)\nx += 1\na, b = f(1), x\nprintln(a, b)\n",
    "a loop": "@inline f(n) = println(n)\nfor i in 1:3\n    f(i)\nend\n",
    "a definition after it": "f() = g()\ng() = println(1)\nf()\nh() = println(2)\nh()\n",
}


@pytest.mark.julia
@pytest.mark.parametrize("name", JULIA_SCRIPTS)
def test_julia_work_is_what_calls_the_program_s_own_functions(bench: Bench, name: str) -> None:
    cold = bench.cold_text("julia", JULIA_SCRIPTS[name])
    assert cold
    assert text_of(bench.steady("julia", JULIA_SCRIPTS[name])) == cold


@pytest.mark.julia
@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("println(1)\n", "calls no function of its own at top level"),
        ("f() = 1\nlet\n    @eval struct S end\n    f()\n    global const z = 1\nend\n", "entry"),
    ],
)
def test_julia_work_that_cannot_be_repeated_is_refused_in_words(
    bench: Bench, source: str, words: str
) -> None:
    trial = bench.steady("julia", source)
    assert trial.status is TrialStatus.FAILED
    assert words in trial.message


@pytest.mark.julia
def test_julia_does_not_leave_out_work_without_an_effect(bench: Bench) -> None:
    source = """\
function count_to(n)
    x = 0.0
    for i in 1:n
        x = muladd(x, 0.5, i)
    end
    return x
end
main() = count_to(1_000_000)
main()
"""
    trial = bench.steady("julia", source)
    assert trial.samples[-1].batch < 100, "a hundred of nothing take less than a sample does"
