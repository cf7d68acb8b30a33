/* Phases of a program's own work, for the harness. One header, C99 (GCC or Clang), no library.
 *
 *     #include "harness_phases.h"
 *
 *     harness_phase_begin("force");
 *     ...
 *     harness_phase_end("force");
 *
 * Phases nest and repeat; every thread has its own. Names are string literals, without `/`.
 * When the environment variable HARNESS_PHASES names a file, the calls and the total time of each
 * phase are appended to it when the program exits normally; a forked child appends nothing. When the
 * variable names none, a phase costs two tests of a variable. Time is read from the time-stamp
 * counter where it is invariant (about 10 ns) and from CLOCK_MONOTONIC elsewhere.
 */
#ifndef HARNESS_PHASES_H
#define HARNESS_PHASES_H

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* -std=c99 hides these two functions of POSIX: they are declared under names of our own. */
struct harness_phases_timespec {
    long seconds, nanoseconds;
};
int harness_phases_clock(int clock, struct harness_phases_timespec *now) __asm__("clock_gettime");
FILE *harness_phases_memory(char **text, size_t *size) __asm__("open_memstream");

/* One copy of the state serves all source files of a program: hence weak symbols. */
#define HARNESS_PHASES_SHARED __attribute__((weak))
#define HARNESS_PHASES_SLOW __attribute__((weak, noinline, cold))

enum { HARNESS_PHASES_UNKNOWN = 0, HARNESS_PHASES_ON = 1, HARNESS_PHASES_OFF = -1 };
enum { HARNESS_PHASES_DEPTH = 64 }; /* phases nested deeper are counted to the one around them */

typedef struct harness_phase_node {
    const char *name; /* NULL: the root of a thread */
    struct harness_phase_node *parent, *child, *sibling;
    struct harness_phase_node *recent; /* the child that was begun last: the likely next one */
    uint64_t began, total, calls;
    int depth;
} harness_phase_node;

typedef struct harness_phase_thread {
    harness_phase_node root;
    harness_phase_node *current;
    uint64_t skipped; /* begins beyond the depth limit that still wait for their end */
    struct harness_phase_thread *next;
} harness_phase_thread;

HARNESS_PHASES_SHARED int harness_phases_state;
HARNESS_PHASES_SHARED int harness_phases_use_tsc;
HARNESS_PHASES_SHARED long harness_phases_pid;
HARNESS_PHASES_SHARED uint64_t harness_phases_first_tick, harness_phases_first_ns;
HARNESS_PHASES_SHARED harness_phase_thread *harness_phases_threads;
HARNESS_PHASES_SHARED __thread harness_phase_thread *harness_phases_mine;

static inline uint64_t harness_phases_ns(void) {
    struct harness_phases_timespec now = {0, 0};
    (void)harness_phases_clock(1 /* CLOCK_MONOTONIC */, &now);
    return (uint64_t)now.seconds * 1000000000u + (uint64_t)now.nanoseconds;
}

static inline uint64_t harness_phases_tick(void) {
#if defined(__x86_64__)
    if (__builtin_expect(harness_phases_use_tsc, 1)) {
        uint32_t low, high;
        __asm__ __volatile__("rdtsc" : "=a"(low), "=d"(high)::"memory");
        return ((uint64_t)high << 32) | low;
    }
#endif
    return harness_phases_ns();
}

/* The file's one record of a thread's tree: `<calls> TAB <nanoseconds> TAB <outer/inner>`. */
HARNESS_PHASES_SLOW void harness_phases_print(FILE *out, const harness_phase_node *node,
                                              char *path, size_t length, double ns_per_tick) {
    const harness_phase_node *child = __atomic_load_n(&node->child, __ATOMIC_ACQUIRE);
    for (; child != NULL; child = __atomic_load_n(&child->sibling, __ATOMIC_ACQUIRE)) {
        int more = snprintf(path + length, 4096 - length, length ? "/%s" : "%s", child->name);
        if (more < 0 || length + (size_t)more >= 4096) continue;
        if (child->calls > 0)
            fprintf(out, "%llu\t%.0f\t%s\n", (unsigned long long)child->calls,
                    (double)child->total * ns_per_tick, path);
        harness_phases_print(out, child, path, length + (size_t)more, ns_per_tick);
    }
}

