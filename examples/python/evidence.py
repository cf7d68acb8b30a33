"""How well does a damped oscillation explain a noisy record? The Bayesian evidence of the model,
by simple Monte Carlo over the prior.

    python evidence.py SAMPLES SEED

The record is the same for every seed: the seed is that of the Monte Carlo alone.
"""

import math
import sys
from typing import NamedTuple

import numpy as np
from harness_phases import phase

TIMES = 64
NOISE_LENGTH = 100_000
REPLICATES = 20
RECORD_SEED = 20150914
BLOCK = 1000  # samples; half a megabyte with a number for each time, which stays in the cache


class Generator:
    """splitmix64 (Steele, Lea and Flood 2014).

    Its state only counts, in steps of GAMMA, and each number is mixed from one state: so any
    number of them can be made at once, and they are those that come one by one.
    """

    GAMMA = 0x9E3779B97F4A7C15

    def __init__(self, seed):
        self.state = seed % 2**64

    def uniform(self, n):
        """The next n numbers from 0 up to but not including 1."""
        z = np.arange(1, n + 1, dtype=np.uint64)
        z *= np.uint64(self.GAMMA)  # arrays of unsigned integers wrap around, as is wanted
        z += np.uint64(self.state)
        self.state = (self.state + n * self.GAMMA) % 2**64
        z ^= z >> np.uint64(30)
        z *= np.uint64(0xBF58476D1CE4E5B9)
        z ^= z >> np.uint64(27)
        z *= np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
        z >>= np.uint64(11)
        return z * 2.0**-53

    def normal(self, n):
        """The next n normal numbers, each from two uniform ones (Box and Muller 1958)."""
        first, second = self.uniform(2 * n).reshape(n, 2).T
        return np.sqrt(-2.0 * np.log(1.0 - first)) * np.cos(2.0 * math.pi * second)


class Samples(NamedTuple):
    """An array of each parameter, and of the likelihood's logarithm."""

    amplitude: np.ndarray
    frequency: np.ndarray
    decay_time: np.ndarray
    log_likelihood: np.ndarray


def model(amplitude, frequency, decay_time, time):
    return amplitude * np.exp(-time / decay_time) * np.cos(2.0 * math.pi * frequency * time)


@phase("prepare")
def prepare():
    """The record to explain, and the noise's level as estimated from a longer record without
    signal."""
    generator = Generator(RECORD_SEED)
    sigma = np.std(0.5 * generator.normal(NOISE_LENGTH))
    times = np.arange(TIMES) / TIMES
    data = model(1.0, 5.0, 0.4, times) + 0.5 * generator.normal(TIMES)
    return data, sigma


def log_likelihood(parameters, data, sigma):
    """Of every sample: `parameters` has a row for each, of amplitude, frequency and decay time."""
    times = np.arange(TIMES) / TIMES
    result = np.empty(len(parameters))
    for start in range(0, len(parameters), BLOCK):
        block = slice(start, start + BLOCK)
        # Columns of one number a sample, against a row of times.
        expected = model(*parameters[block].T[:, :, np.newaxis], times)
        result[block] = -0.5 * np.sum(((data - expected) / sigma) ** 2, axis=1)
    return result - TIMES * math.log(sigma * math.sqrt(2.0 * math.pi))


@phase("sample")
def draw_samples(n, data, sigma, generator):
    lowest = np.array([0.0, 3.0, 0.1])
    width = np.array([2.0, 4.0, 0.9])
    parameters = lowest + width * generator.uniform(3 * n).reshape(n, 3)
    return Samples(*parameters.T, log_likelihood(parameters, data, sigma))


def scaled_weights(samples):
    """The likelihoods as shares of the best one, which keeps them from underflowing; and the
    logarithm of the best."""
    best = samples.log_likelihood.max()
    return np.exp(samples.log_likelihood - best), best


@phase("accept")
def accept_samples(samples, generator):
    """Rejection sampling: what is accepted is drawn from the posterior."""
    weights, _ = scaled_weights(samples)
    accepted = generator.uniform(len(weights)) < weights
    return Samples(*(values[accepted] for values in samples))


def standard_error(weights, generator):
    """The standard error of the log evidence, by bootstrap (Efron 1979)."""
    n = len(weights)
    estimates = []
    for _ in range(REPLICATES):
        drawn = (generator.uniform(n) * n).astype(np.int64)
        estimates.append(math.log(weights[drawn].mean()))  # the best one adds the same to all
    return np.std(estimates, ddof=1)


@phase("aggregate")
def aggregate(samples, generator):
    weights, best = scaled_weights(samples)
    return best + math.log(weights.mean()), standard_error(weights, generator)


def main():
    n, seed = (int(word) for word in sys.argv[1:])
    generator = Generator(seed)
    data, sigma = prepare()
    samples = draw_samples(n, data, sigma, generator)
    accepted = accept_samples(samples, generator)
    evidence, error = aggregate(samples, generator)
    print(f"log_evidence: {evidence:.12g}\nstd_error: {error:.9g}")
    print(f"samples: {n}\naccepted: {len(accepted.frequency)}")
    print(f"frequency: {accepted.frequency.mean():.12g}")


if __name__ == "__main__":
    main()
