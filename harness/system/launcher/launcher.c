/* The launcher: serves one run of the harness; one trial, one fresh process, one clock.
 *
 *   launcher PARENT
 *
 * PARENT is the process that started us, with whose death we end everything. On file descriptor 3
 * we read a job, execute it, write a report, and read the next job, until the other end closes.
 * Both are described in protocol.py, of which protocol.h is made.
 *
 * For a job we spawn the target, time it with the monotonic clock, collect what the kernel knows of
 * it and of every descendant, and leave no process behind. We are small on purpose: Linux keeps the
 * spawning process's peak memory in the child's ru_maxrss across exec, so the spawner must be tiny.
 * No job leaves a trace in us that the next one would see: `begin` and `forget` are there for that,
 * and limits, which could not be raised again, are set in the child.
 *
 * `launcher --watch PARENT` serves nobody: it has PARENT go on where that was stopped (see `watch`).
 * `launcher --enter POLICY PROGRAM...` executes one program in a jail, `launcher --probe` says which
 * jails can be made here: see jail.c. `launcher --rank` is one rank of a target that is launched in
 * several: see rank.c. `launcher --version` answers with its version. fallback.py
 * does the same in Python, but for jails.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "jail.h"
#include "protocol.h"
#include "rank.h"
#include "scratch.h"

enum { WORD_NOTHING = 0xFE, WORD_STOP = 0xFF, HANDSHAKES = 51, MAX_LOG2_BATCH = 40 };
static const int64_t STUCK_NS = 5000000000;
enum { FIRST_OWN_FD = 16, GRACE_MS = 100, PATIENCE_MS = 5000 };
enum { UNWAITED_NS = 2000000 }; /* less is what two clocks differ by */
enum { AT_ONCE_NS = 1000000 };
enum { FIRST_LOOK_MS = 20, LAST_STEP_MS = 320, MOST_TASKS = 256, MOST_COUNTED = 64 };

static volatile pid_t target;           /* the target's process, while it lives */
static volatile sig_atomic_t timed_out; /* the timeout ended it */
static volatile sig_atomic_t cancelled; /* the harness told us to stop, or died */
static struct jail *jail;               /* in which the job runs, where it has namespaces */
static int spoilt; /* a process that we cannot end is left: it is not to show in a later job */
static pid_t parent;

struct job {
#define NUMBER(name) int64_t name;
#define TEXT(name) char *name;
  JOB_NUMBERS(NUMBER)
  JOB_TEXTS(TEXT)
  char **argv, **env;
};

#define NAMED(name) FIGURE_##name,
enum figure { FIGURES(NAMED) FIGURE_COUNT };

struct sample {
  int64_t numbers[SAMPLE_NUMBERS];
};

/* The report of the job that runs. */
static int64_t figures[FIGURE_COUNT];
static struct sample *samples;
static size_t sample_count, sample_room;
static char trouble[8192];

static int64_t now_ns(clockid_t clock) {
  struct timespec t;
  return clock_gettime(clock, &t) ? 0 : (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void put(enum figure which, int64_t value) { figures[which] = value; }

/* What keeps the target from being started; there is only one such thing in a job. */
static int give_up(const char *what) {
  snprintf(trouble, sizeof trouble, "%s: %s", what, strerror(errno));
  return -1;
}

/* We cannot go on; the harness finds us gone, and starts another one. */
static void fail(void) { _exit(3); }

/* Killing in the handler itself leaves no gap in which a signal could come too early for wait4. */
static void on_signal(int number) {
  if (number == SIGPIPE) return; /* caught, not ignored: what is ignored stays so after exec */
  if (number == SIGALRM)
    timed_out = 1;
  else
    cancelled = 1;
  /* The first process of a jail ends all the others, and tells us what they took. */
  if (target > 0) kill(target, jail ? SIGTERM : SIGKILL);
}

static void arm_timer(int64_t ns) {
  struct itimerval t = {{0, 0}, {ns / 1000000000, ns % 1000000000 / 1000}};
  /* It repeats, so that a target which appears just after the first alarm is still ended. */
  t.it_interval.tv_usec = 50000;
  if (ns > 0 && t.it_value.tv_sec == 0 && t.it_value.tv_usec == 0) t.it_value.tv_usec = 1;
  setitimer(ITIMER_REAL, &t, NULL);
}

static void disarm_timer(void) {
  struct itimerval none = {{0, 0}, {0, 0}};
  setitimer(ITIMER_REAL, &none, NULL);
}

static int64_t number_after(const char *text, const char *key, int skip) {
  const char *at = strstr(text, key);
  if (!at) return -1;
  for (at += strlen(key); skip > 0; skip--) {
    at += strspn(at, " ");
    at += strcspn(at, " ");
  }
  return strtoll(at, NULL, 10);
}

/* A file of the kernel's that we read in every job, kept open; -1 where there is none. */
static int keep_open(const char *path) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  int kept = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_OWN_FD); /* 0 to 2 are for targets */
  close(fd);
  return kept;
}

