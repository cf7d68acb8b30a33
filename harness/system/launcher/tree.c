/* The processes below this one, as the kernel tells of them in /proc. */
#define _GNU_SOURCE
#include "jail_parts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Of who is left by a program that has ended, where some are stopped: how long is waited between two
 * questions whether one has ended, how many of them there are between two looks at all, and how many
 * looks must find all of them stopped. */
enum { QUESTION_NS = 1000000, QUESTIONS = 100, LOOKS = 10 };

struct process {
  pid_t pid, parent;
  char state;
};

/* -1 where it is gone. */
static int look_up(pid_t pid, struct process *found) {
  char path[64], text[512];
  snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  ssize_t length = read(fd, text, sizeof text - 1);
  close(fd);
  if (length <= 0) return -1;
  text[length] = 0;
  char *end = strrchr(text, ')'); /* the name before it may hold anything */
  found->pid = pid;
  return end && sscanf(end + 1, " %c %d", &found->state, &found->parent) == 2 ? 0 : -1;
}

/* The next process of all that there are, us and the first one left out; 0 after the last. */
static int next_process(DIR *proc, struct process *found) {
  for (struct dirent *entry; (entry = readdir(proc));) {
    pid_t pid = atoi(entry->d_name);
    if (pid > 1 && pid != getpid() && look_up(pid, found) == 0) return 1;
  }
  return 0;
}

static int is_below_us(const struct process *which) {
  struct process above = *which;
  while (above.parent > 1 && above.parent != getpid())
    if (look_up(above.parent, &above)) return 0;
  return above.parent == getpid();
}

int kill_children(void) {
  int found = 0;
  struct process each;
  DIR *proc = opendir("/proc");
  while (proc && next_process(proc, &each)) {
    if (each.parent != getpid()) continue;
    kill(each.pid, SIGKILL);
    found++;
  }
  if (proc) closedir(proc);
  return found;
}

/* How many are left below us that are stopped, and that are not. */
static void count_below(int *stopped, int *others) {
  struct process each;
  DIR *proc = opendir("/proc");
  *stopped = *others = 0;
  while (proc && next_process(proc, &each)) {
    if (each.state == 'Z' || each.state == 'X' || !is_below_us(&each)) continue;
    if (each.state == 'T')
      ++*stopped;
    else
      ++*others;
  }
  if (proc) closedir(proc);
}

int begin_stillness(struct stillness *still) {
  int stopped, others;
  count_below(&stopped, &others);
  *still = (struct stillness){.watched = stopped > 0};
  return still->watched;
}

/* Who stops all that is on a machine, such as a scheduler, lets it go on in some order: hence many
 * looks. */
int is_still(struct stillness *still) {
  const struct timespec moment = {0, QUESTION_NS};
  int stopped, others;
  nanosleep(&moment, NULL);
  if (++still->questions % QUESTIONS) return 0;
  count_below(&stopped, &others);
  still->looks = stopped > 0 && others == 0 ? still->looks + 1 : 0;
  return still->looks >= LOOKS;
}
