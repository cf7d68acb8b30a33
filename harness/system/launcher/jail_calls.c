/* The system calls that a jail refuses, by a seccomp filter. */
#define _GNU_SOURCE
#include "jail_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

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

enum who { ALWAYS, WITHOUT_NAMESPACES, WHERE_PINNED, WITHOUT_COUNTERS };

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
#define NO_ATTRIBUTES(call) {call, ENOTSUP, WITHOUT_NAMESPACES, 0, {0}, 0, 0, 0}
#define NOT_OWN(call) {call, EPERM, WITHOUT_NAMESPACES, 0, {0}, 0, 0, 0}

/* What reaches other processes, what outlives a trial, and what is a way around this filter. With
 * namespaces each execution has its own mounts, of which it may change nothing without power, and
 * System V objects; without them these are refused as well. */
static struct refusal refusals[] = {
    REFUSED(SYS_ptrace), REFUSED(SYS_process_vm_readv), REFUSED(SYS_process_vm_writev),
    REFUSED(SYS_kcmp), REFUSED(438 /* pidfd_getfd */), REFUSED(SYS_keyctl), REFUSED(SYS_add_key),
    REFUSED(SYS_request_key), REFUSED(SYS_bpf), REFUSED(SYS_userfaultfd),
    {SYS_perf_event_open, EPERM, WITHOUT_COUNTERS, 0, {0}, 0, 0, 0}, REFUSED(SYS_kexec_load), REFUSED(SYS_init_module),
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
    /* Landlock keeps nobody from these, which are a memory wherever a file can be named. */
    {SYS_utimensat, 0, WITHOUT_NAMESPACES, 0, {0}, 0, 0, 0}, NO_ATTRIBUTES(SYS_setxattr),
    NO_ATTRIBUTES(SYS_lsetxattr), NO_ATTRIBUTES(SYS_fsetxattr),
#ifdef SYS_utimes
    {SYS_utimes, 0, WITHOUT_NAMESPACES, 0, {0}, 0, 0, 0},
    {SYS_futimesat, 0, WITHOUT_NAMESPACES, 0, {0}, 0, 0, 0},
#endif
#ifdef SYS_utime
    {SYS_utime, 0, WITHOUT_NAMESPACES, 0, {0}, 0, 0, 0},
#endif
    {435 /* clone3, whose flags a filter cannot see */, ENOSYS, WITHOUT_NAMESPACES, 0, {0}, 0, 0, 0},
    {SYS_clone, EPERM, WITHOUT_NAMESPACES, 0, {0}, 0, 0, ALL_NAMESPACES},
    {SYS_sched_setaffinity, EPERM, WHERE_PINNED, 0, {0}, 0, 0, 0},
    {SYS_socket, EAFNOSUPPORT, ALWAYS, 0, {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK}, 4, 1, 0},
    /* Others' pages in the cache: what one side evicts, the other one reads from the disk. */
    {SYS_fadvise64, 0, ALWAYS, 3, {POSIX_FADV_DONTNEED}, 1, 0, 0},
    {SYS_madvise, 0, ALWAYS, 2, {20 /* MADV_COLD */, 21 /* MADV_PAGEOUT */}, 2, 0, 0},
};

enum { MOST_STEPS = 512, MOST_OF_ONE = 16 /* of what `decide` makes of one call */ };

struct filter {
  struct sock_filter steps[MOST_STEPS];
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
 * those that are always allowed, and that is most of what a filter costs. -1: it is too long. */
static int search(struct filter *f, const struct refusal *list, int count) {
  if (f->length + MOST_OF_ONE > MOST_STEPS) return -1;
  if (count == 1) {
    decide(f, list);
    return 0;
  }
  unsigned short fork = f->length;
  step(f, BPF_JMP | BPF_JGE | BPF_K, (unsigned)list[count / 2].call, 0, 0);
  if (search(f, list, count / 2)) return -1;
  const int across = f->length - fork - 1;
  if (across > 255) return -1; /* a jump says how far in one byte */
  f->steps[fork].jt = (unsigned char)across;
  return search(f, list + count / 2, count - count / 2);
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

int filter_calls(int always, int without_namespaces, int pinned, int uncounted) {
  enum { ALL = sizeof refusals / sizeof *refusals };
  static struct refusal wanted[ALL];
  static struct filter f;
  const int asked[] = {[ALWAYS] = always, [WITHOUT_NAMESPACES] = without_namespaces,
                       [WHERE_PINNED] = pinned, [WITHOUT_COUNTERS] = uncounted};
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
  if (search(&f, wanted, count)) return errno = E2BIG, fails("seccomp");
  return install(&f);
}
