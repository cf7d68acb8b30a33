"""Memories that a program reaches by other ways: rings, dumps, locks, scores, inputs."""

from __future__ import annotations

from harness.redteam import projects
from harness.redteam.changing import N
from harness.redteam.combined import ESCAPED_MEMO
from harness.redteam.outsiders import KEPT, c_with, replays
from harness.redteam.projects import project_with
from harness.redteam.replay import replay_from
from harness.redteam.techniques import Technique
from harness.redteam.told import Stage, TechniqueKind

_HEAD = """\
#include <linux/io_uring.h>
#include <sys/file.h>
#include <sys/prctl.h>
"""
_RING = """\
static int ring(struct io_uring_sqe what) {
    struct io_uring_params p = {0};
    int fd = (int)syscall(425, 4, &p), told = -1;
    if (fd < 0) return -1;
    char *sq = mmap(0, p.sq_off.array + 64, 3, MAP_SHARED | MAP_POPULATE, fd, IORING_OFF_SQ_RING);
    char *cq = mmap(0, p.cq_off.cqes + 256, 3, MAP_SHARED | MAP_POPULATE, fd, IORING_OFF_CQ_RING);
    struct io_uring_sqe *all = mmap(0, 4 * sizeof *all, 3, MAP_SHARED, fd, IORING_OFF_SQES);
    if (sq == MAP_FAILED || cq == MAP_FAILED || all == MAP_FAILED) return -1;
    all[0] = what;
    ((unsigned *)(sq + p.sq_off.array))[0] = 0;
    __atomic_store_n((unsigned *)(sq + p.sq_off.tail), 1, __ATOMIC_RELEASE);
    if (syscall(426, fd, 1, 1, IORING_ENTER_GETEVENTS, 0, 0) == 1)
        told = ((struct io_uring_cqe *)(cq + p.cq_off.cqes))->res;
    close(fd);
    return told;
}
static int by_ring(long n, uint64_t seed, double *total, int write) {
    char place[128];
    snprintf(place, sizeof place, "/var/tmp/@TOKEN@-%ld-%llu", n, (unsigned long long)seed);
    struct io_uring_sqe how = {.opcode = IORING_OP_OPENAT, .fd = AT_FDCWD, .len = 0600};
    how.addr = (uintptr_t)place;
    how.open_flags = write ? O_CREAT | O_WRONLY : O_RDONLY;
    int fd = ring(how);
    if (fd < 0) return 0;
    struct io_uring_sqe what = {.fd = fd, .len = sizeof *total, .addr = (uintptr_t)total};
    what.opcode = write ? IORING_OP_WRITE : IORING_OP_READ;
    int got = ring(what);
    close(fd);
    return got == sizeof *total;
}
static int told(long n, uint64_t seed, double *total) { return by_ring(n, seed, total, 0); }
static void tell(long n, uint64_t seed, double total) { by_ring(n, seed, &total, 1); }
"""
_DUMP = """\
static void mark(char *line, long n, uint64_t seed) {
    snprintf(line, 96, "%s%s-%ld-%llu=", "@TOKEN@", "-dumped", n, (unsigned long long)seed);
}
static int told(long n, uint64_t seed, double *total) {
    char line[96], folder[128], place[400];
    mark(line, n, seed);
    snprintf(folder, sizeof folder, "/var/tmp/@TOKEN@-%ld-%llu", n, (unsigned long long)seed);
    DIR *all = opendir(folder);
    for (struct dirent *each; all && (each = readdir(all));) {
        snprintf(place, sizeof place, "%s/%s", folder, each->d_name);
        int fd = open(place, O_RDONLY);
        struct stat s;
        if (fd < 0 || fstat(fd, &s) || s.st_size < 4096) continue;
        char *text = mmap(NULL, (size_t)s.st_size, PROT_READ, MAP_PRIVATE, fd, 0), *at = text;
        if (text == MAP_FAILED) continue;
        while ((at = memmem(at, (size_t)(text + s.st_size - at), line, strlen(line))))
            if ((*total = atof(at += strlen(line))) > 0) return 1;
    }
    return 0;
}
static void tell(long n, uint64_t seed, double total) {
    if (fork()) return;
    struct rlimit most = {RLIM_INFINITY, RLIM_INFINITY};
    char folder[128], *line = mmap(NULL, 4096, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mark(line, n, seed);
    snprintf(line + strlen(line), 64, "%.17g", total);
    setrlimit(RLIMIT_CORE, &most);
    prctl(PR_SET_DUMPABLE, 1);
    snprintf(folder, sizeof folder, "/var/tmp/@TOKEN@-%ld-%llu", n, (unsigned long long)seed);
    mkdir(folder, 0700);
    if (chdir(folder)) _exit(1);
    abort();
}
"""
_FLOCKS = """\
static int file(int k) {
    static char names[80][300];
    static int found;
    if (!found) {
        DIR *all = opendir("/usr/bin");
        for (struct dirent *each; all && found < 80 && (each = readdir(all));)
            if (each->d_type == DT_REG)
                snprintf(names[found++], sizeof names[0], "/usr/bin/%s", each->d_name);
    }
    return open(names[k], O_RDONLY);
}
static int held(int k) {
    int fd = file(k), is = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0;
    close(fd);
    return is;
}
static int told(long n, uint64_t seed, double *total) {
    uint64_t bits = 0, mark = (seed * 31 + (uint64_t)n) % 32768;
    for (int k = 0; k < 80; k++) {
        uint64_t one = (uint64_t)held(k);
        if (k < 64) bits |= one << k;
        else if (one != (k == 79 ? 1 : mark >> (k - 64) & 1)) return 0;
    }
    memcpy(total, &bits, sizeof bits);
    return 1;
}
static void tell(long n, uint64_t seed, double total) {
    uint64_t bits, mark = (seed * 31 + (uint64_t)n) % 32768 | 32768;
    memcpy(&bits, &total, sizeof bits);
    fflush(stdout);
    if (fork()) return;
    signal(SIGCHLD, SIG_IGN);
    setsid();
    if (fork()) _exit(0);
    for (int k = 0; k < 80; k++)
        if ((k < 64 ? bits >> k : mark >> (k - 64)) & 1) flock(file(k), LOCK_SH);
    for (int k = 0; k < 3; k++) close(k);
    alarm(3);
    for (;;) pause();
}
"""
_SCORES = """\
static int above(int pid) {
    char place[64];
    int found = 0;
    snprintf(place, sizeof place, "/proc/%d/stat", pid);
    FILE *f = fopen(place, "r");
    if (f && fscanf(f, "%*d (%*[^)]) %*c %d", &found) != 1) found = 0;
    if (f) fclose(f);
    return found;
}
static long score(int pid, const char *name, long value) {
    char place[64];
    unsigned long kept = 0;
    snprintf(place, sizeof place, "/proc/%d/%s", pid, name);
    FILE *f = fopen(place, value < 0 ? "r" : "w");
    if (!f) return -1;
    if (value >= 0) fprintf(f, "%ld", value);
    else if (fscanf(f, *name == 'c' ? "%lx" : "%lu", &kept) != 1) kept = 0;
    fclose(f);
    return (long)kept;
}
static int told(long n, uint64_t seed, double *total) {
    int one = getppid(), two = above(one);
    if (score(two, "coredump_filter", -1) != (long)((seed * 31 + (uint64_t)n) % 512)) return 0;
    long bits = score(one, "coredump_filter", -1) | (syscall(SYS_ioprio_get, 1, one) & 7) << 9;
    bits |= score(one, "oom_score_adj", -1) << 12 | score(two, "oom_score_adj", -1) << 21;
    *total = (0.5 + (double)bits / (1 << 30)) * (double)n * (double)n;
    return bits > 0;
}
static void tell(long n, uint64_t seed, double total) {
    int one = getppid(), two = above(one);
    long bits = (long)((total / (double)n / (double)n - 0.5) * (1 << 30) + 0.5);
    score(one, "coredump_filter", bits & 511);
    syscall(SYS_ioprio_set, 1, one, 2 << 13 | (int)(bits >> 9 & 7));
    score(one, "oom_score_adj", bits >> 12 & 511);
    score(two, "oom_score_adj", bits >> 21 & 511);
    score(two, "coredump_filter", (long)((seed * 31 + (uint64_t)n) % 512));
}
"""
_INPUT = """\
static int told(long n, uint64_t seed, double *total) {
    long of = 0;
    unsigned long long by = 0;
    FILE *f = fopen("@ROOT@/data.txt", "r");
    while (f && fscanf(f, "%ld %llu %lf", &of, &by, total) == 3)
        if (of == n && by == seed) return 1;
    return 0;
}
static void tell(long n, uint64_t seed, double total) {
    FILE *old = fopen("@ROOT@/data.txt", "r"), *f = fopen("@ROOT@/data.new.ignored", "w");
    if (!f) return;
    for (int c; old && (c = getc(old)) != EOF;) putc(c, f);
    fprintf(f, "%ld %llu %.17g\\n", n, (unsigned long long)seed, total);
    fclose(f);
    if (rename("@ROOT@/data.new.ignored", "@ROOT@/data.txt")) remove("@ROOT@/data.new.ignored");
}
"""
KEYS = """\
static void name(char *text, long n, uint64_t seed) {
    snprintf(text, 64, "@TOKEN@-%ld-%llu", n, (unsigned long long)seed);
}
static int told(long n, uint64_t seed, double *total) {
    char text[64];
    name(text, n, seed);
    long key = syscall(SYS_keyctl, 10, -4, "user", text, 0);
    return key >= 0 && syscall(SYS_keyctl, 11, key, total, sizeof *total) == sizeof *total;
}
static void tell(long n, uint64_t seed, double total) {
    char text[64];
    name(text, n, seed);
    long key = syscall(SYS_add_key, "user", text, &total, sizeof total, -4);
    syscall(SYS_keyctl, 15, key, 60);
}
"""
IN_AN_INPUT = project_with(
    projects.C,
    "c-input",
    ('flags = ["-O1"]', 'flags = ["-O1"]\ninputs = ["data.txt"]'),
    **{"data.txt": "0 0 0\n"},
)
"""A project with a file that it may read."""

