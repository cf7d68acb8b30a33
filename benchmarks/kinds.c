/* Programs of many kinds: `kinds KIND UNITS` does so many units of one kind of work and prints a sum.
 * The time of a unit is the same from unit to unit, so that a share more of them is an effect of
 * that share by construction. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WORDS = 1 << 21, HALF = 1 << 20 };
static uint64_t state = 88172645463325252ull, total;
static uint32_t *memory;
static int file = -1, ends[2];

static uint64_t drawn(void) {
  state ^= state << 13;
  state ^= state >> 7;
  return state ^= state << 17;
}

static void compute(void) {
  for (int i = 0; i < 400; i++) total = total * 6364136223846793005ull + 1442695040888963407ull;
}

static void branches(void) {
  for (int i = 0; i < 60; i++) {
    if (drawn() & 1) {
      total += 3;
      __asm__ volatile(""); /* a branch, and not a move that depends */
    } else {
      total ^= 5;
      __asm__ volatile("");
    }
  }
}

static void floats(void) {
  double x = (double)(total % 7);
  for (int i = 0; i < 25; i++) x = sin(x) + 1.5;
  total += (uint64_t)(x * 1000);
}

static void stream(void) {
  static size_t at;
  for (int i = 0; i < 1024; i++) total += memory[(at + (size_t)i) % WORDS];
  at = (at + 1024) % WORDS;
}

static void chase(void) {
  static uint32_t at;
  for (int i = 0; i < 20; i++) at = memory[at];
  total += at;
}

static void allocate(void) {
  void *volatile kept[8]; /* else the compiler leaves all of it out */
  for (int i = 0; i < 8; i++) {
    kept[i] = malloc(16 + drawn() % 500);
    memset(kept[i], i, 16);
  }
  for (int i = 0; i < 8; i++) free(kept[i]);
}

static void faults(void) {
  char *page = mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (int i = 0; i < 4; i++) page[i * 4096] = 1;
  munmap(page, 16384);
}

static void writes(void) {
  char text[512];
  memset(text, 'x', sizeof text);
  if (file < 0) file = open("written", O_CREAT | O_RDWR, 0600);
  if (pwrite(file, text, sizeof text, (off_t)(total++ % 64) * 512) < 0) exit(3);
}

static void reads(void) {
  char text[4096];
  if (file < 0) {
    file = open("/proc/self/exe", O_RDONLY);
  }
  if (pread(file, text, sizeof text, 0) < 0) exit(3);
  total += (unsigned char)text[0];
}

static void calls(void) {
  for (int i = 0; i < 4; i++) total += lseek(0, 0, SEEK_CUR) < 0;
}

static void pipes(void) {
  char word = 'a';
  if (!ends[1] && pipe(ends)) exit(3);
  if (write(ends[1], &word, 1) != 1 || read(ends[0], &word, 1) != 1) exit(3);
}

static void children(void) {
  pid_t child = fork();
  if (child == 0) _exit(0);
  waitpid(child, NULL, 0);
}

static void sleeps(void) {
  struct timespec span = {0, 100000};
  nanosleep(&span, NULL);
}

static void *apart(void *units) {
  uint64_t own = 1;
  for (long i = 0; i < 400 * *(long *)units; i++) own = own * 6364136223846793005ull + 1;
  return (void *)(uintptr_t)own;
}

static void threads(long units) {
  pthread_t other;
  void *own;
  if (pthread_create(&other, NULL, apart, &units)) exit(3);
  total += (uintptr_t)apart(&units);
  pthread_join(other, &own);
  total += (uintptr_t)own;
}

static const struct kind {
  const char *name;
  void (*unit)(void);
} kinds[] = {
    {"compute", compute}, {"branches", branches}, {"floats", floats},     {"stream", stream},
    {"chase", chase},     {"allocate", allocate}, {"faults", faults},     {"writes", writes},
    {"reads", reads},     {"calls", calls},       {"pipes", pipes},       {"children", children},
    {"sleeps", sleeps},   {"short", compute},     {"long", compute},      {"bimodal", compute},
    {"tail", compute},
};

int main(int argc, char **argv) {
  long units = argc > 2 ? atol(argv[2]) : 0;
  const char *name = argc > 1 ? argv[1] : "";
  if (strcmp(name, "stream") == 0 || strcmp(name, "chase") == 0) {
    memory = malloc(WORDS * sizeof *memory);
    for (uint32_t i = 0; i < WORDS; i++) memory[i] = (i * 1664525u + 1013904223u) % WORDS;
  }
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  uint64_t luck = (uint64_t)now.tv_nsec / 1000 * 2654435761u >> 8;
  if (strcmp(name, "bimodal") == 0 && luck % 2) units += units * 3 / 10;
  if (strcmp(name, "tail") == 0 && luck % 20 == 0) units *= 10;
  if (strcmp(name, "threads") == 0) threads(units);
  for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
    if (strcmp(name, kinds[k].name) == 0)
      for (long i = 0; i < units; i++) kinds[k].unit();
  printf("%d\n", total != 42);
  return 0;
}
