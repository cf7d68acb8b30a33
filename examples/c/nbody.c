/* All-pairs gravity: bodies under Newton's law with softening, moved by leapfrog.
 *
 *     nbody BODIES STEPS SEED
 *
 * Prints the energy at the end and the largest relative drift of it on the way; writes the last
 * positions to positions.csv. Units: G = 1, total mass = 1.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "harness_phases.h"

#define G 1.0
#define SOFTENING 0.05
#define TIME_STEP 0.005

/* Optimise a function harder than the rest, in versions for vectors of 8, 4 and 2 doubles; the
 * program picks one for its processor when it starts. Sums may be reordered. */
#if defined __GNUC__ && !defined __clang__ && defined __x86_64__
#define VECTORS                                        \
    __attribute__((optimize("O3", "fast-math"), \
                   target_clones("avx512f", "avx2", "default")))
#else
#define VECTORS
#endif

typedef struct {
    double mass;
    double position[3];
    double velocity[3];
    double acceleration[3];
} Body;

/* splitmix64 (Steele, Lea and Flood 2014), as a number from 0 up to but not including 1 */
static double uniform(uint64_t *state) {
    uint64_t z = (*state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

/* A cube of side 2 with slowly moving bodies of about the same mass. */
static void initialise(Body *bodies, int n, uint64_t seed) {
    uint64_t state = seed;
    for (int i = 0; i < n; i++) {
        bodies[i].mass = (0.5 + uniform(&state)) / n;
        for (int k = 0; k < 3; k++) bodies[i].position[k] = 2.0 * uniform(&state) - 1.0;
        for (int k = 0; k < 3; k++) bodies[i].velocity[k] = 0.4 * uniform(&state) - 0.2;
    }
}

/* The softened distance: never 0, so that close encounters stay harmless. */
static double distance(const Body *a, const Body *b) {
    double sum = pow(SOFTENING, 2);
    for (int k = 0; k < 3; k++) sum += pow(b->position[k] - a->position[k], 2);
    return sqrt(sum);
}

/* Meets each pair once: the pull on one body is the opposite of the pull on the other. Returns the
 * potential energy, which needs the same distances. */
VECTORS static double compute_accelerations(Body *bodies, int n) {
    double energy = 0.0;
    for (int i = 0; i < n; i++)
        for (int k = 0; k < 3; k++) bodies[i].acceleration[k] = 0.0;
    for (int i = 0; i < n; i++) {
        Body *a = &bodies[i];
        double sum[3] = {0.0, 0.0, 0.0}, potential = 0.0;
        for (int j = i + 1; j < n; j++) {
            Body *b = &bodies[j];
            double inverse = 1.0 / distance(a, b);
            double pull = G * inverse * inverse * inverse;
            potential -= G * b->mass * inverse;
            for (int k = 0; k < 3; k++) {
                double pulled = pull * (b->position[k] - a->position[k]);
                sum[k] += b->mass * pulled;
                b->acceleration[k] -= a->mass * pulled;
            }
        }
        for (int k = 0; k < 3; k++) a->acceleration[k] += sum[k];
        energy += a->mass * potential;
    }
    return energy;
}

static double kinetic_energy(const Body *bodies, int n) {
    double energy = 0.0;
    for (int i = 0; i < n; i++) {
        double speed2 = 0.0;
        for (int k = 0; k < 3; k++) speed2 += pow(bodies[i].velocity[k], 2);
        energy += 0.5 * bodies[i].mass * speed2;
    }
    return energy;
}

static void kick(Body *bodies, int n, double time) {
    for (int i = 0; i < n; i++)
        for (int k = 0; k < 3; k++) bodies[i].velocity[k] += time * bodies[i].acceleration[k];
}

static void drift(Body *bodies, int n, double time) {
    for (int i = 0; i < n; i++)
        for (int k = 0; k < 3; k++) bodies[i].position[k] += time * bodies[i].velocity[k];
}

static int write_positions(const char *path, const Body *bodies, int n) {
    FILE *file = fopen(path, "w");
    if (file == NULL) return -1;
    fprintf(file, "x,y,z\n");
    for (int i = 0; i < n; i++) {
        const double *p = bodies[i].position;
        fprintf(file, "%.15g,%.15g,%.15g\n", p[0], p[1], p[2]);
    }
    return fclose(file);
}

int main(int argc, char **argv) {
    if (argc != 4) {
        fprintf(stderr, "usage: nbody BODIES STEPS SEED\n");
        return 2;
    }
    int n = atoi(argv[1]), steps = atoi(argv[2]);
    uint64_t seed = strtoull(argv[3], NULL, 10);
    Body *bodies = malloc((size_t)n * sizeof *bodies);
    if (bodies == NULL) return 1;

    harness_phase_begin("initialise");
    initialise(bodies, n, seed);
    double potential = compute_accelerations(bodies, n);
    double first = kinetic_energy(bodies, n) + potential, energy = first, worst = 0.0;
    harness_phase_end("initialise");

    for (int step = 0; step < steps; step++) {
        harness_phase_begin("move");
        kick(bodies, n, 0.5 * TIME_STEP);
        drift(bodies, n, TIME_STEP);
        harness_phase_end("move");

        harness_phase_begin("forces");
        potential = compute_accelerations(bodies, n);
        harness_phase_end("forces");

        harness_phase_begin("move");
        kick(bodies, n, 0.5 * TIME_STEP);
        harness_phase_end("move");

        harness_phase_begin("energy");
        energy = kinetic_energy(bodies, n) + potential;
        worst = fmax(worst, fabs((energy - first) / first));
        harness_phase_end("energy");
    }

    harness_phase_begin("output");
    printf("energy: %.15g\nenergy_drift: %.6e\n", energy, worst);
    int failed = write_positions("positions.csv", bodies, n);
    harness_phase_end("output");
    free(bodies);
    return failed ? 1 : 0;
}
