/* A jail without namespaces: which of the machine's own files may be opened. */
#define _GNU_SOURCE
#include "jail_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

struct landlock_rules {
  uint64_t files, network, scopes;
};

struct __attribute__((packed)) landlock_path {
  uint64_t allowed;
  int32_t folder;
};

static long landlock_create(const struct landlock_rules *rules, size_t size, unsigned flags) {
  return syscall(444, rules, size, flags);
}

static long landlock_add_path(int rules, const struct landlock_path *path) {
  return syscall(445, rules, 1, path, 0);
}

static long landlock_restrict(int rules) { return syscall(446, rules, 0); }

enum { MAY_EXECUTE = 1, MAY_WRITE = 2, MAY_READ = 4, MAY_LIST = 8 };

int landlock_version(void) {
  return (int)landlock_create(NULL, 0, 1 /* LANDLOCK_CREATE_RULESET_VERSION */);
}

/* All that this kernel's Landlock can forbid of files. */
static uint64_t all_of_files(int version) {
  int bits = version < 2 ? 13 : version < 3 ? 14 : version < 5 ? 15 : 16;
  return (1ULL << bits) - 1;
}

static int allow(int rules, const char *path, uint64_t allowed) {
  const uint64_t of_files = MAY_EXECUTE | MAY_WRITE | MAY_READ | 1 << 14 | 1 << 15;
  struct stat there;
  struct landlock_path rule = {allowed, open(path, O_PATH | O_CLOEXEC)};
  if (rule.folder < 0) return errno == ENOENT || errno == EACCES ? 0 : -1;
  int bad = fstat(rule.folder, &there);
  if (!bad && !S_ISDIR(there.st_mode)) rule.allowed &= of_files;
  bad = bad || landlock_add_path(rules, &rule);
  close(rule.folder);
  return bad ? -1 : 0;
}

static int make_rules(const char *policy, const char *own) {
  int version = landlock_version();
  if (version < 1) return fails("Landlock");
  const uint64_t all = all_of_files(version), reading = MAY_EXECUTE | MAY_READ | MAY_LIST;
  struct landlock_rules wanted = {.files = all};
  size_t size = 8;
  if (version >= 4 && !has_network(policy)) wanted.network = 3, size = 16;
  if (version >= 6) wanted.scopes = 3, size = sizeof wanted; /* abstract sockets, signals */
  int low = (int)landlock_create(&wanted, size, 0), more;
  if (low < 0) return fails("Landlock");
  int rules = fcntl(low, F_DUPFD_CLOEXEC, FIRST_FD + 10);
  close(low);
  struct line line;
  const char *at = after_level(policy);
  int bad = own[0] && allow(rules, own, all);
  while (!bad && (more = next_line(&at, &line)) != 0)
    bad = more < 0 || (line.word == WRITE && allow(rules, line.path, all)) ||
          (line.word == DEVICE && allow(rules, line.path, (reading | MAY_WRITE | 1 << 15) & all)) ||
          ((line.word == READ || line.word == COPY) && allow(rules, line.path, reading));
  bad = bad || allow(rules, "/proc", MAY_READ | MAY_LIST);
  if (!bad) return rules;
  fails("the rules of Landlock");
  close(rules);
  return -1;
}

struct rules {
  char *policy, *own;
  int fd;
};

static void forget_rules(struct rules *rules) {
  if (rules->policy && rules->fd >= 0) close(rules->fd);
  free(rules->policy), free(rules->own);
  *rules = (struct rules){NULL, NULL, -1};
}

int rules_fd(const char *policy, const char *own) {
  static struct rules known[MOST_JAILS];
  static int next;
  for (struct rules *one = known; one < known + MOST_JAILS; one++)
    if (one->policy && strcmp(one->policy, policy) == 0 && strcmp(one->own, own) == 0)
      return one->fd;
  struct rules *place = &known[next];
  next = (next + 1) % MOST_JAILS;
  forget_rules(place);
  *place = (struct rules){strdup(policy), strdup(own), make_rules(policy, own)};
  if (place->policy && place->own && place->fd >= 0) return place->fd;
  int number = errno;
  forget_rules(place);
  errno = number;
  return -1;
}

int obey_rules(const char *policy, int rules, int pinned) {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) return -1;
  if (landlock_restrict(rules)) return fails("Landlock");
  if (geteuid() == 0) { /* root is left its files, and nothing else */
    for (int c = 0; prctl(PR_CAPBSET_DROP, c) == 0; c++) continue;
    drop_power();
  }
  return filter_calls(1, 1, pinned, !has_counters(policy));
}
