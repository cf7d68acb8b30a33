/* Figures of random values, one a line: pairs NUMBER SEED. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state;

static uint32_t draw(void) {
  state = state * 6364136223846793005ULL + 1442695040888963407ULL;
  return (uint32_t)(state >> 36);
}

// [equal]
static long count_equal(const uint32_t *value, int n) {
  long found = 0;
  for (int i = 0; i < n; i++)
    for (int j = i + 1; j < n; j++) found += value[i] == value[j];
  return found;
}

// [primes]
static int is_prime(uint32_t v) {
  if (v < 2) return 0;
  for (uint32_t d = 2; d * d <= v; d++)
    if (v % d == 0) return 0;
  return 1;
}

// [smooth]
#define SIDE 700
static uint32_t image[SIDE][SIDE];

static uint64_t smooth(const uint32_t *value, int n) {
  uint64_t sum = 0;
  for (int i = 0; i < SIDE; i++)
    for (int j = 0; j < SIDE; j++) image[i][j] = value[(i * SIDE + j) % n] & 0xff;
  for (int j = 1; j < SIDE - 1; j++)
    for (int i = 1; i < SIDE - 1; i++)
      sum += (image[i - 1][j] + image[i + 1][j] + image[i][j - 1] + image[i][j + 1]) / 4;
  return sum;
}

// [text]
static uint64_t checksum(const uint32_t *value, int n) {
  char line[32];
  uint64_t sum = 0;
  for (int i = 0; i < n; i += 2) {
    snprintf(line, sizeof line, "%u", value[i]);
    for (size_t k = 0; k < strlen(line); k++) sum = sum * 31 + (unsigned char)line[k];
  }
  return sum;
}

// [main]
int main(int argc, char **argv) {
  if (argc != 3) return 2;
  int n = atoi(argv[1]);
  uint64_t seed = strtoull(argv[2], NULL, 10);
  state = seed * 2654435761ULL + 12345;
  uint32_t *value = malloc(n * sizeof *value);
  for (int i = 0; i < n; i++) value[i] = draw();
  long primes = 0;
  for (int i = 0; i < n; i++) primes += is_prime(value[i] & 0xfffff);
  printf("equal %ld\n", count_equal(value, n));
  printf("primes %ld\n", primes);
  printf("smooth %lu\n", (unsigned long)smooth(value, n));
  printf("text %lu\n", (unsigned long)checksum(value, n));
  free(value);
  return 0;
}
