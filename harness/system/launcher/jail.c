/* A jail for every execution: what it may see and change of the machine.
 *
 * A policy is a text, one thing a line, its parts separated by tabs; policy.py writes it. Its first
 * line says by which means it is enforced:
 *
 *   namespaces   a root of its own, in which nothing is but what the policy names; own processes,
 *                IPC objects, network and user namespace, no capabilities, and a seccomp filter
 *   landlock     the machine's own root, of which the same may be opened; the filter does the rest
 *
 * Then come, in the order in which they are to be done:
 *
 *   read PATH, write PATH    a file or folder, as it is; `write` alone may be changed
 *   device PATH              a device
 *   copy PATH                a small file, as it is now
 *   link PATH TO             a symbolic link
 *   hide PATH                an empty file or folder in its place
 *   scratch PATH             the folder below which every trial has one of its own
 *   network                  that of the machine; else there is a loopback and nothing else
 *   counters                 the kernel's performance counters, for a profiler
 *
 * What can be done once is done once: a keeper, one for each policy, has the namespaces and the root,
 * and for each execution makes the first process of a jail, which adds what must be fresh: process
 * and IPC namespaces, /proc, and one file system in memory at /tmp, to which /var/tmp, /dev/shm and
 * HOME lead. That process is made ready while nobody is timed; see docs/security.md for the costs.
 *
 * This file has the keepers. What they and the first processes are made of: jail_policy.c (reading a
 * policy), jail_mounts.c (the root), jail_namespaces.c, jail_calls.c (the seccomp filter),
 * jail_landlock.c, jail_messages.c, jail_first.c (the first process), jail_enter.c (one program).
 */
#define _GNU_SOURCE
#include "jail_parts.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct jail {
  char *policy;
  pid_t keeper, first;
  int to_keeper, line;
  int announced; /* the first process has said that it is ready */
  int used;      /* it has served; 2: the keeper's network, too, is another's now */
};

static struct jail jails[MOST_JAILS];
static int next_jail;

static void close_all_but(int fd) {
  if (fd > 0) syscall(SYS_close_range, 0, fd - 1, 0);
  syscall(SYS_close_range, fd + 1, ~0U, 0);
}

/* The life of a keeper: for each descriptor that it is sent it makes the first process of a jail,
 * whose parent is the launcher, and says its number. */
static void keep(const char *policy, int line) {
  static struct kept kept;
  struct jail_start start = {0};
  for (int s = 1; s <= SIGRTMAX; s++) signal(s, SIG_DFL);
  close_all_but(line);
  int bad = leave(policy);
  prctl(PR_SET_PDEATHSIG, SIGKILL); /* after `leave`, which takes it away */
  kept.own_network = !has_network(policy);
  if (!bad) /* else these would have their errors told for those of `leave` */
    open_counters(&kept.counters), kept.cpu = open_whole_cpu();
  tell(&start, bad || filter_calls(1, 0, 0, !has_counters(policy)));
  if (send_with(line, &start, sizeof start, NULL, 0) || start.problem) _exit(1);
  for (;;) {
    char byte;
    int end = -1;
    if (receive_with(line, &byte, 1, &end, 1) != 1) _exit(0);
    pid_t first = make_first(CLONE_PARENT);
    if (first == 0) {
      close(line);
      live(end, &kept);
    }
    int32_t said = first < 0 ? -errno : first;
    close(end);
    if (send_with(line, &said, sizeof said, NULL, 0)) _exit(0);
  }
}

static void reap(pid_t pid) {
  while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR) continue;
}

static void end_jail(struct jail *jail) {
  if (jail->line >= 0) close(jail->line);
  if (jail->first > 0) kill(jail->first, SIGKILL), reap(jail->first);
  if (jail->keeper > 0) close(jail->to_keeper), kill(jail->keeper, SIGKILL), reap(jail->keeper);
  free(jail->policy);
  *jail = (struct jail){.line = -1};
}

/* Ask the keeper for the next first process; it says by itself when it is ready. */
static int ask_for_first(struct jail *jail) {
  int pair[2];
  if (make_pair(pair)) return -1;
  int bad = send_with(jail->to_keeper, "n", 1, &pair[1], 1);
  close(pair[1]);
  jail->line = pair[0], jail->announced = 0;
  return bad ? fails("the jail's keeper") : 0;
}

static int await_first(struct jail *jail) {
  struct jail_start said;
  int32_t first;
  if (jail->announced) return 0;
  if (receive_with(jail->to_keeper, &first, sizeof first, NULL, 0) < 0)
    return errno = EPIPE, fails("the jail's keeper");
  if (first < 0) return errno = -first, fails("process, mount and IPC namespaces");
  jail->first = first;
  if (receive_with(jail->line, &said, sizeof said, NULL, 0) < 0)
    return errno = EPIPE, fails("the jail's first process");
  jail->announced = 1;
  errno = said.problem;
  return said.problem ? fails(said.what) : 0;
}

