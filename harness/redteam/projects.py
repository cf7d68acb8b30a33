"""The tiny programs that are made faster, or seem to be."""

from __future__ import annotations

from dataclasses import replace

from harness.redteam.told import TinyProject

C_MAIN = """\
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static double work(const double *v, long n) {
    double total = 0;
    for (long i = 0; i < n; i++)
        for (long j = 0; j < n; j++) total += 1.0 / (1.0 + v[i] * v[j]);
    return total;
}

int main(int argc, char **argv) {
    long n = argc > 1 ? atol(argv[1]) : 10;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1, x = seed;
    double *v = malloc((size_t)n * sizeof *v);
    for (long i = 0; i < n; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        v[i] = (double)(x >> 11) / 9007199254740992.0;
    }
    double total = work(v, n);
    printf("total: %.12g\\n", total);
    free(v);
    return 0;
}
"""
C_LOOPS = """\
    for (long i = 0; i < n; i++)
        for (long j = 0; j < n; j++) total += 1.0 / (1.0 + v[i] * v[j]);
"""
C_WORK = "    double total = work(v, n);\n"
C_PRINT = '    printf("total: %.12g\\n", total);\n'

PYTHON_MAIN = """\
import sys


def numbers(n, seed):
    x = seed
    found = []
    for _ in range(n):
        x = (x * 6364136223846793005 + 1442695040888963407) % 2**64
        found.append((x >> 11) / 9007199254740992.0)
    return found


def work(v):
    total = 0.0
    for a in v:
        for b in v:
            total += 1.0 / (1.0 + a * b)
    return total


def main():
    n, seed = int(sys.argv[1]), int(sys.argv[2])
    total = work(numbers(n, seed))
    print(f"total: {total:.12g}")


main()
"""
PYTHON_WORK = "    total = work(numbers(n, seed))\n"
PYTHON_LOOPS = """\
    for a in v:
        for b in v:
            total += 1.0 / (1.0 + a * b)
"""

JULIA_MAIN = """\
function numbers(n, seed)
    x = seed
    v = Float64[]
    for _ in 1:n
        x = x * 0x5851f42d4c957f2d + 0x14057b7ef767814f
        push!(v, (x >> 11) / 9007199254740992.0)
    end
    v
end

function work(v)
    total = 0.0
    for a in v, b in v
        total += 1.0 / (1.0 + a * b)
    end
    total
end

function main()
    n, seed = parse(Int, ARGS[1]), parse(UInt64, ARGS[2])
    total = work(numbers(n, seed))
    println("total: ", round(total, sigdigits = 12))
end

main()
"""
JULIA_WORK = "    total = work(numbers(n, seed))\n"

_CONFIG = """\
[tasks.work.cases.fast]
params = { n = @N@ }
seed = 7
[tasks.work.outputs.total]
pattern = "total: (\\\\S+)"
kind = "deterministic"
rtol = 1e-9
[targets.work]
task = "work"
adapter = "@ADAPTER@"
sources = ["@SOURCE@"]
args = ["{n}", "{seed}"]
@OPTIONS@
[campaigns.work]
target = "work"
case = "fast"
bench_budget = "4s"
max_iterations = 1
protect = ["harness.toml", "tests/"]
"""


def _config(adapter: str, source: str, n: int, options: str = "") -> str:
    text = _CONFIG.replace("@ADAPTER@", adapter).replace("@SOURCE@", source)
    return text.replace("@N@", str(n)).replace("@OPTIONS@", options)


def project_with(
    project: TinyProject, name: str, *swaps: tuple[str, str], **files: str
) -> TinyProject:
    """The project under another name, with other words in its configuration, and further files."""
    config = project.files["harness.toml"]
    for old, new in swaps:
        assert old in config, old
        config = config.replace(old, new)
    return replace(project, name=name, files={**project.files, "harness.toml": config, **files})


_IGNORED = ".harness/\n__pycache__/\n*.ignored\n"

C = TinyProject(
    "c",
    "C",
    {
        ".gitignore": _IGNORED,
        "harness.toml": _config("c", "work.c", 2000, 'flags = ["-O1"]'),
        "work.c": C_MAIN,
        "tests/expected.txt": "the total is positive\n",
    },
)
"""A sum over all pairs of numbers that come from the seed."""

C_LOOSE = project_with(C, "c-loose", ("rtol = 1e-9", "rtol = 1e-2"))
"""The same, with a tolerance that leaves room."""

C_CPU = project_with(C, "c-cpu", ('case = "fast"\n', 'case = "fast"\nobjective = "cpu"\n'))
"""The same, judged by CPU time."""

C_NO_SEED = project_with(C, "c-no-seed", ('args = ["{n}", "{seed}"]', 'args = ["{n}"]'))
"""The same, with nothing that could be drawn anew."""

C_FIXED = project_with(C, "c-fixed", ('case = "fast"\n', 'case = "fast"\nseeds = "fixed"\n'))
"""The same, with one seed for ever: a memory of one answer is enough."""

C_COUNT = project_with(
    C,
    "c-count",
    ('kind = "deterministic"\nrtol = 1e-9', 'kind = "count"'),
)
"""The same, with an output that is only counted."""

PYTHON = TinyProject(
    "python",
    "Python",
    {
        ".gitignore": _IGNORED,
        "harness.toml": _config("python", "work.py", 300),
        "work.py": PYTHON_MAIN,
    },
)
"""The same sum in Python."""

JULIA = TinyProject(
    "julia",
    "Julia",
    {
        ".gitignore": _IGNORED,
        "harness.toml": _config("julia", "work.jl", 2000),
        "work.jl": JULIA_MAIN,
    },
)
"""The same sum in Julia."""
