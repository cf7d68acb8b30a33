/* The first process of a jail: starts one program, and ends with all of it. */
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
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t stopping;

/* Told by the launcher, which is outside (so its number is 0 here), to end all that is in the jail.
 * Nobody inside can send the like: a signal of one's own making names another code. */
static void on_stop(int number, siginfo_t *info, void *context) {
  (void)number, (void)context;
  if (info->si_code != SI_USER || info->si_pid != 0) return;
  stopping = 1;
  kill(-1, SIGKILL);
}

void heed_stop(void) {
  struct sigaction action = {.sa_sigaction = on_stop, .sa_flags = SA_SIGINFO};
  sigaction(SIGTERM, &action, NULL);
}

void execute(char **argv, char **env) {
  if (strchr(argv[0], '/'))
    execve(argv[0], argv, env);
  else
    execvpe(argv[0], argv, env); /* a tool's name, which is looked for inside */
}

/* The child shares our memory until it execs. */
pid_t start_program(char **argv, char **env, int fds, int64_t max_file_bytes,
                           int64_t *started_ns) {
  static volatile int problem;
  struct rlimit size, none = {0, 0};
  if (getrlimit(RLIMIT_FSIZE, &size)) return fails("getrlimit");
  int limited = max_file_bytes > 0 && (rlim_t)max_file_bytes < size.rlim_max;
  if (limited) size.rlim_cur = size.rlim_max = (rlim_t)max_file_bytes;
  problem = 0;
  *started_ns = clock_ns(CLOCK_MONOTONIC);
  pid_t child = vfork();
  if (child == 0) {
    if (fds > 0) setpgid(0, 0);
    int good = 1;
    for (int i = 0; i < fds && i < 3; i++) good &= dup2(FIRST_FD + i, i) == i;
    for (int i = 3; i < fds; i++) fcntl(FIRST_FD + i, F_SETFD, 0);
    signal(SIGTERM, SIG_DFL);
    if (good && (!limited || setrlimit(RLIMIT_FSIZE, &size) == 0) &&
        setrlimit(RLIMIT_CORE, &none) == 0)
      execute(argv, env);
    problem = errno;
    _exit(127);
  }
  if (child < 0) return fails("vfork");
  if (!problem) return child;
  while (waitpid(child, NULL, 0) < 0 && errno == EINTR) continue;
  errno = problem;
  return fails(EXECUTED);
}

/* None has ended since the last look at those who are left, or one of them has stopped. Those that
 * are stopped for good are ended, instead of waiting with them until the timeout. */
static void look_at_stopped(pid_t stopped, struct stillness *still) {
  siginfo_t again;
  if (stopped) waitid(P_PID, (id_t)stopped, &again, WSTOPPED | WNOHANG | __WALL);
  if (!still->watched)
    begin_stillness(still);
  else if (!stopping && is_still(still))
    stopping = 1, kill(-1, SIGKILL);
}

/* Wait until nobody is left; the clock runs until then. */
static void await_all(pid_t program, struct jail_end *end) {
  struct stillness still = {0};
  int over = 0, at_once = 0;
  for (;;) {
    siginfo_t info = {0};
    struct rusage usage;
    clockid_t clock;
    int status, more = over ? WSTOPPED : 0;
    if (at_once || still.watched) more |= WNOHANG;
    if (waitid(P_ALL, 0, &info, WEXITED | WNOWAIT | __WALL | more)) {
      if (errno == EINTR) continue;
      return;
    }
    end->ended_ns = clock_ns(CLOCK_MONOTONIC);
    if (over && (info.si_pid == 0 || info.si_code == CLD_STOPPED)) {
      look_at_stopped(info.si_pid, &still);
      at_once = 0;
      continue;
    }
    if (info.si_pid == program && !over && clock_getcpuclockid(program, &clock) == 0)
      end->own_cpu_ns = clock_ns(clock);
    if (wait4(info.si_pid, &status, __WALL, &usage) < 0) continue;
    add_usage(&end->usage, &usage);
    if (over) end->left_behind += stopping && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    if (info.si_pid == program && !over) end->status = status, over = 1;
    at_once = over, still.watched = 0;
  }
}

static char **words_of(char **at, int count) {
  char **list = calloc((size_t)count + 1, sizeof *list);
  for (int i = 0; list && i < count; i++) list[i] = *at, *at += strlen(*at) + 1;
  return list;
}

static int take_order(int line, struct order *order, char **blob) {
  int fds[5];
  int count = receive_with(line, order, sizeof *order, fds, 5);
  if (count < 0) return -1;
  for (int i = 0; i < count; i++) {
    int to = fcntl(fds[i], F_DUPFD_CLOEXEC, FIRST_FD + 10);
    close(fds[i]);
    fds[i] = to;
  }
  for (int i = 0; i < count; i++) {
    if (dup3(fds[i], FIRST_FD + i, O_CLOEXEC) < 0) return -1;
    close(fds[i]);
  }
  *blob = malloc((size_t)order->bytes + 1);
  if (!*blob || receive_with(line, *blob, order->bytes, NULL, 0) < 0) return -1;
  (*blob)[order->bytes] = 0;
  return 0;
}

void tell(struct jail_start *start, int problem) {
  start->problem = problem ? errno : 0;
  const int room = (int)sizeof start->what - 1;
  if (problem) snprintf(start->what, sizeof start->what, "%.*s", room, what_failed());
}

/* The life of a jail's first process: gets ready, starts one program, and ends with all of it. What
 * it says is `struct jail_start` and, unless that has a problem, `struct jail_end`: the first of
 * them at once where somebody waits for it, in steady mode. */
void live(int line, const struct kept *kept) {
  static struct counters now;
  struct {
    struct jail_start start;
    struct jail_end end;
  } said = {0};
  struct order order;
  char *blob;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  heed_stop();
  tell(&said.start, freshen());
  if (send_with(line, &said.start, sizeof said.start, NULL, 0) || said.start.problem) _exit(1);
  if (take_order(line, &order, &blob)) _exit(0); /* nobody wants it any more */
  char *at = blob, *folder = at, *own = folder + strlen(folder) + 1;
  at = own + strlen(own) + 1;
  char **argv = words_of(&at, order.arguments), **env = words_of(&at, order.variables);
  pid_t program = -1;
  int64_t cpu = read_whole_cpu(kept->cpu);
  int bad = !argv || !env || enter_own(own) || (chdir(folder) && fails(folder)) ||
            (sched_setaffinity(0, sizeof order.cpus, &order.cpus) && fails("the CPUs")) ||
            drop_power() || filter_calls(0, 0, order.pinned, 0);
  if (!bad)
    program = start_program(argv, env, order.fds, order.max_file_bytes, &said.start.started_ns);
  tell(&said.start, program < 0);
  int steady = order.fds > 3, pidfd = -1;
  for (int i = 0; i < order.fds; i++) close(FIRST_FD + i);
  if (steady && program > 0) pidfd = (int)syscall(SYS_pidfd_open, program, 0);
  if ((steady || program < 0) &&
      send_with(line, &said.start, sizeof said.start, &pidfd, pidfd >= 0))
    _exit(1);
  if (program < 0) _exit(0);
  await_all(program, &said.end);
  said.end.whole_cpu_ns = cpu < 0 ? -1 : read_whole_cpu(kept->cpu) - cpu;
  said.end.soiled = kept->own_network && are_other(&kept->counters, &now);
  if (steady)
    send_with(line, &said.end, sizeof said.end, NULL, 0);
  else
    send_with(line, &said, sizeof said, NULL, 0);
  _exit(0);
}
