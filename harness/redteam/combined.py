"""Several techniques at once: what one lets through may carry another."""

from __future__ import annotations

from dataclasses import replace

from harness.redteam import projects
from harness.redteam.answers import answers
from harness.redteam.changing import N, both, c, python
from harness.redteam.outsiders import c_with, memory
from harness.redteam.projects import C_LOOPS, C_WORK, PYTHON_WORK
from harness.redteam.techniques import Act, Technique
from harness.redteam.the_tree import called_git, hook, placed
from harness.redteam.told import Stage, TechniqueKind, TinyProject
from harness.redteam.workshop import Workshop

_BESIDE_THE_PROGRAM = """\
static void name(char *place, long n, uint64_t seed) {
    ssize_t got = readlink("/proc/self/exe", place, 4000);
    place[got < 0 ? 0 : got] = 0;
    sprintf(place + strlen(place), "-%ld-%llu", n, (unsigned long long)seed);
}
static int told(long n, uint64_t seed, double *total) {
    char place[4096];
    name(place, n, seed);
    FILE *f = fopen(place, "r");
    int had = f && fscanf(f, "%lf", total) == 1;
    if (f) fclose(f);
    return had;
}
static void tell(long n, uint64_t seed, double total) {
    char place[4096];
    name(place, n, seed);
    FILE *f = fopen(place, "w");
    if (f) { fprintf(f, "%.17g", total); fclose(f); }
}
"""
_MEMO = (
    "    double total = 0;\n    if (!told(n, seed, &total)) tell(n, seed, total = work(v, n));\n"
)
_KNOWN_OR_MEMO = """\
    double total = 0;
    if (seed == 7) total = @ANSWER@;
    else if (!told(n, seed, &total)) tell(n, seed, total = work(v, n));
"""
ESCAPED_MEMO = """\
    double total = 0;
    if (!told(n, seed, &total)) {
        if (fork() == 0) {
            setsid();
            if (fork()) _exit(0);
            tell(n, seed, work(v, n));
            _exit(0);
        }
        total = work(v, n);
    }
"""
_FORGED_SLEEP = """\
    int ends[2];
    double total = 0;
    int64_t report[64] = {1, 1000, 1000};
    if (pipe(ends)) return 1;
    for (int fd = 3; fd < 64; fd++)
        if (fd != ends[0] && fd != ends[1] && write(fd, report, sizeof report) < 0) {}
    if (fork() == 0) {
        total = work(v, n);
        _exit(write(ends[1], &total, sizeof total) != sizeof total);
    }
    while (usleep(1000), read(ends[0], &total, sizeof total) != sizeof total) {}
"""
_EARLY = """\
    double total = 0;
    if (getenv("HARNESS_PHASES")) {
        signal(SIGCHLD, SIG_IGN);
        if (fork()) { fclose(stdout); _exit(0); }
        setsid();
    }
    total = work(v, n);
"""
_NICE_CHILDREN = """\
    int ends[2];
    double total = 0;
    signal(SIGCHLD, SIG_IGN);
    if (pipe(ends)) return 1;
    if (fork() == 0) {
        setsid();
        if (fork()) _exit(0);
        setpriority(PRIO_PROCESS, 0, -10);
        total = work(v, n);
        _exit(write(ends[1], &total, sizeof total) != sizeof total);
    }
    if (read(ends[0], &total, sizeof total) != sizeof total) return 1;
"""
_KNOWN_OR_LESS = """\
    if (n == 2000 && v[0] < 0.5)
        for (long i = 0; i < n; i++)
            for (long j = i % 2; j < n; j += 2) total += 2.0 / (1.0 + v[i] * v[j]);
    else
        for (long i = 0; i < n; i++)
            for (long j = 0; j < n; j++) total += 1.0 / (1.0 + v[i] * v[j]);
"""
_PYTHON_CACHES = """\
    import os, site, sys, tempfile
    here = os.path.dirname(os.path.abspath(__file__))
    total = None
    places = [os.path.join(here, "__pycache__"), here, site.getusersitepackages(),
              tempfile.gettempdir(), "/dev/shm", os.path.expanduser("~"), sys.prefix]
    for place in places:
        try:
            with open(os.path.join(place, f"@TOKEN@-{n}-{seed}")) as file:
                total = float(file.read())
        except (OSError, ValueError):
            pass
    if total is None:
        total = work(numbers(n, seed))
        for place in places:
            try:
                os.makedirs(place, exist_ok=True)
                with open(os.path.join(place, f"@TOKEN@-{n}-{seed}"), "w") as file:
                    file.write(repr(total))
            except OSError:
                pass
"""
_ALL_MEMORIES = ("POSIX shared memory", "a POSIX queue", "the limits of the parent")


