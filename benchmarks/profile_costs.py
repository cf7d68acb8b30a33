"""What `harness profile` of a short program costs beside one run of it.

    python benchmarks/profile_costs.py [--repeats 3]

Profiles a Julia, a Python and a C program of 0.2 to 0.7 s with all that is told by default:
functions, stacks, the floor, and the profiler's cost. Prints the CPU time of the command with all
that it starts over that of one run of the program without a profiler, which the same command
measures. The least of the repeats counts.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from figures import figure
from rig import rig

PROGRAMS = Path(__file__).with_name("loop_pays")
GOALS = {"walk.jl": (8000, 8.0), "coverage.py": (14000, 14.0), "words.c": (15000, 8.0)}
"""The number that makes each run for some tenths of a second; how many runs a profile may cost."""


def runs_worth(source: str, number: int, place: Path) -> float:
    """How many runs of the program its profile took, by CPU time."""
    words = [sys.executable, "-m", "harness", "profile", source, "--json", "--", str(number), "3"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(words, cwd=place, capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    took_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    (report,) = json.loads(done.stdout)["result"]["profiles"]
    return float(took_s * 1e9 / (report["cpu_share"] * report["wall_ns"]["point"]))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=3, help="of each profile (%(default)s)")
    given = parser.parse_args()
    print(rig())
    fine = True
    for source, (number, goal) in GOALS.items():
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy(PROGRAMS / source, folder)
            place = Path(folder)
            runs_worth(source, number, place)  # builds it
            least = min(runs_worth(source, number, place) for _ in range(given.repeats))
        name = f"CPU time of a profile of {source}, in runs of the program"
        fine &= figure(name, f"{least:.1f}", f"at most {goal:g}", least <= goal)
    return 0 if fine else 1


if __name__ == "__main__":
    raise SystemExit(main())
