/* What the parts of a jail know of one another; jail.h is what the launcher knows of it. */
#ifndef JAIL_PARTS_H
#define JAIL_PARTS_H

#include "jail.h"

#include <stddef.h>
#include <stdint.h>
#include <time.h>

enum { MOST_JAILS = 32, FIRST_FD = 10, MOST_COUNTERS = 16384 };

#define NAMESPACES "namespaces\n"
#define LANDLOCK "landlock\n"

/* ---- jail_policy.c ---- */

/* Remember what failed, for whoever reports it; returns -1, and leaves errno. */
int fails(const char *what);
const char *what_failed(void);

enum word { READ, WRITE, DEVICE, COPY, LINK, HIDE, SCRATCH, NETWORK, COUNTERS, WORDS };

struct line {
  enum word word;
  char path[4096], to[4096];
};

/* The next line of a policy; 0 at its end, -1 where it makes no sense. */
int next_line(const char **at, struct line *line);
const char *after_level(const char *policy);
int has_network(const char *policy);
int has_counters(const char *policy);

/* ---- jail_mounts.c ---- */

/* Have a root of our own, as the policy says. */
int make_root(const char *policy);

/* What an execution finds fresh; in its own namespaces. */
int freshen(void);

/* Enter the folder of this trial alone. */
int enter_own(const char *own);

/* ---- jail_namespaces.c ---- */

/* Leave the machine's namespaces for those that last as long as the keeper. */
int leave(const char *policy);

/* Give up all capabilities. */
int drop_power(void);

/* Fork the first process of a jail, in process, mount and IPC namespaces of its own; `more` flags. */
pid_t make_first(unsigned long more);

/* What the kernel counts in this network namespace, from files that the keeper opens once. */
struct counters {
  int files[2];
  size_t length;
  char text[MOST_COUNTERS];
};

void open_counters(struct counters *c);
int are_other(const struct counters *before, struct counters *now);

/* ---- jail_calls.c ---- */

/* Refuse what one of these asks for from now on; 0, or -1. */
int filter_calls(int always, int without_namespaces, int pinned, int uncounted);

/* ---- jail_landlock.c ---- */

int landlock_version(void);

/* ---- usage.c ---- */

int64_t clock_ns(clockid_t clock);

/* ---- jail_messages.c ---- */

/* What the launcher says to the first process of a jail; the words follow in `bytes` bytes. */
struct order {
  cpu_set_t cpus;
  int64_t max_file_bytes;
  int32_t pinned, arguments, variables, fds;
  uint32_t bytes;
};

int send_with(int to, const void *data, size_t size, const int *fds, int count);

/* Exactly `size` bytes, with what descriptors come along; how many of these, or -1. */
int receive_with(int from, void *data, size_t size, int *fds, int room);

/* A pair of sockets above 0 to 2, which are for targets. */
int make_pair(int pair[2]);

/* ---- jail_first.c ---- */

/* What the keeper made before its first processes, which have it too. */
struct kept {
  int own_network; /* else the machine's, in which others are at work all the time */
  int cpu; /* a clock of all that its children start */
  struct counters counters;
};

/* The life of a jail's first process, in it; does not return. */
void live(int line, const struct kept *kept);

/* Say in `start` what failed, or that nothing did. */
void tell(struct jail_start *start, int problem);

/* End all that is in the jail when the launcher says so. */
void heed_stop(void);

/* Execute a program in the place of this one; returns where that cannot be. */
void execute(char **argv, char **env);

/* Start a program; -1, with errno, where it does not start. */
pid_t start_program(char **argv, char **env, int fds, int64_t max_file_bytes, int64_t *started_ns);

#endif