static int64_t kept_number_after(int fd, const char *key, int skip) {
  char text[1024];
  ssize_t length = fd < 0 ? -1 : pread(fd, text, sizeof text - 1, 0);
  if (length <= 0) return -1;
  text[length] = 0;
  return number_after(text, key, skip);
}

static int proc_stat, proc_pressure;

/* Stolen ticks of all CPUs: the eighth number of the first line. */
static int64_t steal_ticks, steal_read_ns;

static int64_t steal_after(void) {
  steal_ticks = kept_number_after(proc_stat, "cpu ", 7);
  steal_read_ns = now_ns(CLOCK_MONOTONIC);
  return steal_ticks;
}

/* For the numbers in the first line the kernel counts up all interrupts, which takes 10 us. Between
 * jobs that follow one another at once it is asked once: a tick takes ten times as long as that. */
static int64_t steal_before(void) {
  int just_now = now_ns(CLOCK_MONOTONIC) - steal_read_ns < AT_ONCE_NS;
  return steal_read_ns && just_now ? steal_ticks : steal_after();
}

static int64_t pressure_us(void) { return kept_number_after(proc_pressure, "total=", 0); }

/* Looks at how many threads want a CPU: far apart, so that they cost less than 0.1 % of the time even
 * where we share the target's CPU. What ends within FIRST_LOOK_MS is never looked at. */
static int looks[MOST_COUNTED + 1]; /* how many looks saw so many threads */
static int64_t next_look_ns;
static int look_step_ms;

static void begin_looking(void) {
  look_step_ms = FIRST_LOOK_MS;
  next_look_ns = now_ns(CLOCK_MONOTONIC) + (int64_t)look_step_ms * 1000000;
}

/* Milliseconds until the next look, for poll. */
static int until_look(void) {
  int64_t left = (next_look_ns - now_ns(CLOCK_MONOTONIC)) / 1000000;
  return left < 0 ? 0 : (int)left + 1;
}

static int read_text(const char *path, char *text, size_t size) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  ssize_t length = read(fd, text, size - 1);
  close(fd);
  text[length > 0 ? length : 0] = 0;
  return length > 0;
}

/* Threads of a process and of its descendants that run or wait for a CPU now; at most MOST_TASKS
 * are looked at. */
static int runnable(pid_t pid, int depth, int *left) {
  char path[128], text[1024];
  int found = 0;
  snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
  DIR *tasks = opendir(path);
  if (!tasks) return 0;
  for (struct dirent *entry; *left > 0 && (entry = readdir(tasks));) {
    int task = atoi(entry->d_name);
    if (task <= 0) continue;
    --*left;
    snprintf(path, sizeof path, "/proc/%d/task/%d/stat", (int)pid, task);
    if (!read_text(path, text, sizeof text)) continue;
    char *end = strrchr(text, ')'); /* the name before it may hold anything */
    found += end && end[1] && end[2] == 'R';
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)pid, task);
    if (depth > 0 && read_text(path, text, sizeof text))
      for (char *at = text, *next; *left > 0; at = next) {
        pid_t child = (pid_t)strtol(at, &next, 10);
        if (next == at) break;
        found += runnable(child, depth - 1, left);
      }
  }
  closedir(tasks);
  return found;
}

static void look(void) {
  int left = MOST_TASKS, found = runnable(target, 8, &left);
  looks[found < MOST_COUNTED ? found : MOST_COUNTED]++;
  look_step_ms = look_step_ms * 4 < LAST_STEP_MS ? look_step_ms * 4 : LAST_STEP_MS;
  next_look_ns = now_ns(CLOCK_MONOTONIC) + (int64_t)look_step_ms * 1000000;
}

/* What the upper half of the looks saw at least; looks at a target that slept do not count. */
static void put_threads(void) {
  int all = 0, above = 0;
  for (int i = 1; i <= MOST_COUNTED; i++) all += looks[i];
  if (!all) return;
  for (int i = MOST_COUNTED; i > 0; i--)
    if (2 * (above += looks[i]) >= all) {
      put(FIGURE_threads, i);
      return;
    }
}

static void parse_cpus(const char *list, cpu_set_t *set) {
  CPU_ZERO(set);
  for (const char *at = list; *at; at += strcspn(at, ","), at += *at == ',')
    CPU_SET((unsigned)atoi(at), set);
}

static int open_as(int number, const char *path, int flags) {
  int fd = open(path, flags, 0644);
  if (fd < 0) return give_up(path);
  if (fd == number) return 0; /* nearly always: the lowest one that is free is taken */
  int done = dup2(fd, number);
  close(fd);
  return done < 0 ? give_up(path) : 0;
}

/* Take on what the target is to inherit: a thing done here does not take of the target's time. */
static int prepare(const struct job *job) {
  if (open_as(0, job->stdin_path, O_RDONLY) ||
      open_as(1, job->stdout_path, O_WRONLY | O_CREAT | O_TRUNC) ||
      open_as(2, job->stderr_path, O_WRONLY | O_CREAT | O_TRUNC))
    return -1;
  return !jail && chdir(job->folder) ? give_up(job->folder) : 0;
}

