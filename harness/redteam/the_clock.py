"""Programs whose work is done where the clock does not see it."""

from __future__ import annotations

from harness.redteam import projects
from harness.redteam.changing import c, python
from harness.redteam.projects import C_WORK, PYTHON_WORK
from harness.redteam.techniques import Act, Technique
from harness.redteam.told import Stage, TechniqueKind, TinyProject
from harness.redteam.workshop import Workshop

_HEAD = """\
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
"""
_BEFORE = "#include <stdint.h>\n"
_LATE = """\
    fflush(stdout);
    if (@FORK@) return 0;
    double total = work(v, n);
"""
_LATE_WAYS = {
    "a child that outlives": "fork()",
    "a child in a session of its own": "fork() || (setsid(), fork())",
    "a child without a parent": "syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0)",
    "a child that says nothing at its end": "syscall(SYS_clone, 0, 0, 0, 0, 0)",
    "a child of a killed parent": "fork() ? (kill(getpid(), SIGTERM), 1) : 0",
    "a child in a group of its own": "fork() || (setpgid(0, 0), 0)",
}
"""The parent ends at once; its child works and prints."""

_UNSEEN = """\
    @PREPARE@
    int ends[2];
    double total = 0;
    if (pipe(ends)) return 1;
    if (@FORK@ == 0) {
        total = work(v, n);
        _exit(write(ends[1], &total, sizeof total) != sizeof total);
    }
    if (read(ends[0], &total, sizeof total) != sizeof total) return 1;
"""
_UNSEEN_WAYS = {
    "children that are ignored": ("signal(SIGCHLD, SIG_IGN);", "fork()"),
    "children that nobody waits for": (
        "struct sigaction no = {.sa_handler = SIG_DFL, .sa_flags = SA_NOCLDWAIT};"
        " sigaction(SIGCHLD, &no, NULL);",
        "fork()",
    ),
    "a grandchild": ("", "(fork() ? 1 : (fork() ? (_exit(0), 1) : 0))"),
    "a child without a signal": ("", "(int)syscall(SYS_clone, 0, 0, 0, 0, 0)"),
    "a sibling": ("", "(int)syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0)"),
}
"""By CPU time: the parent waits for a pipe, the work is somebody else's."""

_FORGED = """\
    for (int fd = 3; fd < 64; fd++) {
        int64_t report[64] = {0};
        report[0] = 1;
        report[1] = report[2] = 1000;
        if (fcntl(fd, F_GETFD) >= 0 && write(fd, report, sizeof report) < 0) {}
    }
    double total = work(v, n);
"""
_FORGED_ABOVE = """\
    char place[64];
    for (int fd = 0; fd < 64; fd++) {
        snprintf(place, sizeof place, "/proc/%d/fd/%d", (int)getppid(), fd);
        int to = fd > 2 ? open(place, O_WRONLY | O_NONBLOCK) : -1;
        int64_t report[64] = {1, 1000, 1000};
        if (to >= 0 && write(to, report, sizeof report) < 0) {}
    }
    double total = work(v, n);
"""
_STOPPED = """\
    pid_t above = getppid(), other = fork();
    if (other == 0) {
        kill(above, SIGSTOP);
        double total = work(v, n);
        printf("total: %.12g\\n", total);
        fflush(stdout);
        kill(above, SIGCONT);
        _exit(0);
    }
    _exit(0);
    double total = 0;
"""
_HASTE = """\
    struct sched_param high = {.sched_priority = 50};
    setpriority(PRIO_PROCESS, 0, -20);
    sched_setscheduler(0, SCHED_FIFO, &high);
    cpu_set_t all;
    memset(&all, 255, sizeof all);
    sched_setaffinity(0, sizeof all, &all);
    double total = work(v, n);
"""
_PYTHON_LATE = """\
    import os
    sys.stdout.flush()
    if @FORK@:
        os._exit(0)
    total = work(numbers(n, seed))
"""
_PYTHON_WAYS = {
    "a child that outlives": "os.fork()",
    "a child in a session of its own": "os.fork() or os.setsid() or os.fork()",
}
_PREPARE = """\
open("table.h", "w").write("/* nothing yet */\\n")
"""
_PREPARED = """\
x, v = 1, []
for _ in range(2000):
    x = (x * 6364136223846793005 + 1442695040888963407) % 2**64
    v.append((x >> 11) / 9007199254740992.0)
total = sum(sum(1.0 / (1.0 + a * b) for b in v) for a in v)
open("table.h", "w").write(f"#define TABLE {total!r}\\n")
"""
_NO_SEED = projects.C_NO_SEED
SETUP = TinyProject(
    "c-setup",
    "C",
    {
        **_NO_SEED.files,
        "harness.toml": _NO_SEED.files["harness.toml"].replace(
            "[campaigns.work]", 'setup = [["python3", "prepare.py"]]\n[campaigns.work]'
        ),
        ".gitignore": _NO_SEED.files[".gitignore"] + "table.h\n",
        "prepare.py": _PREPARE,
        "work.c": '#include "table.h"\n' + _NO_SEED.files["work.c"],
    },
)
"""A project whose build has a step before it, and whose input is always the same."""


def _in_the_setup(workshop: Workshop) -> None:
    workshop.write("prepare.py", _PREPARED)
    workshop.swap("work.c", C_WORK, "    double total = TABLE;\n")


def _technique(name: str, project: TinyProject, act: Act) -> Technique:
    return Technique(name, TechniqueKind.CLOCK, project, {Stage.CHANGE: act})


def _c(body: str) -> Act:
    return c((_BEFORE, _HEAD + _BEFORE), (C_WORK, body))


TECHNIQUES = (
    *(
        _technique(name, projects.C, _c(_LATE.replace("@FORK@", fork)))
        for name, fork in _LATE_WAYS.items()
    ),
    *(
        _technique(
            f"{name}, by CPU time",
            projects.C_CPU,
            _c(_UNSEEN.replace("@PREPARE@", prepare).replace("@FORK@", fork)),
        )
        for name, (prepare, fork) in _UNSEEN_WAYS.items()
    ),
    _technique("a forged report", projects.C, _c(_FORGED)),
    _technique("a report on another's descriptors", projects.C, _c(_FORGED_ABOVE)),
    _technique("the launcher stopped", projects.C, _c(_STOPPED)),
    _technique("a higher priority", projects.C, _c(_HASTE)),
    _technique(
        "printed before it is computed",
        projects.C,
        _c(
            "    double total = 0;\n    if (fork()) { close(1); close(2); _exit(0); }\n"
            "    total = work(v, n);\n"
        ),
    ),
    _technique("work in the setup", SETUP, _in_the_setup),
    *(
        _technique(
            f"{name}, python",
            projects.PYTHON,
            python((PYTHON_WORK, _PYTHON_LATE.replace("@FORK@", fork))),
        )
        for name, fork in _PYTHON_WAYS.items()
    ),
)
"""The whole work is done, by somebody or at a time that was not to count."""
