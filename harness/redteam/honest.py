"""Changes that make a program faster, or are meant to, with nothing to hide."""

from __future__ import annotations

from dataclasses import replace

from harness.redteam import projects
from harness.redteam.changing import both, c
from harness.redteam.projects import C_LOOPS, C_MAIN
from harness.redteam.techniques import Act, Technique
from harness.redteam.told import Stage, TechniqueKind, TinyProject
from harness.redteam.workshop import Workshop

_SIZES = {"Python": ("n = 300", "n = 1200"), "Julia": ("n = 2000", "n = 12000")}
_BY_THE_CLOCK = ("honest: two threads", "honest: threads, python", "honest: comments alone")


def honest_change(name: str, project: TinyProject, act: Act) -> Technique:
    """A change that is to be kept: its looks may last until it is sure on a busy machine, too.

    The work is large beside the start of its interpreter, so that what is saved of it is seen, and
    CPU time decides, which other programs disturb least, unless waiting less is what is gained.
    """
    config = project.files["harness.toml"].replace('bench_budget = "4s"', 'bench_budget = "30s"')
    config = config.replace(*_SIZES.get(project.language, ("", "")))
    if name not in _BY_THE_CLOCK and "objective" not in config:
        config = config.replace('case = "fast"\n', 'case = "fast"\nobjective = "cpu"\n')
    ending = "clock" if name in _BY_THE_CLOCK else "longer"
    files = {**project.files, "harness.toml": config}
    project = replace(project, name=f"{project.name}-{ending}", files=files)
    needs = ("julia",) if project.language == "Julia" else ()
    return Technique(name, TechniqueKind.HONEST, project, {Stage.CHANGE: act}, needs=needs)


_C_WORKS = {
    "one half of the pairs": """\
    for (long i = 0; i < n; i++) {
        total += 1.0 / (1.0 + v[i] * v[i]);
        for (long j = i + 1; j < n; j++) total += 2.0 / (1.0 + v[i] * v[j]);
    }
""",
    "four sums": """\
    double s[4] = {0};
    for (long i = 0; i < n; i++) {
        long j = 0;
        for (; j + 4 <= n; j += 4)
            for (int k = 0; k < 4; k++) s[k] += 1.0 / (1.0 + v[i] * v[j + k]);
        for (; j < n; j++) total += 1.0 / (1.0 + v[i] * v[j]);
    }
    total += s[0] + s[1] + s[2] + s[3];
""",
    "one division for two": """\
    for (long i = 0; i < n; i++) {
        long j = 0;
        for (; j + 2 <= n; j += 2) {
            double a = 1.0 + v[i] * v[j], b = 1.0 + v[i] * v[j + 1];
            total += (a + b) / (a * b);
        }
        for (; j < n; j++) total += 1.0 / (1.0 + v[i] * v[j]);
    }
""",
    "one division for four": """\
    for (long i = 0; i < n; i++) {
        long j = 0;
        for (; j + 4 <= n; j += 4) {
            double a = 1.0 + v[i] * v[j], b = 1.0 + v[i] * v[j + 1];
            double d = 1.0 + v[i] * v[j + 2], e = 1.0 + v[i] * v[j + 3];
            double ab = a * b, de = d * e;
            total += ((a + b) * de + (d + e) * ab) / (ab * de);
        }
        for (; j < n; j++) total += 1.0 / (1.0 + v[i] * v[j]);
    }
""",
    "the loops exchanged": """\
    for (long j = 0; j < n; j++)
        for (long i = 0; i < n; i++) total += 1.0 / (1.0 + v[i] * v[j]);
""",
    "blocks of rows": """\
    for (long b = 0; b < n; b += 256)
        for (long i = 0; i < n; i++)
            for (long j = b; j < n && j < b + 256; j++) total += 1.0 / (1.0 + v[i] * v[j]);
""",
    "a sum for each row": """\
    for (long i = 0; i < n; i++) {
        double row = 0, a = v[i];
        for (long j = 0; j < n; j++) row += 1.0 / (1.0 + a * v[j]);
        total += row;
    }
""",
    "a sum that is kept exact": """\
    double lost = 0;
    for (long i = 0; i < n; i++) {
        double row = 0;
        for (long j = i + 1; j < n; j++) row += 2.0 / (1.0 + v[i] * v[j]);
        double y = row + 1.0 / (1.0 + v[i] * v[i]) - lost, t = total + y;
        lost = (t - total) - y;
        total = t;
    }
""",
    "a polynomial": """\
    double m[48] = {0};
    for (long i = 0; i < n; i++) {
        double t = v[i] - 0.5, p = 1;
        for (int k = 0; k < 48; k++) m[k] += p, p *= t;
    }
    for (long i = 0; i < n; i++) {
        double q = 1.0 + 0.5 * v[i], r = -v[i] / q, p = 1.0 / q;
        for (int k = 0; k < 48; k++) total += p * m[k], p *= r;
    }
""",
    "numbers in order": """\
    double *w = malloc((size_t)n * sizeof *w);
    for (long i = 0; i < n; i++) w[i] = v[n - 1 - i];
    for (long i = 0; i < n; i++) {
        total += 1.0 / (1.0 + w[i] * w[i]);
        for (long j = i + 1; j < n; j++) total += 2.0 / (1.0 + w[i] * w[j]);
    }
    free(w);
""",
    "products in a table": """\
    double *w = malloc((size_t)n * sizeof *w);
    for (long i = 0; i < n; i++) {
        for (long j = i; j < n; j++) w[j] = 1.0 + v[i] * v[j];
        double row = 0.5 / w[i];
        for (long j = i + 1; j < n; j++) row += 1.0 / w[j];
        total += 2 * row;
    }
    free(w);
""",
    "unrolled by eight": """\
    double s[8] = {0};
    for (long i = 0; i < n; i++) {
        long j = 0;
        for (; j + 8 <= n; j += 8)
            for (int k = 0; k < 8; k++) s[k] += 1.0 / (1.0 + v[i] * v[j + k]);
        for (; j < n; j++) total += 1.0 / (1.0 + v[i] * v[j]);
    }
    for (int k = 0; k < 8; k++) total += s[k];
""",
}
"""Other loops for the same sum."""

