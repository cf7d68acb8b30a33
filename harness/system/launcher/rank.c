/* A rank of a target that is launched in several processes: between the words of its `launch`, such
 * as `mpirun -n 4`, and its program.
 *
 *   launcher --rank phases|- FOLDER PROGRAM ARGUMENT...
 *
 * We execute the program, wait for it, and leave a file of our own in FOLDER, which every rank has in
 * common: on beginning which rank it is, where and on which CPUs; at the end what the kernel says of
 * it. The name of the file is nobody else's. Its lines are `name value`; what is not known has no
 * line, and a rank that was killed with us has no end. With `phases` the program marks its phases in
 * a file beside it. Where FOLDER cannot be written the program runs all the same.
 *
 * We end as the program does, by its signal too, and pass on what a launcher tells us. As the launcher
 * we are small, so that the program's peak memory is its own.
 */
#define _GNU_SOURCE
#include "jail_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "protocol.h"
#include "rank.h"

enum { MOST_NAME = 64, CANNOT_EXECUTE = 127 };

static volatile pid_t program;
static const int PASSED_ON[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};

static void pass_on(int number) {
  if (program > 0) kill(program, number);
}

/* What is ignored stays so, for the program too. */
static void take_passed_on(void) {
  struct sigaction old, action = {.sa_handler = pass_on};
  for (size_t i = 0; i < sizeof PASSED_ON / sizeof *PASSED_ON; i++)
    if (sigaction(PASSED_ON[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
      sigaction(PASSED_ON[i], &action, NULL);
}

/* The first of several variables that is a number; -1 where none is. The last name is NULL. */
static long number_in(const char *const *names) {
  for (; *names; names++) {
    const char *said = getenv(*names);
    char *end;
    long value = said && *said ? strtol(said, &end, 10) : -1;
    if (value >= 0 && *end == 0) return value;
  }
  return -1;
}

static const char *const RANKS[] = {RANK_VARIABLES, NULL};
static const char *const SIZES[] = {SIZE_VARIABLES, NULL};

/* The CPUs that we may run on, as `0-3,8`. */
static void write_cpus(FILE *file) {
  cpu_set_t cpus;
  if (sched_getaffinity(0, sizeof cpus, &cpus)) return;
  const char *before = "cpus ";
  for (int first = 0; first < CPU_SETSIZE; first++) {
    if (!CPU_ISSET((unsigned)first, &cpus)) continue;
    int last = first;
    while (last + 1 < CPU_SETSIZE && CPU_ISSET((unsigned)last + 1, &cpus)) last++;
    fprintf(file, last > first ? "%s%d-%d" : "%s%d", before, first, last);
    before = ",", first = last;
  }
  fputc('\n', file);
}

static void host_name(char *name, size_t size) {
  if (gethostname(name, size)) name[0] = 0;
  name[size - 1] = 0;
  for (char *at = name; *at; at++)
    if (*at <= ' ' || *at == '/' || *at > '~') *at = '_';
}

/* The report, begun; NULL where it cannot be. */
static FILE *begin_report(const char *folder, int with_phases) {
  static char path[4096], phases[4200];
  char host[MOST_NAME];
  host_name(host, sizeof host);
  mkdir(folder, 0700);
  snprintf(path, sizeof path, "%s/%s-%d-%lld", folder, host, (int)getpid(),
           (long long)clock_ns(CLOCK_REALTIME));
  FILE *file = fopen(path, "wxe");
  if (!file) return NULL;
  if (with_phases) {
    snprintf(phases, sizeof phases, "%s.phases", path);
    int fd = open(phases, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0) close(fd), setenv("HARNESS_PHASES", phases, 1);
  }
  long rank = number_in(RANKS), size = number_in(SIZES);
  if (rank >= 0) fprintf(file, "rank %ld\n", rank);
  if (size > 0) fprintf(file, "size %ld\n", size);
  if (host[0]) fprintf(file, "host %s\n", host);
  write_cpus(file);
  fflush(file);
  return file;
}

static void end_report(FILE *file, int status, const struct rusage *usage, int64_t wall_ns) {
  struct usage sum = {0};
  add_usage(&sum, usage);
  fprintf(file, "wall_ns %lld\n", (long long)wall_ns);
  fprintf(file, "user_ns %lld\n", (long long)sum.user_ns);
  fprintf(file, "sys_ns %lld\n", (long long)sum.sys_ns);
  fprintf(file, "max_rss_bytes %lld\n", (long long)sum.max_rss_bytes);
  if (WIFEXITED(status)) fprintf(file, "exit_code %d\n", WEXITSTATUS(status));
  if (WIFSIGNALED(status)) fprintf(file, "signal %d\n", WTERMSIG(status));
  fclose(file);
}

/* End as the program did. */
static int end_as(int status) {
  struct rlimit none = {0, 0};
  if (!WIFSIGNALED(status)) return WEXITSTATUS(status);
  int number = WTERMSIG(status);
  setrlimit(RLIMIT_CORE, &none);
  signal(number, SIG_DFL);
  raise(number);
  return 128 + number;
}

int rank_of(char **argv) {
  static volatile int problem;
  struct rusage usage;
  int status;
  FILE *report = begin_report(argv[1], strcmp(argv[0], "phases") == 0);
  take_passed_on();
  int64_t started = clock_ns(CLOCK_MONOTONIC);
  pid_t child = vfork();
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execvp(argv[2], argv + 2);
    problem = errno;
    _exit(CANNOT_EXECUTE);
  }
  if (child < 0) problem = errno;
  program = child;
  while (child > 0 && wait4(child, &status, 0, &usage) < 0)
    if (errno != EINTR) return CANNOT_EXECUTE;
  int64_t wall_ns = clock_ns(CLOCK_MONOTONIC) - started;
  program = 0;
  if (problem) {
    fprintf(stderr, "%s cannot be started as a rank: %s\n", argv[2], strerror(problem));
    return CANNOT_EXECUTE;
  }
  if (report) end_report(report, status, &usage, wall_ns);
  return end_as(status);
}
