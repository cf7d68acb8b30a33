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
 *
 * What can be done once is done once: a keeper, one for each policy, has the namespaces and the root,
 * and for each execution makes the first process of a jail, which adds what must be fresh: process
 * and IPC namespaces, /proc, and one file system in memory at /tmp, to which /var/tmp, /dev/shm and
 * HOME lead. That process is made ready while nobody is timed; see docs/security.md for the costs.
 */
#define _GNU_SOURCE
#include "jail.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/perf_event.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST_JAILS = 32, MOST_SHOWN = 64, FIRST_FD = 10, MOST_COUNTERS = 16384 };

static const char NAMESPACES[] = "namespaces\n", LANDLOCK[] = "landlock\n";
static const char FRESH[] = "/tmp", HOME[] = "/tmp/home", OWN[] = "/trial";

/* What failed, for whoever reports it; returns -1. */
static char failed[100];

static int fails(const char *what) {
  int number = errno;
  snprintf(failed, sizeof failed, "%s", what);
  errno = number;
  return -1;
}

static int64_t clock_ns(clockid_t clock) {
  struct timespec t;
  return clock_gettime(clock, &t) ? 0 : (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void add_usage(struct usage *sum, const struct rusage *u) {
  sum->user_ns += (int64_t)u->ru_utime.tv_sec * 1000000000 + (int64_t)u->ru_utime.tv_usec * 1000;
  sum->sys_ns += (int64_t)u->ru_stime.tv_sec * 1000000000 + (int64_t)u->ru_stime.tv_usec * 1000;
  if ((int64_t)u->ru_maxrss * 1024 > sum->max_rss_bytes)
    sum->max_rss_bytes = (int64_t)u->ru_maxrss * 1024;
  sum->minor_faults += u->ru_minflt;
  sum->major_faults += u->ru_majflt;
  sum->voluntary += u->ru_nvcsw;
  sum->involuntary += u->ru_nivcsw;
}

/* ---- what the system's older headers do not know ---------------------------------------------- */

struct mount_attributes {
  uint64_t set, clear, propagation, userns;
};

enum { SET_READ_ONLY = 1, SET_NO_SUID = 2, SET_NO_DEVICES = 4, RECURSIVELY = 0x8000 };

static int set_mount(const char *path, uint64_t set, unsigned flags) {
  struct mount_attributes attributes = {.set = set};
  return (int)syscall(442 /* mount_setattr */, AT_FDCWD, path, flags, &attributes, sizeof attributes);
}

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

/* ---- reading a policy ------------------------------------------------------------------------- */

enum word { READ, WRITE, DEVICE, COPY, LINK, HIDE, SCRATCH, NETWORK, WORDS };
static const char *const words[WORDS] = {"read", "write", "device", "copy",
                                         "link", "hide",  "scratch", "network"};

struct line {
  enum word word;
  char path[4096], to[4096];
};

/* The next line of a policy; 0 at its end, -1 where it makes no sense. */
static int next_line(const char **at, struct line *line) {
  if (!**at) return 0;
  size_t length = strcspn(*at, "\n");
  char text[2 * 4096 + 16];
  if (length >= sizeof text) return errno = ENAMETOOLONG, fails("the policy");
  memcpy(text, *at, length);
  text[length] = 0;
  *at += length + ((*at)[length] == '\n');
  char *path = strchr(text, '\t'), *to = NULL;
  if (path) *path++ = 0, to = strchr(path, '\t');
  if (to) *to++ = 0;
  for (line->word = 0; line->word < WORDS; line->word++)
    if (strcmp(text, words[line->word]) == 0) break;
  int known = line->word < WORDS && (line->word == NETWORK || (path && path[0] == '/'));
  if (!known || (line->word == LINK && !to)) return errno = EINVAL, fails("the policy");
  int cut = snprintf(line->path, sizeof line->path, "%s", path ? path : "") >= (int)sizeof line->path;
  cut |= snprintf(line->to, sizeof line->to, "%s", to ? to : "") >= (int)sizeof line->to;
  return cut ? (errno = ENAMETOOLONG, fails("the policy")) : 1;
}

static int has_network(const char *policy) { return strstr(policy, "\nnetwork\n") != NULL; }

static const char *after_level(const char *policy) { return strchr(policy, '\n') + 1; }

/* ---- the new root ----------------------------------------------------------------------------- */

/* Make the folders of a path below the new root, or those above it alone. */
static int make_folders(char *path, int itself) {
  for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
    *slash = 0;
    int made = mkdir(path, 0755);
    *slash = '/';
    if (made && errno != EEXIST) return -1;
  }
  return itself && mkdir(path, 0755) && errno != EEXIST ? -1 : 0;
}

static int make_file(const char *path) {
  int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
  if (fd < 0) return errno == EEXIST || errno == EROFS || errno == EISDIR ? 0 : -1;
  return close(fd);
}

/* Have a place for a file or folder of that kind in the new root; what is there already will do. */
static int make_place(char *path, int folder) {
  struct stat there;
  if (lstat(path, &there) == 0) return 0;
  return make_folders(path, folder) || (!folder && make_file(path)) ? -1 : 0;
}

/* Show a part of the old root in the new one; what is not there is not shown. */
static int show(const char *from, char *at, uint64_t set) {
  struct stat there;
  if (lstat(from, &there)) return errno == ENOENT || errno == ENOTDIR || errno == EACCES ? 0 : -1;
  if (make_place(at, S_ISDIR(there.st_mode))) return -1;
  if (mount(from, at, NULL, MS_BIND | MS_REC, NULL)) return -1;
  return set_mount(at, set, RECURSIVELY);
}

static int copy_file(const char *from, char *at) {
  int in = open(from, O_RDONLY | O_CLOEXEC), out = -1, bad = 0;
  if (in < 0) return errno == ENOENT || errno == EACCES ? 0 : -1;
  bad = make_folders(at, 0) || (out = open(at, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)) < 0;
  char bytes[16384];
  for (ssize_t got; !bad && (got = read(in, bytes, sizeof bytes)) != 0;)
    bad = got < 0 || write(out, bytes, (size_t)got) != got;
  close(in);
  if (out >= 0) close(out);
  return bad ? -1 : 0;
}

/* Cover a place with nothing: an empty file, or an empty folder, in which later lines may show
 * something; `seal` has it never change again. */
static int hide(char *at) {
  struct stat there;
  if (lstat(at, &there)) return errno == ENOENT || errno == ENOTDIR ? 0 : -1;
  if (S_ISLNK(there.st_mode)) return 0; /* where it leads is hidden, or is not there */
  if (S_ISDIR(there.st_mode))
    return mount("tmpfs", at, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=1m");
  return mount("/new/.empty", at, NULL, MS_BIND, NULL);
}

static int seal(const char *at) {
  struct stat there;
  if (lstat(at, &there) || S_ISLNK(there.st_mode)) return 0;
  return set_mount(at, SET_READ_ONLY | SET_NO_SUID | SET_NO_DEVICES, 0);
}

/* What is shown below a folder that every execution finds empty lies elsewhere, and is shown at its
 * place once that folder is there. */
static const char ASIDE[] = "/.aside";
static const char *const fresh_folders[] = {"/tmp", "/var/tmp", "/dev/shm"};
static char *shown_in_fresh[MOST_SHOWN];
static int shown_count;

/* The part of a path behind such a folder; NULL where it is not below one. */
static const char *within_fresh(const char *path) {
  for (size_t i = 0; i < sizeof fresh_folders / sizeof *fresh_folders; i++) {
    size_t length = strlen(fresh_folders[i]);
    if (strncmp(path, fresh_folders[i], length) == 0 && path[length] == '/') return path + length;
  }
  return NULL;
}

static int is_below(const char *path, const char *folder) {
  size_t length = strlen(folder);
  return strncmp(path, folder, length) == 0 && (path[length] == '/' || !path[length]);
}

static int remember(const char *path) {
  for (int i = 0; i < shown_count; i++)
    if (is_below(path, shown_in_fresh[i])) return 0;
  if (shown_count == MOST_SHOWN) return errno = E2BIG, -1;
  shown_in_fresh[shown_count] = strdup(path);
  return shown_in_fresh[shown_count++] ? 0 : -1;
}

static int show_again(const char *path) {
  static char from[4200], at[4200];
  struct stat there;
  snprintf(from, sizeof from, "%s%s", ASIDE, path);
  snprintf(at, sizeof at, "%s%s", FRESH, within_fresh(path));
  if (lstat(from, &there)) return errno == ENOENT ? 0 : -1;
  if (make_place(at, S_ISDIR(there.st_mode))) return -1;
  return mount(from, at, NULL, MS_BIND | MS_REC, NULL);
}

static int obey_line(const struct line *line, int sealing) {
  static char from[4200], at[4200], own[4200];
  const uint64_t safe = SET_NO_SUID | SET_NO_DEVICES;
  snprintf(from, sizeof from, "/old%s", line->path);
  int fresh = within_fresh(line->path) != NULL;
  snprintf(at, sizeof at, "/new%s%s", fresh ? ASIDE : "", line->path);
  snprintf(own, sizeof own, "/new%s", OWN);
  if (fresh && line->word <= LINK && remember(line->path)) return -1;
  switch (line->word) {
    case READ: return show(from, at, safe | SET_READ_ONLY);
    case WRITE: return show(from, at, safe);
    case DEVICE: return show(from, at, SET_NO_SUID);
    case COPY: return copy_file(from, at);
    case LINK: return make_folders(at, 0) || (symlink(line->to, at) && errno != EEXIST) ? -1 : 0;
    case HIDE: return sealing ? seal(at) : hide(at);
    case SCRATCH: return show(from, own, safe);
    default: return 0;
  }
}

/* Have a root of our own, as the policy says. The kernel lets a fresh /proc be mounted only where
 * one is seen in full already, so that of the machine lies below each jail's own. */
static int make_root(const char *policy) {
  if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL)) return fails("private mounts");
  if (mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755")) return fails("tmpfs");
  if (chdir("/tmp") || mkdir("new", 0755) || mkdir("old", 0755)) return fails("the new root");
  if (mount("new", "new", NULL, MS_BIND, NULL)) return fails("the new root");
  if (syscall(SYS_pivot_root, ".", "old") || chdir("/")) return fails("pivot_root");
  if (mkdir("/new/proc", 0555) || mkdir("/new/tmp", 0755) || make_file("/new/.empty"))
    return fails("the new root");
  if (mount("/old/proc", "/new/proc", NULL, MS_BIND | MS_REC, NULL)) return fails("/proc");
  for (int sealing = 0; sealing < 2; sealing++) {
    struct line line;
    const char *at = after_level(policy);
    int more;
    while ((more = next_line(&at, &line)) > 0)
      if ((!sealing || line.word == HIDE) && obey_line(&line, sealing)) return fails(line.path);
    if (more < 0) return -1;
  }
  if (umount2("/old", MNT_DETACH) || chdir("/new")) return fails("the old root");
  if (syscall(SYS_pivot_root, ".", ".") || umount2(".", MNT_DETACH) || chdir("/"))
    return fails("pivot_root");
  return set_mount("/", SET_READ_ONLY, 0) ? fails("a read-only root") : 0;
}

/* ---- namespaces ------------------------------------------------------------------------------- */

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

/* Leave the machine's namespaces for those that last as long as the keeper. */
static int leave(const char *policy) {
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

/* What an execution finds fresh; in its own namespaces. */
static int freshen(void) {
  const unsigned long safe = MS_NOSUID | MS_NODEV;
  if (mount("proc", "/proc", "proc", safe | MS_RDONLY | MS_NOEXEC, NULL)) return fails("/proc");
  if (mount("tmpfs", FRESH, "tmpfs", safe, "mode=1777")) return fails(FRESH);
  if (mkdir(HOME, 0700)) return fails(HOME);
  for (int i = 0; i < shown_count; i++)
    if (show_again(shown_in_fresh[i])) return fails(shown_in_fresh[i]);
  return 0;
}

static int drop_power(void) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct none[2] = {{0, 0, 0}, {0, 0, 0}};
  return syscall(SYS_capset, &header, none) ? fails("capset") : 0;
}

static pid_t make_first(unsigned long more) {
  const unsigned long own = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC;
  return (pid_t)syscall(SYS_clone, own | more | SIGCHLD, NULL, NULL, NULL, NULL);
}

/* What the kernel counts in this network namespace, from files that the keeper opens once. */
struct counters {
  int files[2];
  size_t length;
  char text[MOST_COUNTERS];
};

static void read_counters(struct counters *c) {
  c->length = 0;
  for (int i = 0; i < 2; i++)
    for (ssize_t got, at = 0; c->length < sizeof c->text; at += got) {
      got = pread(c->files[i], c->text + c->length, sizeof c->text - c->length, at);
      if (got <= 0) break;
      c->length += (size_t)got;
    }
}

static void open_counters(struct counters *c) {
  static const char *const files[2] = {"/proc/net/snmp", "/proc/net/snmp6"};
  for (int i = 0; i < 2; i++) c->files[i] = open(files[i], O_RDONLY | O_CLOEXEC);
  read_counters(c);
}

static int are_other(const struct counters *before, struct counters *now) {
  memcpy(now->files, before->files, sizeof now->files);
  read_counters(now);
  return now->length != before->length || memcmp(now->text, before->text, now->length) != 0;
}

/* ---- system calls ----------------------------------------------------------------------------- */

#if defined(__x86_64__)
#define OUR_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OUR_ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv)
#define OUR_ARCH AUDIT_ARCH_RISCV64
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
#define OUR_ARCH AUDIT_ARCH_PPC64LE
#else
#define OUR_ARCH 0
#endif

enum who { ALWAYS, WITHOUT_NAMESPACES, WHERE_PINNED };

/* A call that is answered with `error`, 0 meaning as if it were done: always, or where one of its
 * arguments is among the values, or (`others`) is not, or has one of the bits of `flags`. */
struct refusal {
  int call, error;
  enum who who;
  int argument, values[4], count, others;
  unsigned flags;
};

#define ALL_NAMESPACES                                                                          \
  (CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS |     \
   CLONE_NEWCGROUP)
#define REFUSED(call) {call, EPERM, ALWAYS, 0, {0}, 0, 0, 0}
#define NOT_OWN(call) {call, EPERM, WITHOUT_NAMESPACES, 0, {0}, 0, 0, 0}

/* What reaches other processes, what outlives a trial, and what is a way around this filter. With
 * namespaces each execution has its own mounts, of which it may change nothing without power, and
 * System V objects; without them these are refused as well. */
static struct refusal refusals[] = {
    REFUSED(SYS_ptrace), REFUSED(SYS_process_vm_readv), REFUSED(SYS_process_vm_writev),
    REFUSED(SYS_kcmp), REFUSED(438 /* pidfd_getfd */), REFUSED(SYS_keyctl), REFUSED(SYS_add_key),
    REFUSED(SYS_request_key), REFUSED(SYS_bpf), REFUSED(SYS_userfaultfd),
    REFUSED(SYS_perf_event_open), REFUSED(SYS_kexec_load), REFUSED(SYS_init_module),
    REFUSED(SYS_finit_module), REFUSED(SYS_delete_module), REFUSED(SYS_reboot),
    REFUSED(SYS_swapon), REFUSED(SYS_swapoff), REFUSED(SYS_acct), REFUSED(SYS_syslog),
    REFUSED(SYS_quotactl), REFUSED(SYS_open_by_handle_at), REFUSED(SYS_fanotify_init),
    REFUSED(425 /* io_uring_setup */), REFUSED(426), REFUSED(427),
    REFUSED(440 /* process_madvise */), REFUSED(448 /* process_mrelease */),
    NOT_OWN(SYS_mount), NOT_OWN(SYS_umount2), NOT_OWN(SYS_pivot_root), NOT_OWN(SYS_chroot),
    NOT_OWN(SYS_unshare), NOT_OWN(SYS_setns), NOT_OWN(428 /* open_tree */), NOT_OWN(429),
    NOT_OWN(430), NOT_OWN(431), NOT_OWN(432), NOT_OWN(433), NOT_OWN(442 /* mount_setattr */),
    NOT_OWN(SYS_shmget), NOT_OWN(SYS_shmat), NOT_OWN(SYS_shmctl), NOT_OWN(SYS_msgget),
    NOT_OWN(SYS_msgsnd), NOT_OWN(SYS_msgrcv), NOT_OWN(SYS_msgctl), NOT_OWN(SYS_semget),
    NOT_OWN(SYS_semop), NOT_OWN(SYS_semctl), NOT_OWN(SYS_semtimedop), NOT_OWN(SYS_mq_open),
    NOT_OWN(SYS_mq_unlink),
    {435 /* clone3, whose flags a filter cannot see */, ENOSYS, WITHOUT_NAMESPACES, 0, {0}, 0, 0, 0},
    {SYS_clone, EPERM, WITHOUT_NAMESPACES, 0, {0}, 0, 0, ALL_NAMESPACES},
    {SYS_sched_setaffinity, EPERM, WHERE_PINNED, 0, {0}, 0, 0, 0},
    {SYS_socket, EAFNOSUPPORT, ALWAYS, 0, {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK}, 4, 1, 0},
    /* Others' pages in the cache: what one side evicts, the other one reads from the disk. */
    {SYS_fadvise64, 0, ALWAYS, 3, {POSIX_FADV_DONTNEED}, 1, 0, 0},
    {SYS_madvise, 0, ALWAYS, 2, {20 /* MADV_COLD */, 21 /* MADV_PAGEOUT */}, 2, 0, 0},
};

struct filter {
  struct sock_filter steps[512];
  unsigned short length;
};

static void step(struct filter *f, unsigned code, unsigned value, unsigned yes, unsigned no) {
  f->steps[f->length++] =
      (struct sock_filter){(unsigned short)code, (unsigned char)yes, (unsigned char)no, value};
}

static void load(struct filter *f, size_t offset) {
  step(f, BPF_LD | BPF_W | BPF_ABS, (unsigned)offset, 0, 0);
}

static void answer(struct filter *f, unsigned with) { step(f, BPF_RET | BPF_K, with, 0, 0); }

/* What is done about one call, once the filter knows that it is no other one that it refuses. */
static void decide(struct filter *f, const struct refusal *r) {
  const unsigned no = SECCOMP_RET_ERRNO | (unsigned)r->error, compare = BPF_JMP | BPF_JEQ | BPF_K;
  unsigned count = (unsigned)r->count;
  if (!count && !r->flags) {
    step(f, compare, (unsigned)r->call, 0, 1);
    answer(f, no);
    answer(f, SECCOMP_RET_ALLOW);
    return;
  }
  step(f, compare, (unsigned)r->call, 1, 0);
  answer(f, SECCOMP_RET_ALLOW);
  load(f, offsetof(struct seccomp_data, args) + 8 * (size_t)r->argument); /* its low half */
  if (r->flags) step(f, BPF_JMP | BPF_JSET | BPF_K, r->flags, 1, 0);
  for (unsigned i = 0; i < count; i++) step(f, compare, (unsigned)r->values[i], count - i, 0);
  answer(f, r->others ? no : SECCOMP_RET_ALLOW);
  answer(f, r->others ? SECCOMP_RET_ALLOW : no);
}

/* A search by halves: the kernel goes through the filter once for each call that there is, to know
 * those that are always allowed, and that is most of what a filter costs. */
static void search(struct filter *f, const struct refusal *list, int count) {
  if (count == 1) {
    decide(f, list);
    return;
  }
  unsigned short fork = f->length;
  step(f, BPF_JMP | BPF_JGE | BPF_K, (unsigned)list[count / 2].call, 0, 0);
  search(f, list, count / 2);
  f->steps[fork].jt = (unsigned char)(f->length - fork - 1);
  search(f, list + count / 2, count - count / 2);
}

static int by_call(const void *a, const void *b) {
  return ((const struct refusal *)a)->call - ((const struct refusal *)b)->call;
}

static int install(const struct filter *f) {
  struct sock_fprog program = {f->length, (struct sock_filter *)f->steps};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) return fails("no_new_privs");
  /* Without this flag older kernels slow every program that is filtered. */
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program) == 0)
    return 0;
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) ? fails("seccomp") : 0;
}

