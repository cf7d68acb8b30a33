"""How well does a damped oscillation explain a noisy record? The Bayesian evidence of the model,
by simple Monte Carlo over the prior.

    python evidence.py SAMPLES SEED

The record is the same for every seed: the seed is that of the Monte Carlo alone.
"""

import math
import sys

from harness_phases import phase

TIMES = 64
NOISE_LENGTH = 100_000
REPLICATES = 20
RECORD_SEED = 20150914


class Generator:
    """splitmix64 (Steele, Lea and Flood 2014)."""

    def __init__(self, seed):
        self.state = seed

    def uniform(self):
        """A number from 0 up to but not including 1."""
        mask = (1 << 64) - 1
        self.state = (self.state + 0x9E3779B97F4A7C15) & mask
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        return ((z ^ (z >> 31)) >> 11) * 2.0**-53

    def normal(self):
        """Box and Muller 1958."""
        radius = math.sqrt(-2.0 * math.log(1.0 - self.uniform()))
        return radius * math.cos(2.0 * math.pi * self.uniform())


class Sample:
    def __init__(self, amplitude, frequency, decay_time):
        self.amplitude = amplitude
        self.frequency = frequency
        self.decay_time = decay_time
        self.log_likelihood = 0.0


def model(amplitude, frequency, decay_time, time):
    return amplitude * math.exp(-time / decay_time) * math.cos(2.0 * math.pi * frequency * time)


@phase("prepare")
def prepare():
    """The record to explain, and the noise's level as estimated from a longer record without
    signal."""
    generator = Generator(RECORD_SEED)
    noise = [0.5 * generator.normal() for _ in range(NOISE_LENGTH)]
    mean = sum(noise) / NOISE_LENGTH
    variance = sum((value - mean) ** 2 for value in noise) / NOISE_LENGTH
    data = [model(1.0, 5.0, 0.4, i / TIMES) + 0.5 * generator.normal() for i in range(TIMES)]
    return data, math.sqrt(variance)


def log_likelihood(sample, data, sigma):
    total = 0.0
    for i in range(TIMES):
        expected = model(sample.amplitude, sample.frequency, sample.decay_time, i / TIMES)
        total -= 0.5 * ((data[i] - expected) / sigma) ** 2
        total -= math.log(sigma * math.sqrt(2.0 * math.pi))
    return total


@phase("sample")
def draw_samples(n, data, sigma, generator):
    samples = []
    for _ in range(n):
        amplitude = 2.0 * generator.uniform()
        frequency = 3.0 + 4.0 * generator.uniform()
        decay_time = 0.1 + 0.9 * generator.uniform()
        sample = Sample(amplitude, frequency, decay_time)
        sample.log_likelihood = log_likelihood(sample, data, sigma)
        samples.append(sample)
    return samples


@phase("accept")
def accept_samples(samples, generator):
    """Rejection sampling: what is accepted is drawn from the posterior."""
    best = max(sample.log_likelihood for sample in samples)
    accepted = []
    for sample in samples:
        if generator.uniform() < math.exp(sample.log_likelihood - best):
            accepted.append(sample)
    return accepted


def log_evidence(samples):
    best = max(sample.log_likelihood for sample in samples)
    total = sum(math.exp(sample.log_likelihood - best) for sample in samples)
    return best + math.log(total / len(samples))


def standard_error(samples, generator):
    """The standard error of the log evidence, by bootstrap (Efron 1979)."""
    estimates = []
    for _ in range(REPLICATES):
        resampled = [samples[int(generator.uniform() * len(samples))] for _ in samples]
        estimates.append(log_evidence(resampled))
    mean = sum(estimates) / REPLICATES
    return math.sqrt(sum((e - mean) ** 2 for e in estimates) / (REPLICATES - 1))


@phase("aggregate")
def aggregate(samples, generator):
    return log_evidence(samples), standard_error(samples, generator)


def main():
    n, seed = (int(word) for word in sys.argv[1:])
    generator = Generator(seed)
    data, sigma = prepare()
    samples = draw_samples(n, data, sigma, generator)
    accepted = accept_samples(samples, generator)
    evidence, error = aggregate(samples, generator)
    frequency = sum(sample.frequency for sample in accepted) / len(accepted)
    print(f"log_evidence: {evidence:.12g}\nstd_error: {error:.9g}")
    print(f"samples: {n}\naccepted: {len(accepted)}\nfrequency: {frequency:.12g}")


if __name__ == "__main__":
    main()