/* The opposite of `prepare`: nothing that the target wrote is held any longer. */
static void forget(void) {
  for (int number = 0; number < 3; number++) close(number);
  if (chdir("/")) fail();
}

/* Start the target; the child shares our memory until it execs, so its errno comes back in ours.
 * Returns -1 where it could not be. */
static pid_t spawn(const struct job *job, const int pass[2], int rules, int64_t *started_ns) {
  static volatile int problem;
  struct rlimit size, none = {0, 0};
  cpu_set_t cpus;
  int pinned = job->cpus[0] != 0;
  if (pinned) parse_cpus(job->cpus, &cpus);
  if (getrlimit(RLIMIT_FSIZE, &size)) return give_up("getrlimit");
  int limited = job->max_file_bytes > 0 && (rlim_t)job->max_file_bytes < size.rlim_max;
  if (limited) size.rlim_cur = size.rlim_max = (rlim_t)job->max_file_bytes;

  problem = 0;
  *started_ns = now_ns(CLOCK_MONOTONIC);
  pid_t child = vfork();
  if (child == 0) {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (int i = 0; i < 2; i++)
      if (pass[i] >= 0) fcntl(pass[i], F_SETFD, 0);
    if ((!pinned || sched_setaffinity(0, sizeof cpus, &cpus) == 0) &&
        (!limited || setrlimit(RLIMIT_FSIZE, &size) == 0) &&
        setrlimit(RLIMIT_CORE, &none) == 0 && (rules < 0 || obey_rules(job->jail, rules, pinned) == 0)) {
      if (rules >= 0) *started_ns = now_ns(CLOCK_MONOTONIC); /* making a jail is not its work */
      execve(job->argv[0], job->argv, job->env);
    }
    problem = errno;
    _exit(127);
  }
  if (child < 0) return give_up("vfork");
  if (problem) {
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR) continue;
    errno = problem;
    put(FIGURE_exec_errno, errno);
    return give_up(job->argv[0]);
  }
  return child;
}

/* Reap the descendants that have ended, but not the target, whose end has to be timed. */
static void reap_others(struct usage *sum) {
  for (;;) {
    siginfo_t info = {0};
    struct rusage usage;
    int status;
    if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) || info.si_pid == 0) return;
    if (info.si_pid == target || wait4(info.si_pid, &status, 0, &usage) < 0) return;
    add_usage(sum, &usage);
  }
}

/* Look at the target now and then until it ends; at once where the kernel has no pidfd. */
static void look_on(struct usage *sum) {
  struct pollfd end = {(int)syscall(SYS_pidfd_open, target, 0), POLLIN, 0};
  if (end.fd < 0) return;
  while (!timed_out && !cancelled && poll(&end, 1, until_look()) == 0) {
    look();
    reap_others(sum);
  }
  close(end.fd);
}

/* Wait for the target; descendants that end before it are reaped and counted on the way. */
static int wait_for_target(struct usage *sum, int64_t *ended_ns) {
  for (;;) {
    struct rusage usage;
    int status;
    pid_t pid = wait4(-1, &status, 0, &usage);
    int64_t at = now_ns(CLOCK_MONOTONIC);
    if (pid < 0) {
      if (errno == EINTR) continue;
      fail();
    }
    add_usage(sum, &usage);
    if (pid == target) {
      *ended_ns = at;
      target = 0;
      return status;
    }
  }
}

/* What the target left behind has become ours, as we are its subreaper. A helper that ends by itself
 * within the grace is waited for; the others are killed and counted. A process that we kill hands
 * its own children to us, so we go on until there is none, or those left are not ours to kill (of
 * another user) or do not die (waiting for a disk). */
static int sweep(struct usage *sum) {
  const int64_t ms = 1000000, begun = now_ns(CLOCK_MONOTONIC);
  const int64_t grace = timed_out ? 0 : GRACE_MS * ms;
  int left_behind = 0;
  for (;;) {
    struct rusage usage;
    int status;
    pid_t pid = wait4(-1, &status, WNOHANG, &usage);
    if (pid > 0) {
      add_usage(sum, &usage);
      left_behind += WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    } else if (pid == 0) {
      struct timespec moment = {0, 1000000};
      int64_t waited = now_ns(CLOCK_MONOTONIC) - begun;
      int alive = waited >= grace || cancelled ? kill_children() : 0;
      spoilt = waited > grace + PATIENCE_MS * ms;
      if (spoilt) return left_behind + alive;
      nanosleep(&moment, NULL);
    } else if (errno != EINTR) {
      return left_behind;
    }
  }
}

static int say(int fd, unsigned char word) {
  while (write(fd, &word, 1) != 1)
    if (errno != EINTR) return -1;
  return 0;
}

struct driver {
  int calibrating; /* what is asked now decides nothing: a look disturbs no sample */
  int go, done;
  pid_t pid;   /* of the program */
  int process; /* a pidfd: readable once the target has ended; -1 where the kernel has none */
  clockid_t cpu;
};