/* Refuse what one of these asks for from now on; 0, or -1. */
static int filter_calls(int always, int without_namespaces, int pinned) {
  enum { ALL = sizeof refusals / sizeof *refusals };
  static struct refusal wanted[ALL];
  static struct filter f;
  const int asked[] = {[ALWAYS] = always, [WITHOUT_NAMESPACES] = without_namespaces,
                       [WHERE_PINNED] = pinned};
  int count = 0;
  for (int i = 0; i < ALL; i++)
    if (asked[refusals[i].who]) wanted[count++] = refusals[i];
  if (!count) return 0;
  if (!OUR_ARCH) return errno = ENOSYS, fails("seccomp");
  qsort(wanted, (size_t)count, sizeof *wanted, by_call);
  f.length = 0;
  load(&f, offsetof(struct seccomp_data, arch));
  step(&f, BPF_JMP | BPF_JEQ | BPF_K, OUR_ARCH, 1, 0);
  answer(&f, SECCOMP_RET_ERRNO | ENOSYS);
  load(&f, offsetof(struct seccomp_data, nr));
#ifdef __x86_64__
  step(&f, BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1); /* the same calls by other numbers */
  answer(&f, SECCOMP_RET_ERRNO | ENOSYS);
#endif
  search(&f, wanted, count);
  return install(&f);
}

