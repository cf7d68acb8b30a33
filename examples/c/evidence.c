/* How well does a damped oscillation explain a noisy record? The Bayesian evidence of the model,
 * by simple Monte Carlo over the prior.
 *
 *     evidence SAMPLES SEED
 *
 * The record is the same for every seed: the seed is that of the Monte Carlo alone.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "harness_phases.h"

#define PI 3.14159265358979323846
#define TIMES 64
#define NOISE_LENGTH 100000
#define REPLICATES 20
#define RECORD_SEED 20150914

typedef struct {
    double amplitude, frequency, decay_time;
    double log_likelihood;
} Sample;

/* splitmix64 (Steele, Lea and Flood 2014), as a number from 0 up to but not including 1 */
static double uniform(uint64_t *state) {
    uint64_t z = (*state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

/* Box and Muller 1958 */
static double normal(uint64_t *state) {
    double radius = sqrt(-2.0 * log(1.0 - uniform(state)));
    return radius * cos(2.0 * PI * uniform(state));
}

static double model(double amplitude, double frequency, double decay_time, double time) {
    return amplitude * exp(-time / decay_time) * cos(2.0 * PI * frequency * time);
}

/* The record to explain, and the noise's level as estimated from a longer record without signal. */
static double prepare(double *data) {
    uint64_t state = RECORD_SEED;
    double *noise = malloc(NOISE_LENGTH * sizeof *noise), mean = 0.0, variance = 0.0;
    if (noise == NULL) exit(1);
    for (int i = 0; i < NOISE_LENGTH; i++) noise[i] = 0.5 * normal(&state);
    for (int i = 0; i < NOISE_LENGTH; i++) mean += noise[i] / NOISE_LENGTH;
    for (int i = 0; i < NOISE_LENGTH; i++) variance += pow(noise[i] - mean, 2) / NOISE_LENGTH;
    free(noise);
    for (int i = 0; i < TIMES; i++)
        data[i] = model(1.0, 5.0, 0.4, (double)i / TIMES) + 0.5 * normal(&state);
    return sqrt(variance);
}

static double log_likelihood(const Sample *s, const double *data, double sigma) {
    double sum = 0.0;
    for (int i = 0; i < TIMES; i++) {
        double expected = model(s->amplitude, s->frequency, s->decay_time, (double)i / TIMES);
        sum -= 0.5 * pow((data[i] - expected) / sigma, 2) + log(sigma * sqrt(2.0 * PI));
    }
    return sum;
}

static void draw_samples(Sample *samples, int n, const double *data, double sigma,
                         uint64_t *state) {
    for (int i = 0; i < n; i++) {
        samples[i].amplitude = 2.0 * uniform(state);
        samples[i].frequency = 3.0 + 4.0 * uniform(state);
        samples[i].decay_time = 0.1 + 0.9 * uniform(state);
        samples[i].log_likelihood = log_likelihood(&samples[i], data, sigma);
    }
}

static double best_of(const Sample *samples, int n) {
    double best = samples[0].log_likelihood;
    for (int i = 1; i < n; i++) best = fmax(best, samples[i].log_likelihood);
    return best;
}

/* Rejection sampling: what is accepted is drawn from the posterior. */
static int accept_samples(const Sample *samples, int n, uint64_t *state, double *frequency) {
    double best = best_of(samples, n), sum = 0.0;
    int accepted = 0;
    for (int i = 0; i < n; i++) {
        if (uniform(state) < exp(samples[i].log_likelihood - best)) {
            sum += samples[i].frequency;
            accepted++;
        }
    }
    *frequency = sum / accepted;
    return accepted;
}

static double log_evidence(const Sample *samples, int n) {
    double best = best_of(samples, n), sum = 0.0;
    for (int i = 0; i < n; i++) sum += exp(samples[i].log_likelihood - best);
    return best + log(sum / n);
}

/* The standard error of the log evidence, by bootstrap (Efron 1979). */
static double standard_error(const Sample *samples, int n, uint64_t *state) {
    double estimates[REPLICATES], mean = 0.0, variance = 0.0;
    Sample *resampled = malloc((size_t)n * sizeof *resampled);
    if (resampled == NULL) exit(1);
    for (int r = 0; r < REPLICATES; r++) {
        for (int i = 0; i < n; i++) resampled[i] = samples[(int)(uniform(state) * n)];
        estimates[r] = log_evidence(resampled, n);
        mean += estimates[r] / REPLICATES;
    }
    free(resampled);
    for (int r = 0; r < REPLICATES; r++) variance += pow(estimates[r] - mean, 2);
    return sqrt(variance / (REPLICATES - 1));
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: evidence SAMPLES SEED\n");
        return 2;
    }
    int n = atoi(argv[1]);
    uint64_t state = strtoull(argv[2], NULL, 10);
    Sample *samples = malloc((size_t)n * sizeof *samples);
    if (samples == NULL) return 1;
    double data[TIMES], frequency;

    harness_phase_begin("prepare");
    double sigma = prepare(data);
    harness_phase_end("prepare");

    harness_phase_begin("sample");
    draw_samples(samples, n, data, sigma, &state);
    harness_phase_end("sample");

    harness_phase_begin("accept");
    int accepted = accept_samples(samples, n, &state, &frequency);
    harness_phase_end("accept");

    harness_phase_begin("aggregate");
    double evidence = log_evidence(samples, n);
    double error = standard_error(samples, n, &state);
    harness_phase_end("aggregate");

    printf("log_evidence: %.12g\nstd_error: %.9g\n", evidence, error);
    printf("samples: %d\naccepted: %d\nfrequency: %.12g\n", n, accepted, frequency);
    free(samples);
    return 0;
}
