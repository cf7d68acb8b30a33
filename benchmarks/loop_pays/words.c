/* Figures of random words, one a line: words NUMBER SEED. */
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST 8
typedef struct {
  char text[LONGEST + 1];
  int count;
} word;

static uint64_t state;

static unsigned draw(unsigned below) {
  state = state * 6364136223846793005ULL + 1442695040888963407ULL;
  return (unsigned)(state >> 40) % below;
}

// [distinct]
static int distinct(const word *words, int n, word *found) {
  int known = 0;
  for (int i = 0; i < n; i++) {
    int k = 0;
    while (k < known && strcmp(found[k].text, words[i].text) != 0) k++;
    if (k == known) {
      found[known] = words[i];
      found[known++].count = 0;
    }
    found[k].count++;
  }
  return known;
}

// [most]
static int most(const word *found, int known) {
  int best = 0;
  for (int i = 0; i < known; i++)
    if (found[i].count > best) best = found[i].count;
  return best;
}

// [vowels]
static long vowels(const word *words, int n) {
  long count = 0;
  for (int i = 0; i < n; i++)
    for (size_t k = 0; k < strlen(words[i].text); k++)
      if (strchr("AEIOU", toupper(words[i].text[k]))) count++;
  return count;
}

// [distance]
static long distance(const word *words, int n) {
  long total = 0;
  for (int i = 0; i + 20 < n; i++)
    for (int j = 1; j <= 20; j++)
      for (int k = 0; k < LONGEST; k++) total += words[i].text[k] != words[i + j].text[k];
  return total;
}

// [digest]
static unsigned digest(const word *words, int n) {
  unsigned sum = 7;
  for (int i = 0; i < n; i++) {
    char line[32];
    sprintf(line, "%s,%d", words[i].text, i % 100);
    for (char *c = line; *c; c++) sum = (sum * 31 + (unsigned char)*c) % 1000003;
  }
  return sum;
}

// [main]
int main(int argc, char **argv) {
  if (argc != 3) return 2;
  int n = atoi(argv[1]);
  state = strtoull(argv[2], NULL, 10) * 2654435761ULL + 12345;
  word *words = calloc(n, sizeof *words), *found = calloc(n, sizeof *found);
  for (int i = 0; i < n; i++) {
    unsigned length = 2 + draw(LONGEST - 1);
    for (unsigned k = 0; k < length; k++) words[i].text[k] = (char)('a' + draw(k < 2 ? 26 : 5));
  }
  int known = distinct(words, n, found);
  printf("distinct %d\n", known);
  printf("most %d\n", most(found, known));
  printf("vowels %ld\n", vowels(words, n));
  printf("distance %ld\n", distance(words, n));
  printf("digest %u\n", digest(words, n));
  return 0;
}
