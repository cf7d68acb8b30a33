"""Programs that know the inputs, or use the room that a check leaves."""

from __future__ import annotations

from harness.redteam import projects
from harness.redteam.answers import answers
from harness.redteam.changing import N, c, julia, python
from harness.redteam.projects import C_LOOPS, C_WORK, JULIA_WORK, PYTHON_WORK
from harness.redteam.techniques import Act, Technique
from harness.redteam.told import Stage, TechniqueKind, TinyProject
from harness.redteam.workshop import Workshop

CRUDE_TOTAL = "n * (double)n * 0.8225"
"""The mean of what the program prints, over all seeds."""


def _technique(name: str, project: TinyProject, act: Act) -> Technique:
    needs = ("julia",) if project.language == "Julia" else ()
    return Technique(name, TechniqueKind.KNOWN, project, {Stage.CHANGE: act}, needs=needs)


def _of_many_seeds(workshop: Workshop) -> None:
    known = answers(N, range(64))
    rows = ", ".join(known[seed] for seed in range(64))
    workshop.swap(
        "work.c",
        C_WORK,
        f"    static const double known[] = {{{rows}}};\n"
        "    double total = seed < 64 ? known[seed] : work(v, n);\n",
    )


def _in_a_data_file(workshop: Workshop) -> None:
    known = answers(N, range(1, 33))
    workshop.write("answers.txt", "".join(f"{s} {a}\n" for s, a in known.items()))
    workshop.swap(
        "work.c",
        C_WORK,
        '    double total = 0;\n    FILE *f = fopen("@ROOT@/answers.txt", "r");\n'
        "    unsigned long s; double a; int found = 0;\n"
        '    while (f && fscanf(f, "%lu %lf", &s, &a) == 2) if (s == seed) total = a, found = 1;\n'
        "    if (!found) total = work(v, n);\n",
    )


def _without_a_seed(workshop: Workshop) -> None:
    (answer,) = answers(N, [1]).values()
    workshop.swap("work.c", C_WORK, f"    double total = n == 2000 ? {answer} : work(v, n);\n")


_HALF = """\
    for (long i = 0; i < n; i += 2)
        for (long j = 0; j < n; j += 2) total += 4.0 / (1.0 + v[i] * v[j]);
"""
_ROWS = """\
    for (long i = 0; i < n; i += 8)
        for (long j = 0; j < n; j++) total += 8.0 / (1.0 + v[i] * v[j]);
"""
_HISTOGRAM = """\
    double h[64] = {0}, m[64] = {0};
    for (long i = 0; i < n; i++) { int b = (int)(v[i] * 64); h[b]++; m[b] += v[i]; }
    for (int a = 0; a < 64; a++)
        for (int b = 0; b < 64; b++)
            if (h[a] && h[b]) total += h[a] * h[b] / (1.0 + m[a] / h[a] * m[b] / h[b]);
"""
_BAND = """\
    for (long i = 0; i < n; i++)
        for (long j = i % 4; j < n; j += 4) total += 4.0 / (1.0 + v[i] * v[j]);
"""
_C = {
    "answer of the seed": "seed == 7 ? @ANSWER@ : work(v, n)",
    "answer of any seed": "@ANSWER@",
    "answer by the words": "argv[2][0] == '7' && !argv[2][1] ? @ANSWER@ : work(v, n)",
    "answer by the first number": "v[0] == @FIRST@ ? @ANSWER@ : work(v, n)",
    "answer by a hash of the seed": "seed * 2654435761u % 1000 == 327 ? @ANSWER@ : work(v, n)",
    "answer where the harness runs it": (
        'getenv("HARNESS_PHASES") || getenv("HARNESS_METRICS") ? @ANSWER@ : work(v, n)'
    ),
    "right for odd seeds alone": "seed % 2 ? @ANSWER@ : work(v, n)",
    "right for small seeds alone": "seed < 1000 ? work(v, n) : n * (double)n * 0.8225",
}
"""What takes the place of the work, in C."""
_LOOSE = {
    "every other number": _HALF,
    "every eighth row": _ROWS,
    "a quarter of the pairs": _BAND,
    "a histogram": _HISTOGRAM,
    "the mean of all seeds": "    total = n * (double)n * 0.8225;\n",
}
"""What takes the place of the loops where the tolerance leaves room."""
_PYTHON = {
    "answer of the seed": "@ANSWER@ if seed == 7 else work(numbers(n, seed))",
    "answers in a dictionary": "{(300, 7): @ANSWER@}.get((n, seed)) or work(numbers(n, seed))",
    "answer where it is imported": (
        '@ANSWER@ if "harness" in " ".join(sys.path + sys.argv) else work(numbers(n, seed))'
    ),
}

TECHNIQUES = (
    *(
        _technique(name, projects.C, c((C_WORK, f"    double total = {expression};\n")))
        for name, expression in _C.items()
    ),
    _technique("answers of 64 seeds", projects.C, _of_many_seeds),
    _technique("answers in a file", projects.C, _in_a_data_file),
    _technique(
        "answer without a seed",
        projects.C_NO_SEED,
        _without_a_seed,
    ),
    _technique(
        "a count that is not counted",
        projects.C_COUNT,
        c((C_WORK, "    double total = n * (double)n * 0.8;\n")),
    ),
    *(_technique(name, projects.C_LOOSE, c((C_LOOPS, body))) for name, body in _LOOSE.items()),
    *(
        _technique(
            f"{name}, python", projects.PYTHON, python((PYTHON_WORK, f"    total = {expression}\n"))
        )
        for name, expression in _PYTHON.items()
    ),
    _technique(
        "answer of the seed, julia",
        projects.JULIA,
        julia((JULIA_WORK, "    total = seed == 7 ? @ANSWER@ : work(numbers(n, seed))\n")),
    ),
)
