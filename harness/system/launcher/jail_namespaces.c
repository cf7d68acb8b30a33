/* The namespaces of a jail: the user's, the network's, the processes'. */
#define _GNU_SOURCE
#include "jail_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static int write_text(const char *path, const char *text) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  ssize_t length = (ssize_t)strlen(text), written = write(fd, text, (size_t)length);
  close(fd);
  return written == length ? 0 : -1;
}

/* Be the same user as outside, with power over our own namespaces alone. */
static int become_ourselves(uid_t user, gid_t group) {
  char map[64];
  prctl(PR_SET_DUMPABLE, 1); /* else these files are not ours */
  int bad = write_text("/proc/self/setgroups", "deny") && errno != ENOENT;
  snprintf(map, sizeof map, "%u %u 1", (unsigned)user, (unsigned)user);
  bad = bad || write_text("/proc/self/uid_map", map);
  snprintf(map, sizeof map, "%u %u 1", (unsigned)group, (unsigned)group);
  bad = bad || write_text("/proc/self/gid_map", map);
  /* Nobody gets power over a namespace of his own. */
  bad = bad || write_text("/proc/sys/user/max_user_namespaces", "0");
  prctl(PR_SET_DUMPABLE, 0);
  return bad ? fails("the user namespace") : 0;
}

static void raise_loopback(void) {
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
  if (fd < 0) return;
  ioctl(fd, SIOCSIFFLAGS, &lo);
  close(fd);
}

int leave(const char *policy) {
  uid_t user = geteuid();
  gid_t group = getegid();
  int network = has_network(policy) ? 0 : CLONE_NEWNET;
  if (unshare(CLONE_NEWUSER)) return fails("user namespaces");
  if (become_ourselves(user, group)) return -1;
  if (unshare(CLONE_NEWNS | network)) return fails("mount and network namespaces");
  if (network) raise_loopback();
  if (make_root(policy)) return -1;
  for (int c = 0; prctl(PR_CAPBSET_DROP, c) == 0; c++) continue;
  return 0;
}

int drop_power(void) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct none[2] = {{0, 0, 0}, {0, 0, 0}};
  return syscall(SYS_capset, &header, none) ? fails("capset") : 0;
}

pid_t make_first(unsigned long more) {
  const unsigned long own = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC;
  return (pid_t)syscall(SYS_clone, own | more | SIGCHLD, NULL, NULL, NULL, NULL);
}

static void read_counters(struct counters *c) {
  c->length = 0;
  for (int i = 0; i < 2; i++)
    for (ssize_t got, at = 0; c->length < sizeof c->text; at += got) {
      got = pread(c->files[i], c->text + c->length, sizeof c->text - c->length, at);
      if (got <= 0) break;
      c->length += (size_t)got;
    }
}

void open_counters(struct counters *c) {
  static const char *const files[2] = {"/proc/net/snmp", "/proc/net/snmp6"};
  for (int i = 0; i < 2; i++) c->files[i] = open(files[i], O_RDONLY | O_CLOEXEC);
  read_counters(c);
}

int are_other(const struct counters *before, struct counters *now) {
  memcpy(now->files, before->files, sizeof now->files);
  read_counters(now);
  return now->length != before->length || memcmp(now->text, before->text, now->length) != 0;
}