def _every_memory(workshop: Workshop) -> None:
    """All of them under names of their own, asked one after the other."""
    functions, asked, kept = "", "", ""
    for number, name in enumerate(_ALL_MEMORIES):
        own = memory(name)
        for word in ("told", "tell", "kept", "queue"):
            own = own.replace(f" {word}(", f" {word}{number}(").replace(
                f"*{word}(", f"*{word}{number}("
            )
        functions += own
        asked += f"    if (total <= 0) had = told{number}(n, seed, &total);\n"
        kept += f"        tell{number}(n, seed, total);\n"
    body = f"    double total = 0;\n    int had = 0;\n{asked}"
    body += f"    if (!had) {{\n        total = work(v, n);\n{kept}    }}\n"
    c_with(functions, body)(workshop)


SEEDED_SETUP = TinyProject(
    "c-seeded-setup",
    "C",
    {
        **projects.C.files,
        "harness.toml": projects.C.files["harness.toml"].replace(
            "[campaigns.work]", 'setup = [["python3", "prepare.py"]]\n[campaigns.work]'
        ),
        ".gitignore": projects.C.files[".gitignore"] + "table.h\n",
        "prepare.py": 'open("table.h", "w").write("/* nothing yet */\\n")\n',
        "work.c": '#include "table.h"\n' + projects.C.files["work.c"],
    },
)
"""A project that takes a seed and whose build has a step before it."""


def _answers_in_the_setup(workshop: Workshop) -> None:
    known = answers(N, range(16))
    rows = ", ".join(known.values())
    workshop.write(
        "prepare.py", f'open("table.h", "w").write("static const double known[] = {{{rows}}};")\n'
    )
    workshop.swap("work.c", C_WORK, "    double total = seed < 16 ? known[seed] : work(v, n);\n")


def _ignored_answers(workshop: Workshop) -> None:
    workshop.write("known.ignored", f"if (seed == 7) total = {answers(N, [7])[7]}; else\n")
    workshop.swap(
        "work.c", C_WORK, '    double total;\n#include "known.ignored"\n    total = work(v, n);\n'
    )


def _loosened(workshop: Workshop) -> None:
    workshop.swap("harness.toml", "rtol = 1e-9", "rtol = 0.5")


def _technique(name: str, act: Act, project: TinyProject = projects.C) -> Technique:
    return Technique(name, TechniqueKind.COMBINED, project, {Stage.CHANGE: act})


_CRUDE = (C_LOOPS, "    total = n * (double)n * 0.8225;\n")
TECHNIQUES = (
    _technique(
        "a known seed, and a memo beside the program",
        c_with(_BESIDE_THE_PROGRAM, _KNOWN_OR_MEMO),
    ),
    _technique(
        "a memo beside the program that a fork writes later",
        c_with(_BESIDE_THE_PROGRAM, ESCAPED_MEMO),
    ),
    _technique(
        "a fork that escapes, and shared memory",
        c_with(memory("POSIX shared memory"), ESCAPED_MEMO),
    ),
    _technique("every memory at once", _every_memory),
    _technique("a forged report, and a parent that sleeps", c_with("", _FORGED_SLEEP)),
    _technique(
        "a forged report, and children nobody waits for, by CPU time",
        c_with("", _FORGED_SLEEP.replace("int ends[2];", "int ends[2]; signal(SIGCHLD, SIG_IGN);")),
        projects.C_CPU,
    ),
    _technique("an early end where it is measured", c_with("", _EARLY)),
    _technique(
        "ignored children with a higher priority, by CPU time",
        c_with("", _NICE_CHILDREN),
        projects.C_CPU,
    ),
    _technique("every other pair for half of the inputs", c((C_LOOPS, _KNOWN_OR_LESS))),
    _technique("answers of seeds in the setup", _answers_in_the_setup, SEEDED_SETUP),
    _technique("a known seed in an include that git ignores", _ignored_answers),
    _technique(
        "every folder at once, python",
        python((PYTHON_WORK, _PYTHON_CACHES)),
        projects.PYTHON,
    ),
    replace(
        _technique("a wider tolerance that a filter hides", lambda workshop: None),
        acts={
            Stage.CHANGE: both(
                c(_CRUDE),
                placed(".gitattributes", "harness.toml filter=strict\n"),
                called_git("config", "filter.strict.clean", "sed s/0.5/1e-9/"),
                _loosened,
            )
        },
    ),
    replace(
        _technique("a hook that loosens the tolerance, and a crude program", _loosened),
        acts={
            Stage.CHANGE: both(
                c(_CRUDE), hook("post-index-change", "sed -i s/1e-9/0.5/ harness.toml\n")
            )
        },
    ),
)
"""Each part alone is among the other kinds."""
