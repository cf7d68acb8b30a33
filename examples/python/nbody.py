"""All-pairs gravity: bodies under Newton's law with softening, moved by leapfrog.

    python nbody.py BODIES STEPS SEED

Prints the energy at the end and the largest relative drift of it on the way; writes the last
positions to positions.csv. Units: G = 1, total mass = 1.
"""

import math
import sys

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


class Body:
    def __init__(self, mass, position, velocity):
        self.mass = mass
        self.position = position
        self.velocity = velocity
        self.acceleration = [0.0, 0.0, 0.0]


def initialise(n, seed):
    """A cube of side 2 with slowly moving bodies of about the same mass."""
    generator = Generator(seed)
    bodies = []
    for _ in range(n):
        mass = (0.5 + generator.uniform()) / n
        position = [2.0 * generator.uniform() - 1.0 for _ in range(3)]
        velocity = [0.4 * generator.uniform() - 0.2 for _ in range(3)]
        bodies.append(Body(mass, position, velocity))
    return bodies


def distance(a, b):
    """The softened distance: never 0, so that close encounters stay harmless."""
    total = SOFTENING**2
    for k in range(3):
        total += (b.position[k] - a.position[k]) ** 2
    return math.sqrt(total)


@phase("forces")
def compute_accelerations(bodies):
    for a in bodies:
        a.acceleration = [0.0, 0.0, 0.0]
        for b in bodies:
            if b is a:
                continue
            for k in range(3):
                difference = b.position[k] - a.position[k]
                a.acceleration[k] += G * b.mass * difference / distance(a, b) ** 3


@phase("energy")
def total_energy(bodies):
    energy = 0.0
    for a in bodies:
        energy += 0.5 * a.mass * sum(v**2 for v in a.velocity)
        for b in bodies:
            if b is not a:
                energy -= 0.5 * G * a.mass * b.mass / distance(a, b)
    return energy


@phase("move")
def kick(bodies, time):
    for body in bodies:
        for k in range(3):
            body.velocity[k] += time * body.acceleration[k]


@phase("move")
def drift(bodies, time):
    for body in bodies:
        for k in range(3):
            body.position[k] += time * body.velocity[k]


@phase("output")
def write_positions(path, bodies):
    with open(path, "w") as file:
        file.write("x,y,z\n")
        for body in bodies:
            x, y, z = body.position
            file.write(f"{x:.15g},{y:.15g},{z:.15g}\n")


def main():
    n, steps, seed = (int(word) for word in sys.argv[1:])
    bodies = initialise(n, seed)
    compute_accelerations(bodies)
    first = energy = total_energy(bodies)
    worst = 0.0
    for _ in range(steps):
        kick(bodies, TIME_STEP / 2)
        drift(bodies, TIME_STEP)
        compute_accelerations(bodies)
        kick(bodies, TIME_STEP / 2)
        energy = total_energy(bodies)
        worst = max(worst, abs((energy - first) / first))
    print(f"energy: {energy:.15g}\nenergy_drift: {worst:.6e}")
    write_positions("positions.csv", bodies)


if __name__ == "__main__":
    main()
