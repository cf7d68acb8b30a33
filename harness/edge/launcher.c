/* The launcher: one trial, one fresh process, one clock.
 *
 * It spawns a target, times it with the monotonic clock, collects what the kernel knows of it and of
 * every descendant, and leaves no process behind. It is small on purpose: Linux keeps the spawning
 * process's peak memory in the child's ru_maxrss across exec, so the spawner must be tiny.
 *
 *   launcher REPORT_FD TIMEOUT_NS CPUS MAX_FILE_BYTES STDIN STDOUT STDERR FOLDER
 *            SAMPLES MIN_SAMPLE_NS BUDGET_NS PROGRAM [ARGUMENT]...
 *
 * CPUS is a comma-separated list, or `-` for all. SAMPLES 0 means a cold trial; otherwise the target
 * is driven in steady mode (see docs/adapters.md). The environment is passed on as it is. The report
 * is `key value` lines on REPORT_FD; a last line `end 1` says that it is whole.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WORD_NOTHING = 0xFE, WORD_STOP = 0xFF, HANDSHAKES = 51, MAX_LOG2_BATCH = 40 };

static volatile pid_t target;           /* the target's process, while it lives */
static volatile sig_atomic_t timed_out; /* the timeout ended it */
static volatile sig_atomic_t cancelled; /* the harness told us to stop, or died */
static FILE *report;

struct usage {
  int64_t user_ns, sys_ns, max_rss_bytes, minor_faults, major_faults, voluntary, involuntary;
};

struct job {
  int64_t timeout_ns, max_file_bytes;
  const char *cpus, *in, *out, *err, *folder;
  int64_t samples, min_sample_ns, budget_ns;
  char **argv;
};

static int64_t now_ns(clockid_t clock) {
  struct timespec t;
  return clock_gettime(clock, &t) ? 0 : (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void put(const char *key, int64_t value) {
  fprintf(report, "%s %lld\n", key, (long long)value);
}

static void give_up(const char *what) {
  fprintf(report, "trouble %s: %s\nend 1\n", what, strerror(errno));
  fflush(report);
  _exit(0);
}

/* Killing in the handler itself leaves no gap in which a signal could come too early for wait4. */
static void on_signal(int number) {
  if (number == SIGALRM)
    timed_out = 1;
  else
    cancelled = 1;
  if (target > 0) kill(target, SIGKILL);
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

static int64_t read_number_after(const char *path, const char *key, int skip) {
  char text[4096];
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  ssize_t length = read(fd, text, sizeof text - 1);
  close(fd);
  if (length <= 0) return -1;
  text[length] = 0;
  char *at = strstr(text, key);
  if (!at) return -1;
  for (at += strlen(key); skip > 0; skip--) {
    at += strspn(at, " ");
    at += strcspn(at, " ");
  }
  return strtoll(at, NULL, 10);
}

/* Stolen ticks of all CPUs: the eighth number of the first line. */
static int64_t steal_ticks(void) { return read_number_after("/proc/stat", "cpu ", 7); }

static int64_t pressure_us(void) { return read_number_after("/proc/pressure/cpu", "total=", 0); }

static void add_usage(struct usage *sum, const struct rusage *u) {
  sum->user_ns += (int64_t)u->ru_utime.tv_sec * 1000000000 + (int64_t)u->ru_utime.tv_usec * 1000;
  sum->sys_ns += (int64_t)u->ru_stime.tv_sec * 1000000000 + (int64_t)u->ru_stime.tv_usec * 1000;
  if ((int64_t)u->ru_maxrss * 1024 > sum->max_rss_bytes)
    sum->max_rss_bytes = (int64_t)u->ru_maxrss * 1024;
  sum->minor_faults += u->ru_minflt;
  sum->major_faults += u->ru_majflt;
  sum->voluntary += u->ru_nvcsw;
  sum->involuntary += u->ru_nivcsw;
}

static void parse_cpus(const char *list, cpu_set_t *set) {
  CPU_ZERO(set);
  for (const char *at = list; *at; at += strcspn(at, ","), at += *at == ',')
    CPU_SET(atoi(at), set);
}

static int open_or_give_up(const char *path, int flags) {
  int fd = open(path, flags | O_CLOEXEC, 0644);
  if (fd < 0) give_up(path);
  return fd;
}

/* Start the target; the child shares our memory until it execs, so its errno comes back in ours. */
static pid_t spawn(const struct job *job, const int pass[2], int64_t *started_ns) {
  static volatile int trouble;
  int in = open_or_give_up(job->in, O_RDONLY);
  int out = open_or_give_up(job->out, O_WRONLY | O_CREAT | O_TRUNC);
  int err = open_or_give_up(job->err, O_WRONLY | O_CREAT | O_TRUNC);
  struct rlimit size = {(rlim_t)job->max_file_bytes, (rlim_t)job->max_file_bytes};
  struct rlimit none = {0, 0};
  cpu_set_t cpus;
  int pinned = strcmp(job->cpus, "-") != 0;
  if (pinned) parse_cpus(job->cpus, &cpus);
  if (chdir(job->folder)) give_up(job->folder);

  *started_ns = now_ns(CLOCK_MONOTONIC);
  pid_t child = vfork();
  if (child == 0) {
    sigset_t all;
    for (int s = 1; s < 32; s++) signal(s, SIG_DFL);
    sigemptyset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(in, 0);
    dup2(out, 1);
    dup2(err, 2);
    for (int i = 0; i < 2; i++)
      if (pass[i] >= 0) fcntl(pass[i], F_SETFD, 0);
    if ((pinned && sched_setaffinity(0, sizeof cpus, &cpus)) ||
        (job->max_file_bytes > 0 && setrlimit(RLIMIT_FSIZE, &size)) ||
        setrlimit(RLIMIT_CORE, &none)) {
      trouble = errno;
      _exit(127);
    }
    execv(job->argv[0], job->argv);
    trouble = errno;
    _exit(127);
  }
  if (child < 0) give_up("vfork");
  close(in), close(out), close(err);
  if (trouble) {
    waitpid(child, NULL, 0);
    errno = trouble;
    put("exec_errno", errno);
    give_up(job->argv[0]);
  }
  return child;
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
      give_up("wait4");
    }
    add_usage(sum, &usage);
    if (pid == target) {
      *ended_ns = at;
      target = 0;
      return status;
    }
  }
}

/* Kill every process whose parent we have become; returns how many. */
static int kill_children(void) {
  int killed = 0;
  DIR *proc = opendir("/proc");
  if (!proc) return 0;
  for (struct dirent *entry; (entry = readdir(proc));) {
    char path[300], text[512], state;
    int pid = atoi(entry->d_name), parent;
    if (pid <= 1) continue;
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) continue;
    ssize_t length = read(fd, text, sizeof text - 1);
    close(fd);
    if (length <= 0) continue;
    text[length] = 0;
    char *end = strrchr(text, ')'); /* the name before it may hold anything */
    if (!end || sscanf(end + 1, " %c %d", &state, &parent) != 2 || parent != getpid()) continue;
    if (state != 'Z' && state != 'X' && kill(pid, SIGKILL) == 0) killed++;
  }
  closedir(proc);
  return killed;
}

