/* What a program leaves in the folder of its trial: see scratch.c. */
#include <stdint.h>

void hold_scratch(const char *path);
int64_t touched_in_scratch(const char *path);
