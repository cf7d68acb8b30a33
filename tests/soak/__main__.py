"""`make soak`: corrupt and kill, many times; ends with 1 where anything was silent, lost or left.

python tests/soak --corruptions 10000 --kills 10000 --seed 1
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import corruptions
import kills

SHOWN = 20


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corruptions", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    bad: list[str] = []
    with tempfile.TemporaryDirectory(prefix="soak-") as name:
        folder = Path(name)
        with corruptions.kept_files(folder / "kept") as files:
            found = corruptions.corrupt(files, asked.corruptions, asked.seed)
        print(corruptions.report(found))
        print(f"{len(found.silent)} silent in {asked.corruptions} corruptions", flush=True)
        bad += found.silent
        if asked.kills:
            killed = kills.kill(asked.kills, asked.seed, folder)
            print(killed)
            bad += killed.problems
    for problem in bad[:SHOWN]:
        print(f"  {problem}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