static int begin_jail(struct jail *jail, const char *policy) {
  int pair[2];
  struct jail_start said;
  *jail = (struct jail){.policy = strdup(policy), .line = -1};
  if (!jail->policy || make_pair(pair)) return fails("socketpair");
  jail->to_keeper = pair[0];
  jail->keeper = fork();
  if (jail->keeper == 0) keep(policy, pair[1]);
  close(pair[1]);
  if (jail->keeper < 0) return fails("fork");
  if (receive_with(jail->to_keeper, &said, sizeof said, NULL, 0) < 0)
    return errno = EPIPE, fails("the jail's keeper");
  errno = said.problem;
  return said.problem ? fails(said.what) : 0;
}

struct jail *jail_of(const char *policy, char *what, size_t size) {
  struct jail *jail = NULL;
  int bad = 0;
  for (int i = 0; i < MOST_JAILS; i++)
    if (jails[i].policy && strcmp(jails[i].policy, policy) == 0) jail = &jails[i];
  for (int tries = 0; tries < 2; tries++) {
    if (!jail) {
      jail = &jails[next_jail];
      next_jail = (next_jail + 1) % MOST_JAILS;
      if (jail->policy) end_jail(jail);
      bad = begin_jail(jail, policy);
    }
    bad = bad || (jail->line < 0 && ask_for_first(jail)) || await_first(jail);
    if (!bad) return jail;
    int number = errno;
    end_jail(jail);
    jail = NULL, errno = number, bad = 0;
  }
  snprintf(what, size, "%s", what_failed());
  return NULL;
}

pid_t jail_pid(const struct jail *jail) { return jail->first; }

int jail_line(const struct jail *jail) { return jail->line; }

static size_t add_word(char *to, const char *word) {
  size_t size = strlen(word) + 1;
  if (to) memcpy(to, word, size);
  return size;
}

/* Folder, own folder, arguments and environment, one after the other; where `to` is NULL only the
 * size is told. */
static size_t write_words(const struct inmate *inmate, char *to, struct order *order) {
  size_t size = add_word(to, inmate->folder);
  size += add_word(to ? to + size : NULL, inmate->own);
  order->arguments = order->variables = 0;
  for (char *const *word = inmate->argv; *word; word++, order->arguments++)
    size += add_word(to ? to + size : NULL, *word);
  for (char *const *word = inmate->env; *word; word++, order->variables++)
    size += add_word(to ? to + size : NULL, *word);
  return size;
}

static int send_all(int to, const char *data, size_t size) {
  while (size > 0) {
    ssize_t sent = send(to, data, size, MSG_NOSIGNAL);
    if (sent < 0 && errno != EINTR) return -1;
    if (sent > 0) data += sent, size -= (size_t)sent;
  }
  return 0;
}

int jail_start(struct jail *jail, const struct inmate *inmate) {
  enum { AT_ONCE = 65536 };
  struct order order = {.cpus = inmate->cpus, .max_file_bytes = inmate->max_file_bytes};
  order.pinned = inmate->pinned, order.fds = inmate->fd_count;
  order.bytes = (uint32_t)write_words(inmate, NULL, &order);
  size_t size = sizeof order + order.bytes, first = size < AT_ONCE ? size : AT_ONCE;
  char *whole = malloc(size);
  if (!whole) return -1;
  memcpy(whole, &order, sizeof order);
  write_words(inmate, whole + sizeof order, &order);
  int bad = send_with(jail->line, whole, first, inmate->fds, inmate->fd_count) ||
            send_all(jail->line, whole + first, size - first);
  free(whole);
  return bad ? -1 : 0;
}

int jail_hear(struct jail *jail, void *said, size_t size, int *fd) {
  int got = -1, count = receive_with(jail->line, said, size, &got, 1);
  if (count < 1) got = -1;
  if (fd)
    *fd = got;
  else if (got >= 0)
    close(got);
  return count < 0 ? -1 : 0;
}

void jail_over(struct jail *jail, int soiled) { jail->used = soiled ? 2 : 1; }

/* The process that has served is waited for, while the keeper makes the next one: with it end its
 * namespaces and what was in memory. */
static int renew(struct jail *jail) {
  int served = jail->first, soiled = jail->used > 1;
  close(jail->line);
  jail->line = -1, jail->first = 0, jail->used = 0;
  int bad = soiled || ask_for_first(jail);
  reap(served);
  return bad ? -1 : 0;
}

void jails_end(void) {
  for (int i = 0; i < MOST_JAILS; i++)
    if (jails[i].policy) end_jail(&jails[i]);
}

void jail_make_ready(void) {
  for (struct jail *jail = jails; jail < jails + MOST_JAILS; jail++) {
    if (jail->used && (renew(jail) || await_first(jail))) end_jail(jail);
  }
}
