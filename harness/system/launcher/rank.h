/* A rank of a target that is launched in several processes; see rank.c. */
#ifndef HARNESS_RANK_H
#define HARNESS_RANK_H

/* Be the wrapper of one rank: `phases` or `-`, the folder, the program and its arguments. Returns what
 * we end with. */
int rank_of(char **argv);

#endif
