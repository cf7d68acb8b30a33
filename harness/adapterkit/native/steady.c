/* The steady driver of native languages: repeats a program's work inside one process on the harness's word.
 *
 * HARNESS_STEADY="<read_fd>,<write_fd>" names two pipes. The driver says `r` when it is ready, then
 * reads one byte at a time: 0 to 40 asks for 2^k executions, 0xFE for none (it measures the
 * handshake); both are answered by `d`. 0xFF, or the end of the pipe, asks it to end.
 *
 * The linker hands it the program's start (--wrap=main), so that the user's `main` is compiled just
 * as for a cold trial. HARNESS_ENTRY is `__real_main` or the function that the target names.
 *
 * A language with streams of its own (C++, Fortran) defines HARNESS_STREAMS and two functions:
 * harness_flush writes what its standard output holds, harness_rewind reads its standard input anew.
 *
 * Standard output is rewound after each answer, never within the timed window, and cut at the end:
 * the file holds what the last word printed, however many samples were taken. Standard input, where
 * it is a file, is read from its beginning by every execution.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef __cplusplus
extern "C" {
#endif
int HARNESS_ENTRY(int argc, char **argv);
int __wrap_main(int argc, char **argv);
#ifdef HARNESS_STREAMS
void harness_flush(void);
void harness_rewind(void);
#else
static void harness_flush(void) {}
static void harness_rewind(void) {}
#endif
#ifdef __cplusplus
}
#endif

enum { MOST_DOUBLINGS = 40, NO_WORK = 0xFE, FINISH = 0xFF };

static int working;
static int has_input; /* standard input is a file that holds something */
static int from_harness = -1, to_harness = -1;

/* The arguments, kept apart: work may permute or cut them (getopt, strtok). */
static char *pristine, *words;
static char **argument;
static size_t word_bytes;
static int arguments;

static void die(const char *what) {
    fprintf(stderr, "harness steady driver: %s\n", what);
    _exit(70);
}

static void at_exit(void) {
    if (working) die("the work called exit(); in steady mode it must return");
}

static void keep_arguments(int argc, char **argv) {
    char *end;
    for (int i = 0; i < argc; i++) word_bytes += strlen(argv[i]) + 1;
    pristine = (char *)malloc(word_bytes + 1);
    words = (char *)malloc(word_bytes + 1);
    argument = (char **)calloc((size_t)argc + 1, sizeof *argument);
    if (pristine == NULL || words == NULL || argument == NULL) die("out of memory");
    end = pristine;
    for (int i = 0; i < argc; i++) end = stpcpy(end, argv[i]) + 1;
    arguments = argc;
}

static void execute(void) {
    char *word = words;
    int code;
    memcpy(words, pristine, word_bytes);
    for (int i = 0; i < arguments; i++, word += strlen(word) + 1) argument[i] = word;
    argument[arguments] = NULL;
    optind = 0; /* getopt starts anew */
    if (has_input) {
        rewind(stdin);
        harness_rewind();
    }
    working = 1;
    code = HARNESS_ENTRY(arguments, argument);
    working = 0;
    if (code != 0) {
        fflush(NULL);
        fprintf(stderr, "harness steady driver: the work returned %d\n", code);
        _exit(code & 0xFF ? code & 0xFF : 1);
    }
}

static void answer(char word) {
    ssize_t done;
    do done = write(to_harness, &word, 1);
    while (done < 0 && errno == EINTR);
    if (done != 1) die("the harness does not listen any more");
}

/* While it waits, the driver stays where it is: woken by a harness on the same CPU, it would be sent
 * to an idle one, which takes 30 us to get going. The work may run wherever it likes. */
static unsigned next_word(void) {
    unsigned char word;
    ssize_t got;
    cpu_set_t everywhere, here;
    int cpu = sched_getcpu(), stay = cpu >= 0 && cpu < CPU_SETSIZE;
    CPU_ZERO(&here);
    if (stay) CPU_SET((unsigned)cpu, &here);
    stay = stay && sched_getaffinity(0, sizeof everywhere, &everywhere) == 0 &&
           sched_setaffinity(0, sizeof here, &here) == 0;
    do got = read(from_harness, &word, 1);
    while (got < 0 && errno == EINTR);
    if (stay) (void)sched_setaffinity(0, sizeof everywhere, &everywhere);
    return got == 1 ? (unsigned)word : (unsigned)FINISH;
}

static int serve(void) {
    off_t begin, end;
    harness_flush();
    fflush(NULL); /* what was printed before the work, by a constructor, stays */
    begin = end = lseek(STDOUT_FILENO, 0, SEEK_CUR);
    answer('r');
    for (;;) {
        unsigned word = next_word();
        if (word == FINISH) break;
        if (word == NO_WORK) {
            answer('d');
            continue;
        }
        if (word > MOST_DOUBLINGS) die("unknown word from the harness");
        for (unsigned long left = 1ul << word; left > 0; left--) execute();
        harness_flush();
        fflush(NULL);
        answer('d');
        end = lseek(STDOUT_FILENO, 0, SEEK_CUR);
        (void)lseek(STDOUT_FILENO, begin, SEEK_SET);
    }
    if (end >= 0) { /* a regular file; a pipe or a terminal cannot be rewound */
        (void)lseek(STDOUT_FILENO, end, SEEK_SET);
        if (ftruncate(STDOUT_FILENO, end) != 0 && errno != EINVAL) die("cannot cut stdout");
    }
    return 0;
}

int __wrap_main(int argc, char **argv) {
    const char *pipes = getenv("HARNESS_STEADY");
    struct stat input;
    if (pipes == NULL) return HARNESS_ENTRY(argc, argv);
    if (sscanf(pipes, "%d,%d", &from_harness, &to_harness) != 2) die("HARNESS_STEADY is malformed");
    (void)unsetenv("HARNESS_STEADY");
    (void)fcntl(from_harness, F_SETFD, FD_CLOEXEC);
    (void)fcntl(to_harness, F_SETFD, FD_CLOEXEC);
    has_input = fstat(STDIN_FILENO, &input) == 0 && S_ISREG(input.st_mode) && input.st_size > 0;
    keep_arguments(argc, argv);
    if (atexit(at_exit) != 0) die("out of memory");
    return serve();
}
