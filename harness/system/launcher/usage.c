/* What processes have used: clocks, and the counters of the kernel. */
#define _GNU_SOURCE
#include "jail_parts.h"

#include <fcntl.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int64_t clock_ns(clockid_t clock) {
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