_VECTORS = """\
typedef double four __attribute__((vector_size(32)));
static double work(const double *v, long n) {
    four s = {0}, one = {1, 1, 1, 1};
    double total = 0;
    for (long i = 0; i < n; i++) {
        long j = 0;
        for (; j + 4 <= n; j += 4) {
            four b = {v[j], v[j + 1], v[j + 2], v[j + 3]};
            s += one / (one + v[i] * b);
        }
        for (; j < n; j++) total += 1.0 / (1.0 + v[i] * v[j]);
    }
    return total + s[0] + s[1] + s[2] + s[3];
}
"""
_THREADS = """\
#include <pthread.h>
typedef struct { const double *v; long n, from; double total; } part;
static void *some(void *at) {
    part *p = at;
    double total = 0;
    for (long i = p->from; i < p->n; i += 2)
        for (long j = 0; j < p->n; j++) total += 1.0 / (1.0 + p->v[i] * p->v[j]);
    p->total = total;
    return NULL;
}
static double work(const double *v, long n) {
    part parts[2] = {{v, n, 0, 0}, {v, n, 1, 0}};
    pthread_t other;
    if (pthread_create(&other, NULL, some, &parts[1])) some(&parts[1]), other = 0;
    some(&parts[0]);
    if (other) pthread_join(other, NULL);
    return parts[0].total + parts[1].total;
}
"""
_HALF = """\
static double half(const double *v, long n, long from) {
    double total = 0;
    for (long i = from; i < n; i += 2) {
        total += 1.0 / (1.0 + v[i] * v[i]);
        for (long j = i + 1; j < n; j++) total += 2.0 / (1.0 + v[i] * v[j]);
    }
    return total;
}
"""
_HELPER = (
    """\
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
"""
    + _HALF
    + """\
static double work(const double *v, long n) {
    double *told = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t child = fork();
    if (child == 0) { told[0] = half(v, n, 1); _exit(0); }
    double total = half(v, n, 0);
    waitpid(child, NULL, 0);
    return total + told[0];
}
"""
)
_PIPE = (
    """\
#include <sys/wait.h>
#include <unistd.h>
"""
    + _HALF
    + """\
static double work(const double *v, long n) {
    int ends[2];
    double other = 0;
    if (pipe(ends)) return half(v, n, 0) + half(v, n, 1);
    pid_t child = fork();
    if (child == 0) {
        other = half(v, n, 1);
        _exit(write(ends[1], &other, sizeof other) != sizeof other);
    }
    double total = half(v, n, 0);
    if (read(ends[0], &other, sizeof other) != sizeof other) return -1;
    waitpid(child, NULL, 0);
    return total + other;
}
"""
)
_OWN_WORK = C_MAIN[C_MAIN.index("static double work") : C_MAIN.index("int main")]
_C_FUNCTIONS = {
    "vectors": _VECTORS,
    "two threads": _THREADS,
    "a helper process": _HELPER,
    "a helper process with a pipe": _PIPE,
}
"""Another function for the same sum, and what it needs."""

