"""Figures of random intervals, one a line: coverage.py NUMBER SEED."""

import sys


# [draw]
def draw(n, seed):
    state, values = seed * 2654435761 + 12345 & 0xFFFFFFFFFFFFFFFF, []
    for _ in range(n):
        state = state * 6364136223846793005 + 1442695040888963407 & 0xFFFFFFFFFFFFFFFF
        values.append((state >> 40 & 0xFFFF, (state >> 20 & 0x1FF) + 1))
    return values


# [covered]
def covered(values):
    seen = set()
    for start, length in values:
        for place in range(start, start + length):
            seen.add(place)
    return len(seen)


# [nearest]
def nearest(values):
    starts = [start for start, _ in values]
    total = 0
    for want in range(0, 65536, 2048):
        best = 65536
        for start in starts:
            best = min(best, abs(start - want))
        total += best
    return total


# [text]
def checksum(values):
    text = ""
    for start, length in values:
        text += str(start) + ":" + str(length) + ";"
    total = 0
    for character in text:
        total = (total * 31 + ord(character)) % 1000003
    return total


# [shares]
def shares(values):
    counts = {}
    for _, length in values:
        key = length // 64
        if key not in counts:
            counts[key] = 0
        counts[key] = counts[key] + 1
    return " ".join(str(counts[key]) for key in sorted(counts))


# [main]
def main():
    n, seed = int(sys.argv[1]), int(sys.argv[2])
    values = draw(n, seed)
    print("covered", covered(values))
    print("nearest", nearest(values))
    print("text", checksum(values))
    print("shares", shares(values))


main()