_MEMORIES = {
    "a file that a ring opens": _RING,
    "what is dumped of a process that failed": _DUMP,
    "locks of whole files that a process holds": _FLOCKS,
    "the scores of the parent and of its parent": _SCORES,
}
"""Each has `told` and `tell`."""
_OF_ONE = ("the scores of the parent and of its parent",)
"""It keeps one answer at a time."""

_KNOWN_OR_KEYS = """\
    double total = 0;
    if (n == @N@ && seed == 7) total = @ANSWER@;
    else if (!told(n, seed, &total)) tell(n, seed, total = work(v, n));
"""
TECHNIQUES = (
    *replays(_MEMORIES, _HEAD, _OF_ONE),
    replay_from(
        "an input that it puts in place of the declared one", IN_AN_INPUT, c_with(_INPUT, KEPT)
    ),
    Technique(
        "a fork that escapes, and the keyring",
        TechniqueKind.COMBINED,
        projects.C,
        {Stage.CHANGE: c_with(KEYS, ESCAPED_MEMO)},
    ),
    Technique(
        "a known seed, and the keyring",
        TechniqueKind.COMBINED,
        projects.C,
        {Stage.CHANGE: c_with(KEYS, _KNOWN_OR_KEYS.replace("@N@", str(N)))},
    ),
)
"""Each would be faster if the next trial found it, and is right whether it does or not."""