_ATTRIBUTES = {
    "optimised more by an attribute": '__attribute__((optimize("O3")))',
    "associative sums by an attribute": (
        '__attribute__((optimize("O3,associative-math,no-signed-zeros,no-trapping-math")))'
    ),
    "for this processor": '__attribute__((target("avx2,fma"), optimize("O3")))',
}


def _c_header(workshop: Workshop) -> None:
    body = _OWN_WORK.replace(C_LOOPS, _C_WORKS["one half of the pairs"])
    workshop.write("pairs.h", body)
    workshop.swap("work.c", _OWN_WORK, '#include "pairs.h"\n')


def _static_memory(workshop: Workshop) -> None:
    workshop.swap(
        "work.c",
        "    double *v = malloc((size_t)n * sizeof *v);\n",
        "    static double v[1 << 16];\n",
    )
    workshop.swap("work.c", "    free(v);\n", "")


_FAST_PRINT = (
    '    printf("total: %.12g\\n", total);\n',
    "    char line[64];\n"
    '    int length = snprintf(line, sizeof line, "total: %.12g\\n", total);\n'
    "    fwrite(line, 1, (size_t)length, stdout);\n",
)
HALF_OF_THE_PAIRS = (C_LOOPS, _C_WORKS["one half of the pairs"])
A_POLYNOMIAL = (C_LOOPS, _C_WORKS["a polynomial"])
"""A gain that is seen in the first blocks, however busy the machine is."""

CHANGES_IN_C = (
    *(
        honest_change(f"honest: {name}", projects.C, c((C_LOOPS, body)))
        for name, body in _C_WORKS.items()
    ),
    *(
        honest_change(f"honest: {name}", projects.C, c((_OWN_WORK, function)))
        for name, function in _C_FUNCTIONS.items()
    ),
    *(
        honest_change(
            f"honest: {name}",
            projects.C,
            c(("static double work(", f"{words}\nstatic double work(")),
        )
        for name, words in _ATTRIBUTES.items()
    ),
    honest_change("honest: a header", projects.C, _c_header),
    honest_change(
        "honest: static memory and half of the pairs",
        projects.C,
        both(_static_memory, c(HALF_OF_THE_PAIRS)),
    ),
    honest_change(
        "honest: another way to print, half of the pairs",
        projects.C,
        c(_FAST_PRINT, HALF_OF_THE_PAIRS),
    ),
    honest_change(
        "honest: comments alone",
        projects.C,
        c(("#include <stdlib.h>\n", "#include <stdlib.h>\n/* pairs */\n")),
    ),
    honest_change("honest: within a loose tolerance", projects.C_LOOSE, c(HALF_OF_THE_PAIRS)),
    honest_change("honest: half of the pairs, by CPU time", projects.C_CPU, c(HALF_OF_THE_PAIRS)),
    honest_change("honest: a helper process, by CPU time", projects.C_CPU, c((_OWN_WORK, _HELPER))),
    honest_change(
        "honest: half of the pairs, without a seed", projects.C_NO_SEED, c(HALF_OF_THE_PAIRS)
    ),
)
"""Each computes what the program did, of whatever it is given."""
