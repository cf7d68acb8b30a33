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

/* Sums may be reordered, which vectors need. VECTORS compiles a function in versions for vectors of
 * 8, 4 and 2 doubles; the program picks one for its processor when it starts. */
#if defined __GNUC__ && !defined __clang__ && defined __x86_64__
#pragma GCC optimize("O3", "fast-math")
#define VECTORS __attribute__((target_clones("avx512f", "avx2", "default")))
/* No root of a negative number is asked for, so errno is left alone. The pragma alone does not tell
 * the compiler so, and a loop whose calls may write to memory is not vectorised. */
double sqrt(double) __attribute__((const));
#else
#define VECTORS
#endif

/* One array for each quantity: neighbours in memory can share a vector. */
typedef struct {
    double *mass, *position[3], *velocity[3], *acceleration[3];
} Bodies;

/* All arrays lie in one block, which begins with the masses. */
static int allocate(Bodies *bodies, int n) {
    double *block = calloc((size_t)n * 10, sizeof *block);
    if (block == NULL) return -1;
    bodies->mass = block;
    for (int k = 0; k < 3; k++) {
        bodies->position[k] = block + (size_t)n * (1 + k);
        bodies->velocity[k] = block + (size_t)n * (4 + k);
        bodies->acceleration[k] = block + (size_t)n * (7 + k);
    }
    return 0;
}

/* splitmix64 (Steele, Lea and Flood 2014), as a number from 0 up to but not including 1 */
static double uniform(uint64_t *state) {
    uint64_t z = (*state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

/* A cube of side 2 with slowly moving bodies of about the same mass. */
static void initialise(Bodies *bodies, int n, uint64_t seed) {
    uint64_t state = seed;
    for (int i = 0; i < n; i++) {
        bodies->mass[i] = (0.5 + uniform(&state)) / n;
        for (int k = 0; k < 3; k++) bodies->position[k][i] = 2.0 * uniform(&state) - 1.0;
        for (int k = 0; k < 3; k++) bodies->velocity[k][i] = 0.4 * uniform(&state) - 0.2;
    }
}

/* Meets each pair once: the pull on one body is the opposite of the pull on the other. Returns the
 * potential energy, which needs the same distances. The distance is softened: never 0, so that
 * close encounters stay harmless. */
VECTORS static double compute_accelerations(Bodies *bodies, int n) {
    const double *mass = bodies->mass;
    const double *x = bodies->position[0], *y = bodies->position[1], *z = bodies->position[2];
    double *ax = bodies->acceleration[0], *ay = bodies->acceleration[1];
    double *az = bodies->acceleration[2];
    double energy = 0.0;
    for (int i = 0; i < n; i++) ax[i] = ay[i] = az[i] = 0.0;
    for (int i = 0; i < n; i++) {
        double mass_i = mass[i], x_i = x[i], y_i = y[i], z_i = z[i];
        double sum_x = 0.0, sum_y = 0.0, sum_z = 0.0, potential = 0.0;
#pragma GCC ivdep /* no two of the arrays overlap */
        for (int j = i + 1; j < n; j++) {
            double dx = x[j] - x_i, dy = y[j] - y_i, dz = z[j] - z_i;
            double inverse = 1.0 / sqrt(dx * dx + dy * dy + dz * dz + SOFTENING * SOFTENING);
            double pull = G * inverse * inverse * inverse;
            double from_i = mass_i * pull, from_j = mass[j] * pull;
            potential -= G * mass[j] * inverse;
            sum_x += from_j * dx;
            sum_y += from_j * dy;
            sum_z += from_j * dz;
            ax[j] -= from_i * dx;
            ay[j] -= from_i * dy;
            az[j] -= from_i * dz;
        }
        ax[i] += sum_x;
        ay[i] += sum_y;
        az[i] += sum_z;
        energy += mass_i * potential;
    }
    return energy;
}

static double kinetic_energy(const Bodies *bodies, int n) {
    double energy = 0.0;
    for (int i = 0; i < n; i++) {
        double speed2 = 0.0;
        for (int k = 0; k < 3; k++) speed2 += pow(bodies->velocity[k][i], 2);
        energy += 0.5 * bodies->mass[i] * speed2;
    }
    return energy;
}

static void kick(Bodies *bodies, int n, double time) {
    for (int k = 0; k < 3; k++)
        for (int i = 0; i < n; i++) bodies->velocity[k][i] += time * bodies->acceleration[k][i];
}

static void drift(Bodies *bodies, int n, double time) {
    for (int k = 0; k < 3; k++)
        for (int i = 0; i < n; i++) bodies->position[k][i] += time * bodies->velocity[k][i];
}

static int write_positions(const char *path, const Bodies *bodies, int n) {
    FILE *file = fopen(path, "w");
    if (file == NULL) return -1;
    fprintf(file, "x,y,z\n");
    for (int i = 0; i < n; i++) {
        double *const *p = bodies->position;
        fprintf(file, "%.15g,%.15g,%.15g\n", p[0][i], p[1][i], p[2][i]);
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
    Bodies bodies;
    if (allocate(&bodies, n) != 0) return 1;

    harness_phase_begin("initialise");
    initialise(&bodies, n, seed);
    double potential = compute_accelerations(&bodies, n);
    double first = kinetic_energy(&bodies, n) + potential, energy = first, worst = 0.0;
    harness_phase_end("initialise");

    for (int step = 0; step < steps; step++) {
        harness_phase_begin("move");
        kick(&bodies, n, 0.5 * TIME_STEP);
        drift(&bodies, n, TIME_STEP);
        harness_phase_end("move");

        harness_phase_begin("forces");
        potential = compute_accelerations(&bodies, n);
        harness_phase_end("forces");

        harness_phase_begin("move");
        kick(&bodies, n, 0.5 * TIME_STEP);
        harness_phase_end("move");

        harness_phase_begin("energy");
        energy = kinetic_energy(&bodies, n) + potential;
        worst = fmax(worst, fabs((energy - first) / first));
        harness_phase_end("energy");
    }

    harness_phase_begin("output");
    printf("energy: %.15g\nenergy_drift: %.6e\n", energy, worst);
    int failed = write_positions("positions.csv", &bodies, n);
    harness_phase_end("output");
    free(bodies.mass);
    return failed ? 1 : 0;
}