/* What the target left behind has become ours, as we are its subreaper: end it. A process that we
 * kill hands its own children to us, so we go on until there is none. */
static int sweep(struct usage *sum) {
  int left_behind = 0;
  for (;;) {
    struct rusage usage;
    pid_t pid = wait4(-1, NULL, WNOHANG, &usage);
    if (pid > 0) {
      add_usage(sum, &usage);
    } else if (pid == 0) {
      left_behind += kill_children();
      if (wait4(-1, NULL, 0, &usage) > 0) add_usage(sum, &usage);
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

/* One byte from the driver; -1 where it is gone (its end closes the pipe). */
static int hear(int fd) {
  unsigned char byte;
  for (;;) {
    ssize_t length = read(fd, &byte, 1);
    if (length == 1) return byte;
    if (length == 0 || errno != EINTR) return -1;
    if (timed_out || cancelled) return -1;
  }
}

struct driver {
  int go, done;
  clockid_t cpu;
};

/* One word and its answer; 0 and the two times, or -1. */
static int ask(const struct driver *d, int word, int64_t *wall_ns, int64_t *cpu_ns) {
  int64_t cpu = now_ns(d->cpu);
  int64_t start = now_ns(CLOCK_MONOTONIC);
  if (say(d->go, (unsigned char)word) || hear(d->done) != 'd') return -1;
  *wall_ns = now_ns(CLOCK_MONOTONIC) - start;
  *cpu_ns = now_ns(d->cpu) - cpu;
  return 0;
}

static int compare_ns(const void *a, const void *b) {
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

static void put_sample(int log2_batch, int64_t wall_ns, int64_t cpu_ns, int calibration) {
  fprintf(report, "sample %lld %lld %lld %d\n", 1LL << log2_batch, (long long)wall_ns,
          (long long)cpu_ns, calibration);
}

/* Drive the work inside the target. What is cut short shows in the target's exit status. */
static void drive(const struct job *job, const struct driver *d, int64_t started_ns) {
  int64_t handshake[HANDSHAKES], wall, cpu;
  int log2_batch = 0;
  if (hear(d->done) != 'r') return;
  put("ready_ns", now_ns(CLOCK_MONOTONIC) - started_ns);
  for (int i = 0; i < HANDSHAKES; i++)
    if (ask(d, WORD_NOTHING, &handshake[i], &cpu)) return;
  qsort(handshake, HANDSHAKES, sizeof *handshake, compare_ns);
  int64_t typical = handshake[HANDSHAKES / 2];
  put("handshake_ns", typical);

  int64_t long_enough = job->min_sample_ns > 100 * typical ? job->min_sample_ns : 100 * typical;
  int64_t begun = now_ns(CLOCK_MONOTONIC);
  for (;; log2_batch++) {
    if (ask(d, log2_batch, &wall, &cpu)) return;
    put_sample(log2_batch, wall, cpu, 1);
    if (wall >= long_enough || log2_batch >= MAX_LOG2_BATCH) break;
  }
  for (int64_t i = 0; i < job->samples; i++) {
    if (i > 0 && now_ns(CLOCK_MONOTONIC) - begun > job->budget_ns) break;
    if (ask(d, log2_batch, &wall, &cpu)) return;
    put_sample(log2_batch, wall, cpu, 0);
  }
  /* One execution more, untimed: what it prints is the output that is checked. */
  if (ask(d, 0, &wall, &cpu)) return;
  say(d->go, WORD_STOP);
}

static void run(const struct job *job) {
  struct usage sum = {0};
  int go[2] = {-1, -1}, done[2] = {-1, -1};
  int64_t started, ended, steal = steal_ticks(), pressure = pressure_us();
  if (job->samples > 0) {
    char text[64];
    if (pipe2(go, O_CLOEXEC) || pipe2(done, O_CLOEXEC)) give_up("pipe");
    snprintf(text, sizeof text, "%d,%d", go[0], done[1]);
    setenv("HARNESS_STEADY", text, 1);
  }
  const int pass[2] = {go[0], done[1]};
  target = spawn(job, pass, &started);
  arm_timer(job->timeout_ns);
  if (cancelled) kill(target, SIGKILL);
  if (job->samples > 0) {
    struct driver d = {go[1], done[0], CLOCK_MONOTONIC};
    close(go[0]), close(done[1]);
    clock_getcpuclockid(target, &d.cpu);
    drive(job, &d, started);
    close(go[1]), close(done[0]);
  }
  int status = wait_for_target(&sum, &ended);
  disarm_timer();
  int left_behind = sweep(&sum);

  int64_t steal_after = steal_ticks(), pressure_after = pressure_us();
  put("wall_ns", ended - started);
  put("user_ns", sum.user_ns);
  put("sys_ns", sum.sys_ns);
  put("max_rss_bytes", sum.max_rss_bytes);
  put("minor_faults", sum.minor_faults);
  put("major_faults", sum.major_faults);
  put("voluntary_switches", sum.voluntary);
  put("involuntary_switches", sum.involuntary);
  put("left_behind", left_behind);
  if (steal >= 0) put("steal_ns", (steal_after - steal) * (1000000000 / sysconf(_SC_CLK_TCK)));
  if (pressure >= 0) put("pressure_ns", (pressure_after - pressure) * 1000);
  if (WIFEXITED(status)) put("exit_code", WEXITSTATUS(status));
  if (WIFSIGNALED(status)) put("signal", WTERMSIG(status));
  put("timed_out", timed_out);
  put("cancelled", cancelled);
}

int main(int argc, char **argv) {
  if (argc < 13) {
    fputs("launcher: called by the harness, not by hand\n", stderr);
    return 2;
  }
  pid_t harness = getppid();
  report = fdopen(atoi(argv[1]), "w");
  if (!report) return 2;
  fcntl(atoi(argv[1]), F_SETFD, FD_CLOEXEC);
  setsid();
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  struct sigaction action = {.sa_handler = on_signal};
  sigaction(SIGALRM, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
  sigaction(SIGINT, &action, NULL);
  signal(SIGPIPE, SIG_IGN);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != harness) return 2;

  struct job job = {
      .timeout_ns = atoll(argv[2]),
      .cpus = argv[3],
      .max_file_bytes = atoll(argv[4]),
      .in = argv[5],
      .out = argv[6],
      .err = argv[7],
      .folder = argv[8],
      .samples = atoll(argv[9]),
      .min_sample_ns = atoll(argv[10]),
      .budget_ns = atoll(argv[11]),
      .argv = argv + 12,
  };
  run(&job);
  put("end", 1);
  fclose(report);
  return 0;
}
