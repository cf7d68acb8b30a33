/* Fortran's phases by way of C's header, which keeps the names that it is given: each name is copied
 * once, and the same text is always the same pointer. A list that only grows needs no lock to be
 * read; two threads that add the same name at once both keep theirs, and the header compares texts. */
#include "harness_phases.h"

typedef struct named {
    struct named *next;
    char text[];
} named;

static named *names;

static const char *interned(const char *name) {
    named *first = __atomic_load_n(&names, __ATOMIC_ACQUIRE);
    size_t bytes = strlen(name) + 1;
    named *added;
    for (named *one = first; one != NULL; one = one->next)
        if (strcmp(one->text, name) == 0) return one->text;
    added = malloc(sizeof *added + bytes);
    if (added == NULL) return "out of memory";
    memcpy(added->text, name, bytes);
    added->next = first;
    while (!__atomic_compare_exchange_n(&names, &added->next, added, 0, __ATOMIC_RELEASE,
                                        __ATOMIC_RELAXED)) {
    }
    return added->text;
}

void harness_fortran_phase_begin(const char *name) { harness_phase_begin(interned(name)); }
void harness_fortran_phase_end(const char *name) { harness_phase_end(interned(name)); }