/* One byte from the driver; -1 where it is gone. The pipe alone does not tell: a child that the
 * target forked may hold its other end. */
static int hear(const struct driver *d) {
  struct pollfd wait[2] = {{d->done, POLLIN, 0}, {d->process, POLLIN, 0}};
  unsigned char byte;
  for (;;) {
    if (timed_out || cancelled) return -1;
    int ready = poll(wait, 2, d->calibrating ? until_look() : -1);
    if (ready == 0) look();
    if (ready < 0 && errno != EINTR) return -1;
    if (ready <= 0) continue;
    if (wait[0].revents) return read(d->done, &byte, 1) == 1 ? byte : -1;
    if (wait[1].revents) return -1;
  }
}

/* Go to the CPU that the target's main thread is on. While it works we sleep, and a sleeper on
 * another, idle CPU takes 50 us to wake; on the target's own, which is free just then, 4 us. */
static int here = -1;

static void stay_near(pid_t pid) {
  cpu_set_t only;
  char path[64], text[1024];
  snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
  if (!read_text(path, text, sizeof text)) return;
  int cpu = (int)number_after(text, ") ", 36); /* field 39; the state is the third */
  if (cpu == here || cpu < 0 || cpu >= CPU_SETSIZE) return;
  CPU_ZERO(&only);
  CPU_SET((unsigned)cpu, &only);
  if (sched_setaffinity(0, sizeof only, &only) == 0) here = cpu;
}

/* Go where the harness may be, as a process would that it starts now; after `stay_near` too. */
static void go_home(void) {
  cpu_set_t ours, theirs;
  here = -1;
  if (sched_getaffinity(parent, sizeof theirs, &theirs) < 0) return;
  if (sched_getaffinity(0, sizeof ours, &ours) < 0 || !CPU_EQUAL(&ours, &theirs))
    sched_setaffinity(0, sizeof theirs, &theirs);
}

/* One word and its answer; 0 and the two times, or -1. */
static int ask(const struct driver *d, int word, int64_t *wall_ns, int64_t *cpu_ns) {
  stay_near(d->pid);
  int64_t cpu = now_ns(d->cpu);
  int64_t start = now_ns(CLOCK_MONOTONIC);
  if (say(d->go, (unsigned char)word) || hear(d) != 'd') return -1;
  *wall_ns = now_ns(CLOCK_MONOTONIC) - start;
  *cpu_ns = now_ns(d->cpu) - cpu;
  return 0;
}

