/* Two functions compared within one process, for the harness. One header, C99 or C++11 (GCC or
 * Clang), no library.
 *
 *     #include "harness_compare.h"
 *
 *     static void by_loop(void *numbers) { harness_keep(sum_by_loop(numbers)); }
 *     static void by_pairs(void *numbers) { harness_keep(sum_by_pairs(numbers)); }
 *
 *     harness_compare("sum.json", "by_loop", by_loop, "by_pairs", by_pairs, numbers);
 *
 * and in C++ (a name, and whatever can be called, for each side)
 *
 *     harness_compare("sum.json", "by_loop", [&] { return sum_by_loop(numbers); },
 *                     "by_pairs", [&] { return sum_by_pairs(numbers); });
 *
 * This measures and judges nothing: it calls both in turns, in blocks of a random order, in batches
 * of at least 2 ms, and writes the times of all blocks to the file. `harness import sum.json` gives
 * the verdict, by the same rules as for whole programs. It rests on this one process: its layout of
 * memory, the state of its heap. Run the program again for another process.
 */
#ifndef HARNESS_COMPARE_H
#define HARNESS_COMPARE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

/* A value that must be computed, though nobody uses it: a number, a pointer or a struct. In C++ it
 * is not copied: a vector of numbers is kept by its own few words, as it lies there. */
#ifdef __cplusplus
template <typename Value> inline void harness_keep(const Value &value) {
    __asm__ __volatile__("" : : "m"(value) : "memory");
}
#else
#define harness_keep(value)                                                  \
    do {                                                                     \
        __typeof__(value) harness_kept_value = (value);                      \
        __asm__ __volatile__("" : : "m"(harness_kept_value) : "memory");     \
    } while (0)
#endif

/* Nothing that the compiler could leave out: a batch stays a loop. */
#define harness_compare_barrier() __asm__ __volatile__("" : : : "memory")

/* A variable of which the compiler is to know no value: an input that it could compute with. */
#define harness_hide(variable) __asm__ __volatile__("" : "+m"(variable) : : "memory")

