/* The root of a jail: what of the machine's files is in it, and where. */
#define _GNU_SOURCE
#include "jail_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MOST_SHOWN = 64 };

static const char FRESH[] = "/tmp", HOME[] = "/tmp/home", OWN[] = "/trial";

struct mount_attributes {
  uint64_t set, clear, propagation, userns;
};

enum { SET_READ_ONLY = 1, SET_NO_SUID = 2, SET_NO_DEVICES = 4, RECURSIVELY = 0x8000 };

static int set_mount(const char *path, uint64_t set, unsigned flags) {
  struct mount_attributes attributes = {.set = set};
  return (int)syscall(442 /* mount_setattr */, AT_FDCWD, path, flags, &attributes, sizeof attributes);
}

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
    /* Read-only is the node and not the device: its times and its mode would be a memory. */
    case DEVICE: return show(from, at, SET_NO_SUID | SET_READ_ONLY);
    case COPY: return copy_file(from, at);
    case LINK: return make_folders(at, 0) || (symlink(line->to, at) && errno != EEXIST) ? -1 : 0;
    case HIDE: return sealing ? seal(at) : hide(at);
    case SCRATCH: return show(from, own, safe);
    default: return 0;
  }
}

/* The kernel lets a fresh /proc be mounted only where one is seen in full already, so that of the
 * machine lies below each jail's own. */
int make_root(const char *policy) {
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

int freshen(void) {
  const unsigned long safe = MS_NOSUID | MS_NODEV;
  if (mount("proc", "/proc", "proc", safe | MS_RDONLY | MS_NOEXEC, NULL)) return fails("/proc");
  if (mount("tmpfs", FRESH, "tmpfs", safe, "mode=1777")) return fails(FRESH);
  if (mkdir(HOME, 0700)) return fails(HOME);
  for (int i = 0; i < shown_count; i++)
    if (show_again(shown_in_fresh[i])) return fails(shown_in_fresh[i]);
  return 0;
}

/* It covers the folder of all trials. */
int enter_own(const char *own) {
  char path[4200];
  if (!own[0]) return 0;
  snprintf(path, sizeof path, "%s/%s", OWN, own);
  return mount(path, OWN, NULL, MS_BIND, NULL) ? fails(own) : 0;
}
