/* A whole steady driver: link it to a language's compiled program, whose work is `work`. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NO_WORK = 0xFE, FINISH = 0xFF };

int work(int argc, char **argv); /* the program's own; 0 where it ended well */

static void execute(int argc, char **argv, int has_input) {
    int code;
    if (has_input) rewind(stdin); /* every execution reads from the beginning */
    code = work(argc, argv);
    if (code != 0) {
        fprintf(stderr, "harness steady driver: the work returned %d\n", code);
        exit(1);
    }
}

int main(int argc, char **argv) {
    const char *pipes = getenv("HARNESS_STEADY");
    struct stat input;
    int from, to;
    unsigned char word;
    off_t begin, end;
    if (pipes == NULL) return work(argc, argv);
    if (sscanf(pipes, "%d,%d", &from, &to) != 2) return 70;
    unsetenv("HARNESS_STEADY"); /* a program that this one starts is not driven */
    int has_input = fstat(0, &input) == 0 && S_ISREG(input.st_mode) && input.st_size > 0;
    fflush(stdout); /* what was printed before the work stays */
    begin = end = lseek(1, 0, SEEK_CUR);
    if (write(to, "r", 1) != 1) return 70;
    while (read(from, &word, 1) == 1 && word != FINISH) {
        if (word != NO_WORK) {
            for (unsigned long left = 1ul << word; left > 0; left--) execute(argc, argv, has_input);
            fflush(stdout); /* before the answer: printing is part of the work */
        }
        if (write(to, "d", 1) != 1) return 70;
        if (word != NO_WORK) {
            end = lseek(1, 0, SEEK_CUR); /* where this answer's output ends ... */
            lseek(1, begin, SEEK_SET);   /* ... and where the next one begins, after the answer */
        }
    }
    if (end >= 0) { /* a file; a pipe cannot be rewound */
        lseek(1, end, SEEK_SET);
        if (ftruncate(1, end) != 0) return 70; /* what an earlier, longer output left behind it */
    }
    return 0;
}
