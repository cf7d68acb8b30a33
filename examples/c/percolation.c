/* Site percolation: how clusters of occupied sites grow on random square grids.
 *
 *     percolation SIDE GRIDS PROBABILITY SEED
 *
 * Prints whole numbers alone: sites occupied, clusters, the largest cluster, grids with a cluster
 * from the top row to the bottom row, and the sum of the squares of all clusters' sizes.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness_phases.h"

typedef struct {
    int64_t occupied, clusters, largest, spanning, squares;
} Totals;

/* splitmix64 (Steele, Lea and Flood 2014), as a number from 0 up to but not including 1 */
static double uniform(uint64_t *state) {
    uint64_t z = (*state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

static void fill(int *occupied, int side, double probability, uint64_t *state) {
    for (int row = 0; row < side; row++)
        for (int column = 0; column < side; column++)
            occupied[row * side + column] = uniform(state) < probability;
}

/* Gives the label to all sites that are connected to the first one. */
static void flood(const int *occupied, int *labels, int side, int first, int label, int *waiting) {
    static const int down[4] = {1, -1, 0, 0}, right[4] = {0, 0, 1, -1};
    int count = 0;
    labels[first] = label;
    waiting[count++] = first;
    while (count > 0) {
        int site = waiting[--count];
        for (int k = 0; k < 4; k++) {
            int row = site / side + down[k], column = site % side + right[k];
            if (row < 0 || row >= side || column < 0 || column >= side) continue;
            int next = row * side + column;
            if (occupied[next] && labels[next] == 0) {
                labels[next] = label;
                waiting[count++] = next;
            }
        }
    }
}

/* Labels clusters 1, 2, ... in the order of their first sites; returns how many there are. */
static int label_clusters(const int *occupied, int *labels, int side, int *waiting) {
    int clusters = 0;
    memset(labels, 0, (size_t)side * side * sizeof *labels);
    for (int site = 0; site < side * side; site++)
        if (occupied[site] && labels[site] == 0)
            flood(occupied, labels, side, site, ++clusters, waiting);
    return clusters;
}

static int spans(const int *labels, int side) {
    const int *top = labels, *bottom = labels + (side - 1) * side;
    for (int i = 0; i < side; i++)
        for (int j = 0; j < side; j++)
            if (top[i] != 0 && top[i] == bottom[j]) return 1;
    return 0;
}

static void measure(const int *labels, int side, int clusters, int *sizes, Totals *totals) {
    memset(sizes, 0, ((size_t)clusters + 1) * sizeof *sizes);
    for (int site = 0; site < side * side; site++) sizes[labels[site]]++;
    for (int cluster = 1; cluster <= clusters; cluster++) {
        int64_t size = sizes[cluster];
        totals->occupied += size;
        totals->squares += size * size;
        if (size > totals->largest) totals->largest = size;
    }
    totals->clusters += clusters;
    totals->spanning += spans(labels, side);
}

int main(int argc, char **argv) {
    if (argc != 5) {
        fprintf(stderr, "usage: percolation SIDE GRIDS PROBABILITY SEED\n");
        return 2;
    }
    int side = atoi(argv[1]), grids = atoi(argv[2]);
    double probability = atof(argv[3]);
    uint64_t state = strtoull(argv[4], NULL, 10);
    size_t sites = (size_t)side * side;
    int *occupied = malloc(sites * sizeof *occupied), *labels = malloc(sites * sizeof *labels);
    int *waiting = malloc(sites * sizeof *waiting), *sizes = malloc((sites + 1) * sizeof *sizes);
    if (!occupied || !labels || !waiting || !sizes) return 1;
    Totals totals = {0, 0, 0, 0, 0};

    for (int grid = 0; grid < grids; grid++) {
        harness_phase_begin("fill");
        fill(occupied, side, probability, &state);
        harness_phase_end("fill");
        harness_phase_begin("label");
        int clusters = label_clusters(occupied, labels, side, waiting);
        harness_phase_end("label");
        harness_phase_begin("measure");
        measure(labels, side, clusters, sizes, &totals);
        harness_phase_end("measure");
    }
    printf("occupied: %" PRId64 "\nclusters: %" PRId64 "\nlargest: %" PRId64 "\n", totals.occupied,
           totals.clusters, totals.largest);
    printf("spanning: %" PRId64 "\nsquares: %" PRId64 "\n", totals.spanning, totals.squares);
    free(occupied), free(labels), free(waiting), free(sizes);
    return 0;
}
