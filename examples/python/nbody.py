"""All-pairs gravity: bodies under Newton's law with softening, moved by leapfrog.

    python nbody.py BODIES STEPS SEED

Prints the energy at the end and the largest relative drift of it on the way; writes the last
positions to positions.csv. Units: G = 1, total mass = 1.
"""

import sys

import numpy as np
from harness_phases import phase

G = 1.0
SOFTENING = 0.05
TIME_STEP = 0.005


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


def initialise(n, seed):
    """A cube of side 2 with slowly moving bodies of about the same mass; one row a body."""
    generator = Generator(seed)
    rows = np.array([[generator.uniform() for _ in range(7)] for _ in range(n)])
    masses = (0.5 + rows[:, 0]) / n
    positions = 2.0 * rows[:, 1:4] - 1.0
    velocities = 0.4 * rows[:, 4:] - 0.2
    return masses, positions, velocities


@phase("forces")
def invert_distances(positions):
    """1 / the softened distance of every body from every other; 0 from itself.

    |b - a|^2 = |a|^2 + |b|^2 - 2 a.b needs no array of vectors. What the subtraction cancels does
    not matter: the softening, added first, stays far above the rounding error. It also keeps
    distances from 0, so that close encounters stay harmless.
    """
    squares = (positions**2).sum(axis=1)
    sums = squares[:, None] + (squares + SOFTENING**2)
    inverse = 1.0 / np.sqrt(sums - 2.0 * (positions @ positions.T))
    np.fill_diagonal(inverse, 0.0)
    return inverse


@phase("forces")
def compute_accelerations(masses, positions, inverse):
    weights = G * masses * (inverse * inverse * inverse)
    # The sum over j of w_ij (x_j - x_i).
    return weights @ positions - positions * weights.sum(axis=1)[:, None]


@phase("energy")
def total_energy(masses, velocities, inverse):
    kinetic = masses @ (velocities**2).sum(axis=1)
    potential = -G * (masses @ inverse @ masses)
    return 0.5 * (kinetic + potential)


@phase("move")
def kick(velocities, accelerations, time):
    velocities += time * accelerations


@phase("move")
def drift(positions, velocities, time):
    positions += time * velocities


@phase("output")
def write_positions(path, positions):
    with open(path, "w") as file:
        file.write("x,y,z\n")
        for x, y, z in positions:
            file.write(f"{x:.15g},{y:.15g},{z:.15g}\n")


def main():
    n, steps, seed = (int(word) for word in sys.argv[1:])
    masses, positions, velocities = initialise(n, seed)
    inverse = invert_distances(positions)
    accelerations = compute_accelerations(masses, positions, inverse)
    first = energy = total_energy(masses, velocities, inverse)
    worst = 0.0
    for _ in range(steps):
        kick(velocities, accelerations, TIME_STEP / 2)
        drift(positions, velocities, TIME_STEP)
        inverse = invert_distances(positions)
        accelerations = compute_accelerations(masses, positions, inverse)
        kick(velocities, accelerations, TIME_STEP / 2)
        energy = total_energy(masses, velocities, inverse)
        worst = max(worst, abs((energy - first) / first))
    print(f"energy: {energy:.15g}\nenergy_drift: {worst:.6e}")
    write_positions("positions.csv", positions)


if __name__ == "__main__":
    main()
