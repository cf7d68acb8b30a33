/* Busy work whose size is its first argument, so that an effect is a number and not a build. */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t table[4096];

int main(int argc, char **argv) {
  uint64_t x = 88172645463325252u, sum = 0;
  uint64_t steps = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
  for (uint64_t i = 0; i < steps; i++) {
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    table[x & 4095] += x;
    sum += table[(x >> 20) & 4095];
  }
  printf("%" PRIu64 "\n", sum);
  return 0;
}