/* At exit: one write, so that the records of several processes do not mix. */
HARNESS_PHASES_SLOW void harness_phases_write(void) {
    const char *name = getenv("HARNESS_PHASES");
    uint64_t tick = harness_phases_tick(), ns = harness_phases_ns();
    uint64_t ticks = tick - harness_phases_first_tick;
    double ns_per_tick = ticks ? (double)(ns - harness_phases_first_ns) / (double)ticks : 1.0;
    harness_phase_thread *mine = harness_phases_mine;
    harness_phase_thread *thread = __atomic_load_n(&harness_phases_threads, __ATOMIC_ACQUIRE);
    char path[4096], *text = NULL;
    size_t size = 0;
    FILE *out;
    int file;
    harness_phases_state = HARNESS_PHASES_OFF;
    if (name == NULL || (long)getpid() != harness_phases_pid) return; /* a forked child */
    for (; mine != NULL && mine->current->parent != NULL; mine->current = mine->current->parent) {
        mine->current->calls += 1; /* exit() was called within this phase */
        mine->current->total += tick - mine->current->began;
    }
    if ((out = harness_phases_memory(&text, &size)) == NULL) return;
    fputs("harness-phases 1\n", out);
    for (; thread != NULL; thread = thread->next)
        harness_phases_print(out, &thread->root, path, 0, ns_per_tick);
    if (fclose(out) == 0 && (file = open(name, O_WRONLY | O_APPEND | O_CREAT, 0666)) >= 0) {
        if (write(file, text, size) != (ssize_t)size) perror("harness_phases");
        close(file);
    }
    free(text);
}

HARNESS_PHASES_SLOW int harness_phases_tsc_is_invariant(void) {
#if defined(__x86_64__)
    unsigned a, b, c, d;
    return __get_cpuid(0x80000007u, &a, &b, &c, &d) && (d & (1u << 8)) != 0;
#else
    return 0;
#endif
}

/* Before main, and thus before any thread: are phases wanted? */
HARNESS_PHASES_SHARED __attribute__((constructor)) void harness_phases_start(void) {
    const char *name;
    if (harness_phases_state != HARNESS_PHASES_UNKNOWN) return;
    name = getenv("HARNESS_PHASES");
    if (name == NULL || *name == '\0' || atexit(harness_phases_write) != 0) {
        harness_phases_state = HARNESS_PHASES_OFF;
        return;
    }
    harness_phases_pid = (long)getpid();
    harness_phases_use_tsc = harness_phases_tsc_is_invariant();
    harness_phases_first_ns = harness_phases_ns();
    harness_phases_first_tick = harness_phases_tick();
    harness_phases_state = HARNESS_PHASES_ON;
}

HARNESS_PHASES_SLOW harness_phase_thread *harness_phases_new_thread(void) {
    harness_phase_thread *mine = (harness_phase_thread *)calloc(1, sizeof *mine);
    if (mine == NULL) return NULL;
    mine->current = &mine->root;
    mine->next = __atomic_load_n(&harness_phases_threads, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(&harness_phases_threads, &mine->next, mine, 0,
                                        __ATOMIC_RELEASE, __ATOMIC_RELAXED)) {
    }
    return harness_phases_mine = mine;
}

/* The child of that name, made at its first call; NULL where memory is short. */
HARNESS_PHASES_SHARED __attribute__((noinline)) harness_phase_node *
harness_phases_child(harness_phase_node *parent, const char *name) {
    harness_phase_node **link = &parent->child, *node;
    for (; *link != NULL; link = &(*link)->sibling)
        if ((*link)->name == name || strcmp((*link)->name, name) == 0) return *link;
    if ((node = (harness_phase_node *)calloc(1, sizeof *node)) == NULL) return NULL;
    node->name = name;
    node->parent = parent;
    node->depth = parent->depth + 1;
    __atomic_store_n(link, node, __ATOMIC_RELEASE); /* whole, should the report be written now */
    return node;
}

HARNESS_PHASES_SHARED void harness_phases_begin_on(const char *name) {
    harness_phase_thread *mine = harness_phases_mine;
    harness_phase_node *node;
    if (__builtin_expect(mine == NULL, 0) && (mine = harness_phases_new_thread()) == NULL) return;
    node = mine->current->recent;
    if (__builtin_expect(node == NULL || node->name != name, 0)) {
        node = mine->current->depth < HARNESS_PHASES_DEPTH
                   ? harness_phases_child(mine->current, name)
                   : NULL;
        if (node == NULL) {
            mine->skipped += 1;
            return;
        }
        mine->current->recent = node;
    }
    mine->current = node;
    node->began = harness_phases_tick();
}

/* An end that names an outer phase closes the inner ones too: a function may return early.
 * An end without its begin means nothing. */
HARNESS_PHASES_SHARED void harness_phases_end_on(const char *name) {
    uint64_t now = harness_phases_tick();
    harness_phase_thread *mine = harness_phases_mine;
    harness_phase_node *node, *outer;
    if (mine == NULL) return;
    if (__builtin_expect(mine->skipped > 0, 0)) {
        mine->skipped -= 1;
        return;
    }
    outer = mine->current;
    while (outer->parent != NULL && outer->name != name && strcmp(outer->name, name) != 0)
        outer = outer->parent;
    if (outer->parent == NULL) return;
    do {
        node = mine->current;
        node->total += now - node->began;
        node->calls += 1;
        mine->current = node->parent;
    } while (node != outer);
}

static inline void harness_phase_begin(const char *name) {
    if (__builtin_expect(harness_phases_state > 0, 0)) harness_phases_begin_on(name);
}

static inline void harness_phase_end(const char *name) {
    if (__builtin_expect(harness_phases_state > 0, 0)) harness_phases_end_on(name);
}

#ifdef __cplusplus
}
#endif
#endif