#ifdef __cplusplus
extern "C" {
#endif

typedef struct harness_side {
    const char *name;
    void (*call)(void *data);
    void *data;
    void (*setup)(void *data);                     /* before each batch, untimed; NULL: nothing */
    void (*batch)(void *data, uint64_t executions); /* NULL: `call`, again and again */
} harness_side;

typedef struct harness_comparison {
    const char *file;      /* where the blocks are written */
    harness_side sides[2]; /* the reference, and the candidate */
    double budget_s;       /* blocks are made for so long; 0: 2 s */
    uint64_t blocks;       /* and at most so many; 0: 100000 */
    uint64_t most_batch;   /* executions of a batch, at most: 1 where `setup` is for each; 0: any */
    uint64_t seed;         /* of the order; 0: drawn */
} harness_comparison;

/* -std=c99 hides this function of POSIX: it is declared under a name of our own. */
struct harness_compare_timespec {
    long seconds, nanoseconds;
};
int harness_compare_clock(int clock, struct harness_compare_timespec *now) __asm__("clock_gettime");

#define HARNESS_COMPARE_BATCH_NS 2000000u
#define HARNESS_COMPARE_BLOCKS 100000u

typedef struct harness_compare_sample {
    uint64_t wall_ns, cpu_ns;
    long gave_up, lost; /* how often the process gave up the CPU, and how often it was taken */
} harness_compare_sample;

typedef struct harness_compare_block {
    harness_compare_sample sides[2];
    int first; /* the side that was called first */
} harness_compare_block;

static inline uint64_t harness_compare_ns(int clock) {
    struct harness_compare_timespec now = {0, 0};
    (void)harness_compare_clock(clock, &now);
    return (uint64_t)now.seconds * 1000000000u + (uint64_t)now.nanoseconds;
}

/* xorshift64* (Vigna, "An experimental exploration of Marsaglia's xorshift generators", 2016). */
static inline uint64_t harness_compare_draw(uint64_t *state) {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 2685821657736338717u;
}

static inline harness_compare_sample harness_compare_timed(const harness_side *side,
                                                           uint64_t batch) {
    harness_compare_sample made;
    struct rusage before, after;
    uint64_t n;
    if (side->setup != NULL) side->setup(side->data);
    getrusage(RUSAGE_SELF, &before);
    made.cpu_ns = harness_compare_ns(2 /* CLOCK_PROCESS_CPUTIME_ID */);
    made.wall_ns = harness_compare_ns(1 /* CLOCK_MONOTONIC */);
    if (side->batch != NULL)
        side->batch(side->data, batch);
    else
        for (n = 0; n < batch; n++) {
            side->call(side->data);
            harness_compare_barrier();
        }
    made.wall_ns = harness_compare_ns(1) - made.wall_ns;
    made.cpu_ns = harness_compare_ns(2) - made.cpu_ns;
    getrusage(RUSAGE_SELF, &after);
    made.gave_up = after.ru_nvcsw - before.ru_nvcsw;
    made.lost = after.ru_nivcsw - before.ru_nivcsw;
    return made;
}

/* How many executions a batch has: a power of two that takes at least 2 ms, twice over. */
static inline uint64_t harness_compare_grown(const harness_side *side, uint64_t most) {
    uint64_t batch = 1;
    (void)harness_compare_timed(side, 1); /* the first one is like no other */
    for (;; batch *= 2) {
        if (batch > most / 2) return batch;
        if (harness_compare_timed(side, batch).wall_ns < HARNESS_COMPARE_BATCH_NS) continue;
        /* Once, it may have waited for the CPU. */
        if (harness_compare_timed(side, batch).wall_ns >= HARNESS_COMPARE_BATCH_NS) return batch;
    }
}

static inline void harness_compare_word(FILE *out, const char *word) {
    fputc('"', out);
    for (; *word != '\0'; word++) {
        unsigned char letter = (unsigned char)*word;
        if (letter < 0x20 || letter == '"' || letter == '\\')
            fprintf(out, "\\u%04x", letter);
        else
            fputc(letter, out);
    }
    fputc('"', out);
}

static inline int harness_compare_write(const harness_comparison *asked, const uint64_t batch[2],
                                        const harness_compare_block *blocks, uint64_t count) {
    struct harness_compare_timespec now = {0, 0};
    size_t room = 0, at;
    uint64_t n;
    char *part;
    FILE *out;
    int side, failed;
    while (asked->file[room] != '\0') room++;
    if ((part = (char *)malloc(room + 6)) == NULL) return -1;
    for (at = 0; at < room; at++) part[at] = asked->file[at];
    for (at = 0; at < 6; at++) part[room + at] = ".part"[at];
    if ((out = fopen(part, "w")) == NULL) {
        perror(part);
        free(part);
        return -1;
    }
    (void)harness_compare_clock(0 /* CLOCK_REALTIME */, &now);
    fprintf(out, "{\"harness_blocks\": 1, \"made_by\": \"harness_compare.h\", \"language\": \"%s\",\n",
#ifdef __cplusplus
            "C++"
#else
            "C"
#endif
    );
    fprintf(out, " \"made_at_ns\": %lld%09ld, \"seed\": %llu,\n", (long long)now.seconds,
            now.nanoseconds, (unsigned long long)asked->seed);
    fputs(" \"functions\": [", out);
    for (side = 0; side < 2; side++) {
        fputs(side ? ",\n  {\"name\": " : "\n  {\"name\": ", out);
        harness_compare_word(out, asked->sides[side].name);
        fprintf(out, ", \"batch\": %llu}", (unsigned long long)batch[side]);
    }
    fputs("],\n \"blocks\": [", out);
    for (n = 0; n < count; n++) {
        fputs(n ? ",\n  [" : "\n  [", out);
        for (side = 0; side < 2; side++) {
            int who = side ^ blocks[n].first;
            const harness_compare_sample *made = &blocks[n].sides[who];
            fprintf(out, "%s[%d, %llu, %llu, %ld, %ld]", side ? ", " : "", who,
                    (unsigned long long)made->wall_ns, (unsigned long long)made->cpu_ns,
                    made->gave_up, made->lost);
        }
        fputc(']', out);
    }
    fputs("]}\n", out);
    failed = ferror(out) != 0;
    failed |= fclose(out) != 0;
    failed = failed || rename(part, asked->file) != 0;
    if (failed) perror(asked->file);
    free(part);
    return failed ? -1 : 0;
}

/* Blocks of both sides, and their file. 0; or -1 where it cannot be written, as stderr says. */
static inline int harness_compare_with(const harness_comparison *request) {
    harness_comparison asked = *request;
    uint64_t most = asked.most_batch ? asked.most_batch : (uint64_t)1 << 40, batch[2];
    uint64_t wanted = asked.blocks ? asked.blocks : HARNESS_COMPARE_BLOCKS, room = 0, count = 0;
    uint64_t began_ns, budget_ns = (uint64_t)((asked.budget_s > 0 ? asked.budget_s : 2.0) * 1e9);
    harness_compare_block *blocks = NULL, *more;
    uint64_t state;
    int turn, result;
    if (asked.file == NULL || asked.sides[0].name == NULL || asked.sides[1].name == NULL) {
        fputs("harness_compare: the file and both sides want a name\n", stderr);
        return -1;
    }
    if (wanted > HARNESS_COMPARE_BLOCKS) wanted = HARNESS_COMPARE_BLOCKS;
    if (asked.seed == 0) /* 53 bits: every reader of JSON can say it */
        asked.seed = ((harness_compare_ns(0) ^ ((uint64_t)getpid() << 32)) & 0x1fffffffffffffu) | 1;
    state = asked.seed;
    for (turn = 0; turn < 8; turn++) (void)harness_compare_draw(&state);
    for (turn = 0; turn < 2; turn++) batch[turn] = harness_compare_grown(&asked.sides[turn], most);
    began_ns = harness_compare_ns(1);
    do {
        harness_compare_block block;
        if (count == room) {
            room = room ? 2 * room : 64;
            more = (harness_compare_block *)realloc(blocks, room * sizeof *blocks);
            if (more == NULL) break; /* what there is counts */
            blocks = more;
        }
        block.first = (int)(harness_compare_draw(&state) >> 63);
        for (turn = 0; turn < 2; turn++) {
            int who = turn ^ block.first;
            block.sides[who] = harness_compare_timed(&asked.sides[who], batch[who]);
        }
        blocks[count++] = block;
    } while (count < wanted && harness_compare_ns(1) - began_ns < budget_ns);
    result = harness_compare_write(&asked, batch, blocks, count);
    free(blocks);
    if (result == 0)
        fprintf(stderr, "harness_compare: %llu blocks in %s; `harness import %s` judges them\n",
                (unsigned long long)count, asked.file, asked.file);
    return result;
}

/* A function with the same data for both sides, and everything else as it usually is. */
static inline int harness_compare(const char *file, const char *reference_name,
                                  void (*reference)(void *), const char *candidate_name,
                                  void (*candidate)(void *), void *data) {
    harness_comparison asked = {file,
                                {{reference_name, reference, data, NULL, NULL},
                                 {candidate_name, candidate, data, NULL, NULL}},
                                0, 0, 0, 0};
    return harness_compare_with(&asked);
}

#ifdef __cplusplus
}

/* One call. What it returns is kept: the compiler may not leave out how it is computed. */
template <typename Result> struct harness_compare_call {
    template <typename Function> static void once(Function &function) { harness_keep(function()); }
};
template <> struct harness_compare_call<void> {
    template <typename Function> static void once(Function &function) { function(); }
};

/* The whole batch is one piece of code, into which the compiler may put what is called. */
template <typename Function> void harness_compare_batch(void *data, uint64_t executions) {
    Function &function = *static_cast<Function *>(data);
    for (uint64_t n = 0; n < executions; n++) {
        harness_compare_call<decltype(function())>::once(function);
        harness_compare_barrier();
    }
}

template <typename Reference, typename Candidate>
int harness_compare(const char *file, const char *reference_name, Reference reference,
                    const char *candidate_name, Candidate candidate) {
    harness_comparison asked = {
        file,
        {{reference_name, NULL, &reference, NULL, harness_compare_batch<Reference>},
         {candidate_name, NULL, &candidate, NULL, harness_compare_batch<Candidate>}},
        0, 0, 0, 0};
    return harness_compare_with(&asked);
}

#endif
#endif
