/* A jail for one program, called by hand as it were, and what jails can be made here. */
#define _GNU_SOURCE
#include "jail_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int complain(void) {
  fprintf(stderr, "the jail cannot be made: %s: %s\n", what_failed(), strerror(errno));
  return 125;
}

/* Wait for the program alone; what it leaves running ends with us. */
static int await_program(pid_t program) {
  int status;
  for (;;) {
    pid_t ended = waitpid(-1, &status, __WALL);
    if (ended == program) return status;
    if (ended < 0 && errno != EINTR) return -1;
  }
}

static void live_for_one(const char *policy, char **argv, const char *folder, int out) {
  int64_t started;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  heed_stop();
  int bad = freshen() || (chdir(folder) && fails(folder)) || drop_power() || filter_calls(1, 0, 0, !has_counters(policy));
  pid_t program = bad ? -1 : start_program(argv, environ, 0, 0, &started);
  if (program < 0) _exit(complain());
  int status = await_program(program);
  if (write(out, &status, sizeof status) < 0) _exit(1);
  _exit(0);
}

static void on_nothing(int number) { (void)number; }

/* End as the program did. */
static int end_alike(int in, pid_t first) {
  int status, own = 0;
  ssize_t got;
  while ((got = read(in, &status, sizeof status)) < 0 && errno == EINTR) continue;
  while (waitpid(first, &own, 0) < 0 && errno == EINTR) continue;
  if (got != sizeof status) return WIFEXITED(own) ? WEXITSTATUS(own) : 125;
  if (WIFEXITED(status)) return WEXITSTATUS(status);
  struct rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  signal(WTERMSIG(status), SIG_DFL);
  raise(WTERMSIG(status));
  return 128 + WTERMSIG(status);
}

int enter(int argc, char **argv) {
  static char folder[4096];
  int out[2];
  if (argc < 2 || !getcwd(folder, sizeof folder)) return 2;
  const char *policy = argv[0];
  for (int s = 1; s <= SIGRTMAX; s++) signal(s, SIG_DFL);
  syscall(SYS_close_range, 3, ~0U, 0);
  if (strncmp(policy, LANDLOCK, strlen(LANDLOCK)) == 0) {
    int rules = rules_fd(policy, "");
    if (rules < 0 || obey_rules(policy, rules, 0)) return complain();
    execute(argv + 1, environ);
    fails(argv[1]);
    return complain();
  }
  if (leave(policy) || (pipe2(out, O_CLOEXEC) && fails("pipe"))) return complain();
  pid_t first = make_first(0);
  if (first < 0) return fails("process, mount and IPC namespaces"), complain();
  if (first == 0) live_for_one(policy, argv + 1, folder, out[1]);
  close(out[1]);
  struct sigaction wait_on = {.sa_handler = on_nothing}; /* the program hears of it, too */
  sigaction(SIGTERM, &wait_on, NULL);
  sigaction(SIGINT, &wait_on, NULL);
  return end_alike(out[0], first);
}

/* Make one jail and say by which means that can be done here: a line for each, with what fails. */
int probe(void) {
  char what[100] = "";
  struct jail *jail = jail_of(NAMESPACES, what, sizeof what);
  printf("namespaces\t%s%s%s\n", jail ? "" : what, jail ? "" : ": ", jail ? "" : strerror(errno));
  if (jail) jails_end();
  fflush(stdout);
  int version = landlock_version(), rules = version > 0 ? rules_fd(LANDLOCK, "") : -1, status = 1;
  pid_t child = rules < 0 ? -1 : fork();
  if (child == 0) _exit(obey_rules(LANDLOCK, rules, 0) != 0);
  if (child > 0) waitpid(child, &status, 0);
  printf("landlock\t%s\n", rules < 0 ? strerror(errno) : status ? "seccomp is refused" : "");
  printf("version\t%d\n", version);
  int cpu = open_whole_cpu();
  printf("cpu\t%s\n", cpu < 0 ? strerror(errno) : "");
  return 0;
}