static int compare_ns(const void *a, const void *b) {
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

static void put_sample(int log2_batch, int64_t wall_ns, int64_t cpu_ns, int calibration) {
  if (sample_count == sample_room) {
    size_t room = sample_room ? 2 * sample_room : 256;
    struct sample *larger = realloc(samples, room * sizeof *samples);
    if (!larger) fail();
    samples = larger, sample_room = room;
  }
  samples[sample_count++] = (struct sample){{1LL << log2_batch, wall_ns, cpu_ns, calibration}};
}

/* A batch of the calibration. Work that runs a hundred times as long as the first call did waits for
 * something that the first call used up: it is ended long before the timeout, and the report says so
 * by `stuck_ns`. */
static int ask_in_time(const struct job *job, const struct driver *d, int log2_batch,
                       int64_t started_ns, int64_t first_ns, int64_t *wall_ns, int64_t *cpu_ns) {
  int64_t left = job->timeout_ns - (now_ns(CLOCK_MONOTONIC) - started_ns);
  int64_t limit = (first_ns * 100 << log2_batch) + STUCK_NS;
  int early = log2_batch < 16 && (job->timeout_ns == 0 || limit < left);
  if (early) arm_timer(limit);
  int failed = ask(d, log2_batch, wall_ns, cpu_ns);
  if (early && timed_out) put(FIGURE_stuck_ns, limit);
  if (early && !failed) arm_timer(job->timeout_ns == 0 ? 0 : left - *wall_ns > 1 ? left - *wall_ns : 1);
  return failed;
}

/* Drive the work inside the target. Without a last line `steady_done` it was cut short. */
static void drive(const struct job *job, struct driver *d, int64_t started_ns) {
  int64_t handshake[HANDSHAKES], wall, cpu;
  int log2_batch = 0;
  if (hear(d) != 'r') return;
  put(FIGURE_ready_ns, now_ns(CLOCK_MONOTONIC) - started_ns);
  for (int i = 0; i < HANDSHAKES; i++)
    if (ask(d, WORD_NOTHING, &handshake[i], &cpu)) return;
  qsort(handshake, HANDSHAKES, sizeof *handshake, compare_ns);
  int64_t typical = handshake[HANDSHAKES / 2];
  put(FIGURE_handshake_ns, typical);

  int64_t long_enough = job->min_sample_ns > 100 * typical ? job->min_sample_ns : 100 * typical;
  /* The first call may be a compiler at work: it decides nothing, and is not on the budget. */
  begin_looking();
  d->calibrating = 1;
  if (ask(d, 0, &wall, &cpu)) return;
  put_sample(0, wall, cpu, 1);
  int64_t first = wall;
  int64_t begun = now_ns(CLOCK_MONOTONIC);
  for (int confirmed = 1;;) {
    if (ask_in_time(job, d, log2_batch, started_ns, first, &wall, &cpu)) return;
    put_sample(log2_batch, wall, cpu, 1);
    if (now_ns(CLOCK_MONOTONIC) - begun > job->budget_ns) break;
    if (wall < long_enough && log2_batch < MAX_LOG2_BATCH) {
      log2_batch++, confirmed = 0;
    } else if (confirmed) {
      break;
    } else {
      confirmed = 1; /* once may be stolen time: a size must be long enough twice */
    }
  }
  d->calibrating = 0;
  for (int64_t i = 0; i < job->samples; i++) {
    if (i > 0 && now_ns(CLOCK_MONOTONIC) - begun > job->budget_ns) break;
    if (ask(d, log2_batch, &wall, &cpu)) return;
    put_sample(log2_batch, wall, cpu, 0);
  }
  /* What is printed last is the output that is checked: a batch is followed by one execution. */
  if (log2_batch > 0 && ask(d, 0, &wall, &cpu)) return;
  if (say(d->go, WORD_STOP) == 0) put(FIGURE_steady_done, 1);
}

/* The CPU time of the target's process alone, once it has ended but before it is reaped: what the
 * samples can have seen. The kernel counts that of its children with it, to the nanosecond, only
 * after they have ended, so the times of samples cannot cover them. */
static void put_own_cpu(clockid_t cpu) {
  siginfo_t info = {0};
  while (waitid(P_PID, (id_t)target, &info, WEXITED | WNOWAIT) && errno == EINTR) continue;
  put(FIGURE_own_cpu_ns, now_ns(cpu));
}

/* Nothing of an earlier job is left. */
static void begin(const struct job *job) {
  target = 0, timed_out = 0;
  for (int i = 0; i < FIGURE_COUNT; i++) figures[i] = UNKNOWN;
  sample_count = 0, trouble[0] = 0;
  memset(looks, 0, sizeof looks);
  put(FIGURE_ticket, job->ticket);
  go_home();
}

/* In steady mode, two pipes to the target, and their ends' numbers in its environment. */
static int make_pipes(const struct job *job, int go[2], int done[2]) {
  static char words[64];
  if (job->samples <= 0) return 0;
  if (pipe2(go, O_CLOEXEC) || pipe2(done, O_CLOEXEC)) return give_up("pipe");
  snprintf(words, sizeof words, "HARNESS_STEADY=%d,%d", jail ? JAILED_GO : go[0],
           jail ? JAILED_DONE : done[1]);
  job->env[0] = words; /* receive() has kept this place free */
  return 0;
}

/* Have the target; -1 where it could not be started. */
static int start(const struct job *job, int go[2], int done[2], int64_t *started_ns) {
  int rules = -1;
  if (prepare(job) || make_pipes(job, go, done)) return -1;
  if (job->scratch[0]) hold_scratch(job->scratch);
  if (job->jail[0] && (rules = rules_fd(job->jail, job->own)) < 0) return give_up("the jail");
  const int pass[2] = {go[0], done[1]};
  pid_t child = spawn(job, pass, rules, started_ns);
  if (child < 0) return -1;
  target = child;
  arm_timer(job->timeout_ns);
  if (cancelled) kill(target, SIGKILL);
  return 0;
}

static void close_both(int pipe[2]) {
  for (int i = 0; i < 2; i++)
    if (pipe[i] >= 0) close(pipe[i]);
  pipe[0] = pipe[1] = -1;
}

/* Steady mode: from the target's start until its end, before it is reaped. */
static void attend(const struct job *job, int go[2], int done[2], int64_t started_ns,
                   pid_t pid, int process) {
  struct driver d = {0, go[1], done[0], pid, process, CLOCK_MONOTONIC};
  close(go[0]), close(done[1]);
  go[0] = done[1] = -1;
  clock_getcpuclockid(pid, &d.cpu);
  drive(job, &d, started_ns);
  close_both(go), close_both(done);
  if (process >= 0) close(process);
  if (!jail) put_own_cpu(d.cpu); /* a jail tells */
}

/* `left`: how many of a jail's processes had not ended in time. */
static void put_end(int status, int left) {
  if (WIFEXITED(status)) put(FIGURE_exit_code, WEXITSTATUS(status));
  if (WIFSIGNALED(status)) put(FIGURE_signal, WTERMSIG(status));
  put(FIGURE_timed_out, timed_out && (WIFSIGNALED(status) || left > 0));
  put(FIGURE_cancelled, cancelled);
}

static void put_usage(const struct usage *sum) {
  put(FIGURE_user_ns, sum->user_ns);
  put(FIGURE_sys_ns, sum->sys_ns);
  put(FIGURE_max_rss_bytes, sum->max_rss_bytes);
  put(FIGURE_minor_faults, sum->minor_faults);
  put(FIGURE_major_faults, sum->major_faults);
  put(FIGURE_voluntary_switches, sum->voluntary);
  put(FIGURE_involuntary_switches, sum->involuntary);
}

/* CPU time that is in nobody's account: a parent that ignores the end of its children is not told
 * what they took, but the clock of the whole tree is. */
static void put_unwaited(const struct usage *sum, int64_t whole_ns) {
  int64_t told_ns = sum->user_ns + sum->sys_ns, more_ns = whole_ns - told_ns;
  if (whole_ns < 0) return;
  int counts = more_ns > UNWAITED_NS && more_ns > told_ns / 100;
  put(FIGURE_unwaited_ns, counts ? more_ns : 0);
  if (counts) put(FIGURE_user_ns, sum->user_ns + more_ns);
}

/* All that the target started has ended, too, or is stopped for good, or the timeout has passed. */
static void wait_for_tree(struct usage *sum, int64_t *ended_ns) {
  struct stillness still = {0};
  int at_once = 1;
  while (!timed_out && !cancelled) {
    struct rusage usage;
    int status = 0, more = at_once || still.watched ? WNOHANG : 0;
    pid_t pid = wait4(-1, &status, WUNTRACED | more, &usage);
    if (pid < 0 && errno != EINTR) return;
    at_once = 0;
    if (pid > 0 && !WIFSTOPPED(status))
      *ended_ns = now_ns(CLOCK_MONOTONIC), add_usage(sum, &usage), at_once = 1, still.watched = 0;
    else if (pid >= 0 && !still.watched)
      begin_stillness(&still);
    else if (pid >= 0 && is_still(&still))
      break;
  }
  *ended_ns = now_ns(CLOCK_MONOTONIC);
}

/* A job in the machine's own namespaces. */
static void run_outside(const struct job *job) {
  struct usage sum = {0};
  int go[2] = {-1, -1}, done[2] = {-1, -1}, cpu = -1;
  int64_t started, ended;
  if (job->jail[0]) cpu = open_whole_cpu();
  if (start(job, go, done, &started)) {
    close_both(go), close_both(done);
    if (cpu >= 0) close(cpu);
    return;
  }
  if (job->samples > 0) {
    attend(job, go, done, started, target, (int)syscall(SYS_pidfd_open, target, 0));
  } else {
    begin_looking();
    look_on(&sum);
  }
  int status = wait_for_target(&sum, &ended);
  if (job->jail[0]) wait_for_tree(&sum, &ended);
  disarm_timer();
  int left = sweep(&sum);
  put(FIGURE_left_behind, left);
  if (!spoilt) put(FIGURE_touched, touched_in_scratch(job->scratch));
  put(FIGURE_wall_ns, ended - started);
  put_usage(&sum);
  if (job->jail[0]) put_unwaited(&sum, read_whole_cpu(cpu));
  if (cpu >= 0) close(cpu);
  put_threads();
  put_end(status, job->jail[0] ? left : 0);
}

/* ---- a job in a jail -------------------------------------------------------------------------- */

/* The number of a process that we have a descriptor of, here; -1 where it is not told. */
static pid_t pid_behind(int process) {
  char path[64], text[1024];
  snprintf(path, sizeof path, "/proc/self/fdinfo/%d", process);
  return process >= 0 && read_text(path, text, sizeof text) ? (pid_t)number_after(text, "\nPid:", 0)
                                                           : -1;
}

/* Wait for what the jail's first process says next; -1 where it was killed. */
static int await_word(void *said, size_t size, int *process) {
  struct pollfd line = {jail_line(jail), POLLIN, 0};
  int64_t stopped_ns = 0;
  for (;;) {
    int stopped = timed_out || cancelled;
    if (stopped && !stopped_ns) stopped_ns = now_ns(CLOCK_MONOTONIC);
    if (stopped && now_ns(CLOCK_MONOTONIC) - stopped_ns > PATIENCE_MS * 1000000LL) {
      kill(target, SIGKILL);
      return -1;
    }
    int ready = poll(&line, 1, stopped ? 50 : until_look());
    if (ready == 0 && !stopped) look();
    if (ready > 0) return jail_hear(jail, said, size, process);
  }
}

static int start_jailed(const struct job *job, int go[2], int done[2]) {
  struct inmate inmate = {.argv = job->argv, .env = job->env, .folder = job->folder};
  if (prepare(job) || make_pipes(job, go, done)) return -1;
  inmate.own = job->own, inmate.max_file_bytes = job->max_file_bytes;
  for (int i = 0; i < 3; i++) inmate.fds[i] = i;
  inmate.fd_count = 3;
  inmate.pinned = job->cpus[0] != 0;
  if (inmate.pinned) parse_cpus(job->cpus, &inmate.cpus);
  if (!inmate.pinned && sched_getaffinity(0, sizeof inmate.cpus, &inmate.cpus) < 0)
    return give_up("sched_getaffinity");
  if (job->samples > 0) inmate.fds[3] = go[0], inmate.fds[4] = done[1], inmate.fd_count = 5;
  target = jail_pid(jail);
  arm_timer(job->timeout_ns);
  begin_looking();
  return jail_start(jail, &inmate) ? give_up("the jail") : 0;
}

/* Was the program started? Else say why. */
static int has_started(const struct job *job, const struct jail_start *said) {
  if (!said->problem) return 1;
  errno = said->problem;
  int executed = strcmp(said->what, EXECUTED) == 0;
  if (executed) put(FIGURE_exec_errno, errno);
  give_up(executed ? job->argv[0] : said->what);
  return 0;
}

/* The report of a job in a jail; `lost`: its first process was killed before it could say more. */
static void put_jailed(const struct job *job, const struct jail_start *said, struct jail_end *end,
                       int lost) {
  if (lost) end->ended_ns = now_ns(CLOCK_MONOTONIC), end->status = SIGKILL;
  put(FIGURE_left_behind, end->left_behind);
  put(FIGURE_wall_ns, said->started_ns ? end->ended_ns - said->started_ns : 0);
  if (job->samples > 0) put(FIGURE_own_cpu_ns, end->own_cpu_ns);
  put_usage(&end->usage);
  put_unwaited(&end->usage, lost ? -1 : end->whole_cpu_ns);
  put_threads();
  put_end(end->status, end->left_behind);
}

static void run_jailed(const struct job *job) {
  struct jail_start said = {0};
  struct jail_end end = {0};
  int go[2] = {-1, -1}, done[2] = {-1, -1}, process = -1, lost = 0;
  int bad = start_jailed(job, go, done);
  if (!bad) lost = await_word(&said, sizeof said, &process);
  int runs = !bad && !lost && has_started(job, &said);
  if (runs && job->samples > 0) {
    attend(job, go, done, said.started_ns, pid_behind(process), process);
    process = -1;
  }
  close_both(go), close_both(done);
  if (process >= 0) close(process);
  if (runs) lost = await_word(&end, sizeof end, NULL);
  disarm_timer();
  target = 0;
  jail_over(jail, !runs || lost || end.soiled);
  jail = NULL;
  if (runs || lost) put_jailed(job, &said, &end, lost);
}

static void run(const struct job *job) {
  char what[100];
  int namespaces = jail_has_namespaces(job->jail);
  if (namespaces && !(jail = jail_of(job->jail, what, sizeof what))) {
    give_up(what);
    return;
  }
  if (!namespaces) jails_end(); /* else they were among our children, whom we wait for */
  int64_t steal = steal_before(), pressure = pressure_us();
  if (jail)
    run_jailed(job);
  else
    run_outside(job);
  int64_t stolen = steal_after() - steal, pressure_after = pressure_us();
  if (steal >= 0) put(FIGURE_steal_ns, stolen * (1000000000 / sysconf(_SC_CLK_TCK)));
  if (pressure >= 0) put(FIGURE_pressure_ns, (pressure_after - pressure) * 1000);
}

/* ---- the wire ------------------------------------------------------------------------------- */

/* So many bytes; -1 where the other end is closed, or we are told to end. */
static int take(void *to, size_t size) {
  for (char *at = to; size > 0;) {
    ssize_t got = cancelled ? 0 : read(CONTROL_FD, at, size);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return -1;
    at += got, size -= (size_t)got;
  }
  return 0;
}

static void *room_for(void *old, size_t size) {
  void *room = realloc(old, size);
  if (!room) fail();
  return room;
}

static char *next_text(char **at, const char *end) {
  char *text = *at;
  if (text >= end) fail();
  *at += strlen(text) + 1;
  return text;
}

/* The next job; -1 where there is none. */
static int receive(struct job *job) {
  static char *frame;
  static char **words;
  static size_t room;
  uint32_t length;
  if (take(&length, sizeof length)) return -1;
  if ((size_t)length + 1 > room) frame = room_for(frame, room = (size_t)length + 1);
  if (take(frame, length)) return -1;
  frame[length] = 0;
  char *at = frame, *end = frame + length;
#define TAKE_NUMBER(name) memcpy(&job->name, at, sizeof job->name), at += sizeof job->name;
#define TAKE_TEXT(name) job->name = next_text(&at, end);
  JOB_NUMBERS(TAKE_NUMBER)
  JOB_TEXTS(TAKE_TEXT)
  size_t count = 0;
  for (char *text = at; text < end; text += strlen(text) + 1) count++;
  if (job->arguments < 1 || (size_t)job->arguments > count) fail();
  words = room_for(words, (count + 3) * sizeof *words);
  char **word = job->argv = words;
  for (int64_t i = 0; i < job->arguments; i++) *word++ = next_text(&at, end);
  *word++ = NULL;
  job->env = word;
  if (job->samples > 0) *word++ = NULL; /* for HARNESS_STEADY, see start() */
  while (at < end) *word++ = next_text(&at, end);
  *word = NULL;
  return 0;
}

static void send_report(int last) {
  put(FIGURE_samples, (int64_t)sample_count);
  put(FIGURE_last, last);
  size_t text = strlen(trouble), rest = sample_count * sizeof *samples;
  uint32_t length = (uint32_t)(sizeof figures + rest + text);
  struct iovec parts[] = {
      {&length, sizeof length}, {figures, sizeof figures}, {samples, rest}, {trouble, text}};
  struct msghdr message = {.msg_iov = parts, .msg_iovlen = 4};
  while (message.msg_iovlen > 0) {
    ssize_t sent = sendmsg(CONTROL_FD, &message, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) _exit(0); /* nobody is there any more */
    for (size_t left = (size_t)sent; message.msg_iovlen > 0;) {
      struct iovec *part = message.msg_iov;
      size_t step = left < part->iov_len ? left : part->iov_len;
      part->iov_base = (char *)part->iov_base + step, part->iov_len -= step, left -= step;
      if (part->iov_len > 0) break;
      message.msg_iov++, message.msg_iovlen--;
    }
  }
}

/* ---- beginning ------------------------------------------------------------------------------ */

/* What the harness has open is none of the target's business. */
static void close_all_above(int fd) {
  if (syscall(SYS_close_range, fd + 1, ~0U, 0) == 0) return;
  for (int last = (int)sysconf(_SC_OPEN_MAX); last > fd; last--) close(last);
}

/* Away from the terminal's Ctrl-C, which the harness passes on, and from its keyboard. Not by a new
 * session: the scheduler makes a group of each (autogroup), and on a busy machine a new group waits
 * for a slice behind the others: /bin/true then takes 3 ms, and 0.5 ms this way. */
static void leave_terminal(void) {
  int terminal = open("/dev/tty", O_RDWR | O_CLOEXEC);
  if (terminal >= 0) {
    ioctl(terminal, TIOCNOTTY);
    close(terminal);
  }
  setpgid(0, 0);
}

/* Python ignores some signals, and a target would inherit that. */
static void take_signals(void) {
  for (int s = 1; s <= SIGRTMAX; s++) signal(s, SIG_DFL);
  struct sigaction action = {.sa_handler = on_signal};
  sigaction(SIGALRM, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGPIPE, &action, NULL);
}

/* Was the process stopped, and not by a terminal's Ctrl-Z? The harness catches SIGTSTP, and lets
 * go of it while it obeys; where it does not (under another program), a terminal speaks for Ctrl-Z. */
static int was_stopped(pid_t pid) {
  char path[64], text[4096], state;
  int terminal;
  snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
  if (!read_text(path, text, sizeof text)) return 0;
  char *end = strrchr(text, ')');
  if (!end || sscanf(end + 1, " %c %*d %*d %*d %d", &state, &terminal) != 2 || state != 'T') return 0;
  if (terminal == 0) return 1;
  snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
  const char *key = "SigCgt:", *at = read_text(path, text, sizeof text) ? strstr(text, key) : NULL;
  return at && (strtoull(at + strlen(key), NULL, 16) >> (SIGTSTP - 1) & 1);
}

/* Look at the harness twice a second, for as long as it lives; what we did is told on CONTROL_FD. */
static void watch(void) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  while (getppid() == parent) {
    struct timespec moment = {0, 500000000};
    if (was_stopped(parent)) {
      say(CONTROL_FD, 1);
      kill(parent, SIGCONT);
    }
    nanosleep(&moment, NULL);
  }
}

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "--version") == 0) return puts(VERSION) < 0;
  if (argc == 2 && strcmp(argv[1], "--probe") == 0) return probe();
  if (argc > 3 && strcmp(argv[1], "--enter") == 0) return enter(argc - 2, argv + 2);
  if (argc > 4 && strcmp(argv[1], "--rank") == 0) return rank_of(argv + 2);
  if (argc == 3 && strcmp(argv[1], "--watch") == 0) {
    parent = (pid_t)atoi(argv[2]);
    close_all_above(CONTROL_FD);
    watch();
    return 0;
  }
  if (argc != 2 || fcntl(CONTROL_FD, F_SETFD, FD_CLOEXEC)) {
    fputs("launcher: called by the harness, not by hand\n", stderr);
    return 2;
  }
  parent = (pid_t)atoi(argv[1]);
  close_all_above(CONTROL_FD);
  umask(022);
  leave_terminal();
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  prctl(PR_SET_DUMPABLE, 0); /* a target has no business in our memory and files */
  take_signals();
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) return 2;
  proc_stat = keep_open("/proc/stat");
  proc_pressure = keep_open("/proc/pressure/cpu");
  forget();
  int last = 0;
  for (struct job job; !last && receive(&job) == 0;) {
    begin(&job);
    run(&job);
    forget();
    last = cancelled || spoilt;
    send_report(last);
    jail_make_ready(); /* while the harness looks at what the job left */
  }
  jails_end();
  return 0;
}
