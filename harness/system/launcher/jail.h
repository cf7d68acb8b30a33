/* What a trial may see and change of the machine; jail.c and what it names say how. */
#ifndef JAIL_H
#define JAIL_H

#include <sched.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

struct usage {
  int64_t user_ns, sys_ns, max_rss_bytes, minor_faults, major_faults, voluntary, involuntary;
};

/* One execution within a jail. */
struct inmate {
  char *const *argv;
  char *const *env;
  const char *folder;    /* in which it runs, as it is named inside */
  const char *own;       /* the trial's folder, as it is named outside; empty: none */
  int fds[5];            /* standard input, output and error; in steady mode two pipes as well */
  int fd_count;
  cpu_set_t cpus;
  int pinned;            /* to these CPUs: it may not leave them */
  int64_t max_file_bytes; /* 0: no limit */
};

/* What the first process of a jail says once the program runs, or could not be started. */
struct jail_start {
  int64_t started_ns;
  int problem;    /* errno of what failed; 0: it runs */
  char what[100]; /* that failed */
};

/* What it says once the program and everything that it started have ended. */
struct jail_end {
  int64_t ended_ns, own_cpu_ns, whole_cpu_ns;
  struct usage usage;
  int status, left_behind;
  int soiled; /* the network was used: nobody else may have it */
};

void add_usage(struct usage *sum, const struct rusage *u);

/* A jail that is ready for an execution, as `policy` describes it; NULL, with errno and `what`. */
struct jail;
struct jail *jail_of(const char *policy, char *what, size_t size);

/* Start the execution. */
int jail_start(struct jail *jail, const struct inmate *inmate);

/* Hear `struct jail_start` and then, unless it has a problem, `struct jail_end`; the first of them
 * comes at once in steady mode, with a descriptor of the program's process, else with the second. */
int jail_hear(struct jail *jail, void *said, size_t size, int *fd);

/* The first process of the jail, and the socket from which is heard what it says. */
pid_t jail_pid(const struct jail *jail);
int jail_line(const struct jail *jail);

/* The execution is over. What it had is cleared away by `jail_make_ready`, which makes the next one's
 * ready as well. */
void jail_over(struct jail *jail, int soiled);
void jail_make_ready(void);

/* End all jails. */
void jails_end(void);

int jail_has_namespaces(const char *policy);

/* Where the pipes of steady mode are found inside, and what `jail_start.what` says of the program. */
enum { JAILED_GO = 13, JAILED_DONE = 14 };
#define EXECUTED "the program"

/* Obey the rules of a policy by Landlock and seccomp: in a child, just before it execs. The
 * descriptor of the rules, which trials of one folder share, is kept open. */
int rules_fd(const char *policy, const char *own);
int obey_rules(const char *policy, int rules, int pinned);

/* Kill every process whose parent we have become; returns how many there were. */
int kill_children(void);

/* What a program that has ended left behind, where some of it is stopped: once all is, nobody is there
 * who could have it go on, and it need not be waited for until the timeout. */
struct stillness {
  int watched, questions, looks;
};

/* Is somebody stopped? Then it is to be watched: `is_still` is asked whenever none has ended. */
int begin_stillness(struct stillness *still);

/* Have all been stopped for a second? Waits a millisecond. */
int is_still(struct stillness *still);

/* CPU time, in ns, of what is started from now on, those included that nobody waits for. */
int open_whole_cpu(void);
int64_t read_whole_cpu(int fd);

/* `launcher --enter POLICY PROGRAM...` and `launcher --probe`. */
int enter(int argc, char **argv);
int probe(void);

#endif