/* ---- Landlock --------------------------------------------------------------------------------- */

enum { MAY_EXECUTE = 1, MAY_WRITE = 2, MAY_READ = 4, MAY_LIST = 8 };

static int landlock_version(void) {
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

int obey_rules(int rules, int pinned) {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) return -1;
  if (landlock_restrict(rules)) return fails("Landlock");
  if (geteuid() == 0) { /* root is left its files, and nothing else */
    for (int c = 0; prctl(PR_CAPBSET_DROP, c) == 0; c++) continue;
    drop_power();
  }
  return filter_calls(1, 1, pinned);
}

/* ---- CPU time --------------------------------------------------------------------------------- */

int open_whole_cpu(void) {
  struct perf_event_attr attributes = {
      .type = PERF_TYPE_SOFTWARE, .size = sizeof attributes, .config = PERF_COUNT_SW_TASK_CLOCK};
  attributes.disabled = attributes.inherit = attributes.enable_on_exec = 1;
  attributes.exclude_kernel = attributes.exclude_hv = 1; /* asks for less; the clock runs on in it */
  int low = (int)syscall(SYS_perf_event_open, &attributes, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
  int fd = low < 0 ? -1 : fcntl(low, F_DUPFD_CLOEXEC, FIRST_FD + 10); /* 0 to 2 are for targets */
  if (low >= 0) close(low);
  return fd;
}

int64_t read_whole_cpu(int fd) {
  int64_t value = -1;
  return fd >= 0 && read(fd, &value, sizeof value) == sizeof value ? value : -1;
}

/* ---- what the launcher says to the first process of a jail ------------------------------------- */

struct order {
  cpu_set_t cpus;
  int64_t max_file_bytes;
  int32_t pinned, arguments, variables, fds;
  uint32_t bytes;
};

static int send_with(int to, const void *data, size_t size, const int *fds, int count) {
  union {
    struct cmsghdr header;
    char room[CMSG_SPACE(5 * sizeof(int))];
  } control = {0};
  struct iovec part = {(void *)data, size};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  if (count > 0) {
    message.msg_control = control.room;
    message.msg_controllen = CMSG_SPACE((size_t)count * sizeof(int));
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET, header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN((size_t)count * sizeof(int));
    memcpy(CMSG_DATA(header), fds, (size_t)count * sizeof(int));
  }
  for (;;) {
    ssize_t sent = sendmsg(to, &message, MSG_NOSIGNAL);
    if (sent == (ssize_t)size) return 0;
    if (sent >= 0 || errno != EINTR) return -1;
  }
}

/* So much, with what descriptors come along, moved to numbers from `first` on. */
static int receive_with(int from, void *data, size_t size, int *fds, int room) {
  union {
    struct cmsghdr header;
    char room[CMSG_SPACE(5 * sizeof(int))];
  } control;
  struct iovec part = {data, size};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  if (room > 0) message.msg_control = control.room, message.msg_controllen = sizeof control.room;
  ssize_t got;
  do got = recvmsg(from, &message, MSG_WAITALL | MSG_CMSG_CLOEXEC);
  while (got < 0 && errno == EINTR);
  if (got != (ssize_t)size) return -1;
  struct cmsghdr *header = room > 0 ? CMSG_FIRSTHDR(&message) : NULL;
  if (!header || header->cmsg_type != SCM_RIGHTS) return 0;
  int count = (int)((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
  memcpy(fds, CMSG_DATA(header), (size_t)(count < room ? count : room) * sizeof(int));
  return count;
}

/* ---- the first process of a jail -------------------------------------------------------------- */

static volatile sig_atomic_t stopping;

/* Told by the launcher, which is outside (so its number is 0 here), to end all that is in the jail.
 * Nobody inside can send the like: a signal of one's own making names another code. */
static void on_stop(int number, siginfo_t *info, void *context) {
  (void)number, (void)context;
  if (info->si_code != SI_USER || info->si_pid != 0) return;
  stopping = 1;
  kill(-1, SIGKILL);
}

static void heed_stop(void) {
  struct sigaction action = {.sa_sigaction = on_stop, .sa_flags = SA_SIGINFO};
  sigaction(SIGTERM, &action, NULL);
}

static void execute(char **argv, char **env) {
  if (strchr(argv[0], '/'))
    execve(argv[0], argv, env);
  else
    execvpe(argv[0], argv, env); /* a tool's name, which is looked for inside */
}

/* Start the program; the child shares our memory until it execs. -1, with errno, where it does not. */
static pid_t start_program(char **argv, char **env, int fds, int64_t max_file_bytes,
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

/* Wait until nobody is left; the clock runs until then. */
static void await_all(pid_t program, struct jail_end *end) {
  int over = 0;
  for (;;) {
    siginfo_t info = {0};
    struct rusage usage;
    clockid_t clock;
    int status;
    if (waitid(P_ALL, 0, &info, WEXITED | WNOWAIT | __WALL)) {
      if (errno == EINTR) continue;
      return;
    }
    end->ended_ns = clock_ns(CLOCK_MONOTONIC);
    if (info.si_pid == program && !over && clock_getcpuclockid(program, &clock) == 0)
      end->own_cpu_ns = clock_ns(clock);
    if (wait4(info.si_pid, &status, __WALL, &usage) < 0) continue;
    add_usage(&end->usage, &usage);
    if (info.si_pid == program && !over)
      end->status = status, over = 1;
    else
      end->left_behind += stopping && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
  }
}

static char **words_of(char **at, int count) {
  char **list = calloc((size_t)count + 1, sizeof *list);
  for (int i = 0; list && i < count; i++) list[i] = *at, *at += strlen(*at) + 1;
  return list;
}

/* Enter the folder of this trial alone: it covers that of all trials. */
static int enter_own(const char *own) {
  char path[4200];
  if (!own[0]) return 0;
  snprintf(path, sizeof path, "%s/%s", OWN, own);
  return mount(path, OWN, NULL, MS_BIND, NULL) ? fails(own) : 0;
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

static void tell(struct jail_start *start, int problem) {
  start->problem = problem ? errno : 0;
  if (problem) snprintf(start->what, sizeof start->what, "%.*s", (int)sizeof start->what - 1, failed);
}

/* What the keeper made before its first processes, which have it too. */
struct kept {
  int cpu; /* a clock of all that its children start */
  struct counters counters;
};

/* The life of a jail's first process: gets ready, starts one program, and ends with all of it. What
 * it says is `struct jail_start` and, unless that has a problem, `struct jail_end`: the first of
 * them at once where somebody waits for it, in steady mode. */
static void live(int line, const struct kept *kept) {
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
            drop_power() || filter_calls(0, 0, order.pinned);
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
  said.end.soiled = are_other(&kept->counters, &now);
  if (steady)
    send_with(line, &said.end, sizeof said.end, NULL, 0);
  else
    send_with(line, &said, sizeof said, NULL, 0);
  _exit(0);
}

/* ---- keepers ---------------------------------------------------------------------------------- */

struct jail {
  char *policy;
  pid_t keeper, first;
  int to_keeper, line;
  int announced; /* the first process has said that it is ready */
  int used;      /* it has served; 2: the keeper's network, too, is another's now */
};

static struct jail jails[MOST_JAILS];
static int next_jail;

/* A pair of sockets above 0 to 2, which are for targets. */
static int make_pair(int pair[2]) {
  int low[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, low)) return fails("socketpair");
  for (int i = 0; i < 2; i++) pair[i] = fcntl(low[i], F_DUPFD_CLOEXEC, FIRST_FD + 10);
  close(low[0]), close(low[1]);
  return pair[0] < 0 || pair[1] < 0 ? fails("socketpair") : 0;
}

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
  if (!bad) /* else these would have their errors told for those of `leave` */
    open_counters(&kept.counters), kept.cpu = open_whole_cpu();
  tell(&start, bad || filter_calls(1, 0, 0));
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
  snprintf(what, size, "%s", failed);
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

int jail_has_namespaces(const char *policy) {
  return strncmp(policy, NAMESPACES, strlen(NAMESPACES)) == 0;
}

void jail_make_ready(void) {
  for (struct jail *jail = jails; jail < jails + MOST_JAILS; jail++) {
    if (jail->used && (renew(jail) || await_first(jail))) end_jail(jail);
  }
}

/* ---- a jail for one program, called by hand as it were ----------------------------------------- */

static int complain(void) {
  fprintf(stderr, "the jail cannot be made: %s: %s\n", failed, strerror(errno));
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

static void live_for_one(char **argv, const char *folder, int out) {
  int64_t started;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  heed_stop();
  int bad = freshen() || (chdir(folder) && fails(folder)) || drop_power() || filter_calls(1, 0, 0);
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
    if (rules < 0 || obey_rules(rules, 0)) return complain();
    execute(argv + 1, environ);
    fails(argv[1]);
    return complain();
  }
  if (leave(policy) || (pipe2(out, O_CLOEXEC) && fails("pipe"))) return complain();
  pid_t first = make_first(0);
  if (first < 0) return fails("process, mount and IPC namespaces"), complain();
  if (first == 0) live_for_one(argv + 1, folder, out[1]);
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
  if (jail) end_jail(jail);
  fflush(stdout);
  int version = landlock_version(), rules = version > 0 ? rules_fd(LANDLOCK, "") : -1, status = 1;
  pid_t child = rules < 0 ? -1 : fork();
  if (child == 0) _exit(obey_rules(rules, 0) != 0);
  if (child > 0) waitpid(child, &status, 0);
  printf("landlock\t%s\n", rules < 0 ? strerror(errno) : status ? "seccomp is refused" : "");
  printf("version\t%d\n", version);
  int cpu = open_whole_cpu();
  printf("cpu\t%s\n", cpu < 0 ? strerror(errno) : "");
  return 0;
}
