/* What a program leaves in the folder of its trial, in the words of `touched` in protocol.py.
 *
 * The harness would look at seven names, which takes it 25 us and more, and us 5. It asks for this
 * where the folder is in tmpfs: there the size of a folder says how many entries it has.
 */
#define _GNU_SOURCE
#include "scratch.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "protocol.h"

enum { EMPTY_BYTES = 40, ENTRY_BYTES = 20, ENTRIES = 6 };
enum { FILES = 3 };

/* The folder of the latest job, which most often is that of the next one. */
static char held_path[PATH_MAX];
static int held = -1;
static struct stat folder;

/* The files that a program writes for the harness, and their inodes; 0: to be asked for anew. */
static const struct {
  const char *name;
  int bit;
} files[FILES] = {{"stdout", TOUCHED_STDOUT}, {"stderr", TOUCHED_STDERR}, {"phases", TOUCHED_PHASES}};
static ino_t inodes[FILES];

static int look_at(const char *name, struct stat *facts) {
  return fstatat(held, name, facts, AT_SYMLINK_NOFOLLOW);
}

static void let_go(void) {
  if (held >= 0) close(held);
  held = -1;
  memset(inodes, 0, sizeof inodes);
}

/* Before a program runs: remember which folder this is, and which files are in it. */
void hold_scratch(const char *path) {
  struct stat facts;
  if (held < 0 || strcmp(path, held_path) != 0) {
    let_go();
    if (strlen(path) >= sizeof held_path) return;
    strcpy(held_path, path);
    held = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (held >= 0 && fstat(held, &folder)) let_go();
  }
  for (int i = 0; held >= 0 && i < FILES; i++)
    if (!inodes[i]) inodes[i] = look_at(files[i].name, &facts) == 0 ? facts.st_ino : 0;
}

static int is_empty_folder(const char *name) {
  struct stat facts;
  return look_at(name, &facts) == 0 && facts.st_mode == (S_IFDIR | S_IRWXU) &&
         facts.st_size == EMPTY_BYTES;
}

static int is_fresh(const struct stat *file) {
  return file->st_mode == (S_IFREG | S_IRUSR | S_IWUSR) && file->st_size == 0 && file->st_nlink == 1;
}

/* Are there our folders and files and nothing else, and what nobody writes to for us as we made it? */
static int is_ours(void) {
  struct stat there, input;
  return lstat(held_path, &there) == 0 && there.st_ino == folder.st_ino &&
         there.st_dev == folder.st_dev && there.st_size == EMPTY_BYTES + ENTRIES * ENTRY_BYTES &&
         is_empty_folder("work") && is_empty_folder("tmp") && look_at("stdin", &input) == 0 &&
         is_fresh(&input);
}

/* The harness makes a touched file anew. */
static int touched_file(int i) {
  struct stat file;
  int same = look_at(files[i].name, &file) == 0 && file.st_ino == inodes[i];
  if (same && is_fresh(&file)) return 0;
  inodes[i] = 0;
  return same && S_ISREG(file.st_mode) ? files[i].bit : TOUCHED_MORE;
}

/* To be asked once nobody is left who could write there; UNKNOWN where no such folder is held. */
int64_t touched_in_scratch(const char *path) {
  if (held < 0 || strcmp(path, held_path) != 0) return UNKNOWN;
  int touched = is_ours() ? 0 : TOUCHED_MORE;
  for (int i = 0; i < FILES; i++) touched |= touched_file(i);
  if (touched & TOUCHED_MORE) let_go();
  return touched;
}
