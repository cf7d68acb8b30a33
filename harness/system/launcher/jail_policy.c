/* A jail's policy as it is read, and what failed while it was obeyed. */
#define _GNU_SOURCE
#include "jail_parts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static char failed[100];

int fails(const char *what) {
  int number = errno;
  snprintf(failed, sizeof failed, "%s", what);
  errno = number;
  return -1;
}

const char *what_failed(void) { return failed; }

static const char *const words[WORDS] = {"read", "write", "device", "copy",
                                         "link", "hide",  "scratch", "network", "counters"};

int next_line(const char **at, struct line *line) {
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
  int known = line->word < WORDS && (line->word >= NETWORK || (path && path[0] == '/'));
  if (!known || (line->word == LINK && !to)) return errno = EINVAL, fails("the policy");
  int cut = snprintf(line->path, sizeof line->path, "%s", path ? path : "") >= (int)sizeof line->path;
  cut |= snprintf(line->to, sizeof line->to, "%s", to ? to : "") >= (int)sizeof line->to;
  return cut ? (errno = ENAMETOOLONG, fails("the policy")) : 1;
}

int has_network(const char *policy) { return strstr(policy, "\nnetwork\n") != NULL; }

int has_counters(const char *policy) { return strstr(policy, "\ncounters\n") != NULL; }

const char *after_level(const char *policy) { return strchr(policy, '\n') + 1; }

int jail_has_namespaces(const char *policy) {
  return strncmp(policy, NAMESPACES, strlen(NAMESPACES)) == 0;
}
