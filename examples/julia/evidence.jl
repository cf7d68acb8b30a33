# How well does a damped oscillation explain a noisy record? The Bayesian evidence of the model,
# by simple Monte Carlo over the prior.
#
#     julia evidence.jl SAMPLES SEED
#
# The record is the same for every seed: the seed is that of the Monte Carlo alone.

using HarnessPhases
using Printf

TIMES = 64
NOISE_LENGTH = 100000
REPLICATES = 20
RECORD_SEED = 20150914

# splitmix64 (Steele, Lea and Flood 2014)
mutable struct Generator
    state::UInt64
end

"A number from 0 up to but not including 1."
function uniform(generator)
    generator.state += 0x9E3779B97F4A7C15
    z = generator.state
    z = (z ⊻ (z >> 30)) * 0xBF58476D1CE4E5B9
    z = (z ⊻ (z >> 27)) * 0x94D049BB133111EB
    return Float64((z ⊻ (z >> 31)) >> 11) * 2.0^-53
end

"Box and Muller 1958."
function normal(generator)
    radius = sqrt(-2 * log(1 - uniform(generator)))
    return radius * cos(2 * pi * uniform(generator))
end

mutable struct Sample
    amplitude
    frequency
    decay_time
    log_likelihood
end

model(amplitude, frequency, decay_time, time) =
    amplitude * exp(-time / decay_time) * cos(2 * pi * frequency * time)

"The record to explain, and the noise's level as estimated from a longer record without signal."
function prepare()
    generator = Generator(RECORD_SEED)
    noise = [0.5 * normal(generator) for i in 1:NOISE_LENGTH]
    mean = sum(noise) / NOISE_LENGTH
    variance = sum((noise .- mean) .^ 2) / NOISE_LENGTH
    data = [model(1.0, 5.0, 0.4, i / TIMES) + 0.5 * normal(generator) for i in 0:TIMES-1]
    return data, sqrt(variance)
end

function log_likelihood(sample, data, sigma)
    times = (0:TIMES-1) ./ TIMES
    expected = model.(sample.amplitude, sample.frequency, sample.decay_time, times)
    return sum(-0.5 * ((data - expected) / sigma) .^ 2 .- log(sigma * sqrt(2 * pi)))
end

function draw_samples(n, data, sigma, generator)
    samples = []
    for i in 1:n
        amplitude = 2 * uniform(generator)
        frequency = 3 + 4 * uniform(generator)
        decay_time = 0.1 + 0.9 * uniform(generator)
        sample = Sample(amplitude, frequency, decay_time, 0.0)
        sample.log_likelihood = log_likelihood(sample, data, sigma)
        push!(samples, sample)
    end
    return samples
end

"Rejection sampling: what is accepted is drawn from the posterior."
function accept_samples(samples, generator)
    best = maximum(sample.log_likelihood for sample in samples)
    return filter(s -> uniform(generator) < exp(s.log_likelihood - best), samples)
end

function log_evidence(samples)
    best = maximum(sample.log_likelihood for sample in samples)
    total = sum(exp(sample.log_likelihood - best) for sample in samples)
    return best + log(total / length(samples))
end

"The standard error of the log evidence, by bootstrap (Efron 1979)."
function standard_error(samples, generator)
    n = length(samples)
    estimates = []
    for r in 1:REPLICATES
        resampled = [samples[floor(Int, uniform(generator) * n)+1] for i in 1:n]
        push!(estimates, log_evidence(resampled))
    end
    mean = sum(estimates) / REPLICATES
    return sqrt(sum((estimates .- mean) .^ 2) / (REPLICATES - 1))
end

function main()
    n, seed = parse.(Int, ARGS)
    generator = Generator(seed)
    data, sigma = @phase "prepare" prepare()
    samples = @phase "sample" draw_samples(n, data, sigma, generator)
    accepted = @phase "accept" accept_samples(samples, generator)
    evidence, error = @phase "aggregate" (log_evidence(samples), standard_error(samples, generator))
    frequency = sum(sample.frequency for sample in accepted) / length(accepted)
    @printf("log_evidence: %.12g\nstd_error: %.9g\n", evidence, error)
    @printf("samples: %d\naccepted: %d\nfrequency: %.12g\n", n, length(accepted), frequency)
end

main()
