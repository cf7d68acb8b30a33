"""Site percolation: how clusters of occupied sites grow on random square grids.

    python percolation.py SIDE GRIDS PROBABILITY SEED

Prints whole numbers alone: sites occupied, clusters, the largest cluster, grids with a cluster
from the top row to the bottom row, and the sum of the squares of all clusters' sizes.
"""

import sys

from harness_phases import phase


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


@phase("fill")
def fill(side, probability, generator):
    return [[generator.uniform() < probability for _ in range(side)] for _ in range(side)]


def flood(occupied, labels, row, column, label):
    """Gives the label to all sites that are connected to the first one; returns how many."""
    side = len(occupied)
    labels[row][column] = label
    waiting = [(row, column)]
    size = 0
    while waiting:
        row, column = waiting.pop()
        size += 1
        for down, right in [(1, 0), (-1, 0), (0, 1), (0, -1)]:
            r, c = row + down, column + right
            if 0 <= r < side and 0 <= c < side and occupied[r][c] and labels[r][c] == 0:
                labels[r][c] = label
                waiting.append((r, c))
    return size


@phase("label")
def label_clusters(occupied):
    """The label of every site, 0 where it is empty, and the size of every cluster."""
    side = len(occupied)
    labels = [[0] * side for _ in range(side)]
    sizes = []
    for row in range(side):
        for column in range(side):
            if occupied[row][column] and labels[row][column] == 0:
                sizes.append(flood(occupied, labels, row, column, len(sizes) + 1))
    return labels, sizes


@phase("measure")
def spans(labels):
    return any(label != 0 and label in labels[-1] for label in labels[0])


def main():
    side, grids = int(sys.argv[1]), int(sys.argv[2])
    probability, generator = float(sys.argv[3]), Generator(int(sys.argv[4]))
    all_sizes = []
    spanning = 0
    for _ in range(grids):
        occupied = fill(side, probability, generator)
        labels, sizes = label_clusters(occupied)
        all_sizes += sizes
        if spans(labels):
            spanning += 1
    print(f"occupied: {sum(all_sizes)}\nclusters: {len(all_sizes)}\nlargest: {max(all_sizes)}")
    print(f"spanning: {spanning}\nsquares: {sum(size**2 for size in all_sizes)}")


if __name__ == "__main__":
    main()
