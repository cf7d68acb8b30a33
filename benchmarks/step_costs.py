"""What the commands of one kept iteration cost beside the program that they measure.

    python benchmarks/step_costs.py [--repeats 3]

A campaign on a small C program (`loop_pays/pairs.c`), by the command line: start, profile, think,
one edit that gains 2x, and all of the rest in one call. Prints wall and CPU seconds of each
command with all children, but for the CPU time of a look's timed trials: builds, checks, git and
the interpreter are the harness's own. The least of the repeats counts; of the blocks that the
verdict on the gain took, the most.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from engineers import CONFIG, House, Session, make_repository, thought, timed_cpu_s
from figures import figure
from rig import rig
from scripted import SEED, Program, load_program
from tabulate import tabulate

N = 8000
GOAL_S = 2.5
GOAL_VERDICT_S = 3.0
GOAL_START_S = 5.0
GOAL_BLOCKS = 4
STEPS = ("start", "profile", "think", "bench", "next")


def kept_iteration(program: Program, place: Path) -> tuple[dict[str, tuple[float, float]], int]:
    """Wall and own CPU seconds of each command, and the blocks of the look."""
    fields = {"name": program.name, "adapter": program.adapter, "source": program.source}
    text = CONFIG.format(**fields, n=N, seed=SEED, budget="20s", more="")
    root = place / "project"
    make_repository(root, {"harness.toml": text, program.source: program.base})
    house, took = House(root, Session("step costs", program, program.base)), {}

    def call(name: str, *words: str, stdin: str = "") -> dict[str, object]:
        began = time.perf_counter()
        answer = house.call(*words, stdin=stdin)
        own = house.cpu_s - (timed_cpu_s(answer) if name == "bench" else 0.0)
        took[name] = (time.perf_counter() - began, own)
        return answer

    call("start", "campaign", "start")
    rows = call("profile", "profile")["result"]["rows"]  # type: ignore[index]
    edit = next(edit for edit in program.edits if edit.kind == "2x")
    row = next((r["name"] for r in rows if edit.region in r["name"]), rows[0]["name"])
    call("think", "think", "--file", "-", stdin=json.dumps(thought(row, edit)))
    source = root / program.source
    source.write_text(program.edited(source.read_text(encoding="utf-8"), edit, {}), "utf-8")
    note = json.dumps({"surprise": "more than said", "why": "vectors", "lesson": "small loops"})
    done = call("bench", "bench", "--then", "auto", "--file", "-", stdin=note)
    if done["result"].get("outcome") != "kept":  # type: ignore[attr-defined]
        raise SystemExit(f"a gain of 2x was not kept: {done['error']}")
    call("next", "next")
    return took, done["result"]["fast"]["blocks"]  # type: ignore[index]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=3, help="of the whole (%(default)s)")
    given = parser.parse_args()
    print(rig())
    program, seen, blocks = load_program("pairs"), defaultdict(list), 0
    for _ in range(given.repeats):
        with tempfile.TemporaryDirectory() as place:
            took, looked = kept_iteration(program, Path(place))
            blocks = max(blocks, looked)
            for name, costs in took.items():
                seen[name].append(costs)
    least = {n: tuple(map(min, zip(*seen[n], strict=True))) for n in STEPS}
    rows = [(n, f"{wall:.2f}", f"{own:.2f}") for n, (wall, own) in least.items()]
    print(tabulate(rows, ("command", "wall s", "own CPU s"), disable_numparse=True))
    own = sum(least[n][1] for n in ("profile", "think", "bench"))
    fine = figure("own CPU s of a kept iteration", f"{own:.2f}", str(GOAL_S), own <= GOAL_S)
    own = least["bench"][1]
    name = "own CPU s of a verdict, from the test to the commit"
    fine &= figure(name, f"{own:.2f}", str(GOAL_VERDICT_S), own <= GOAL_VERDICT_S)
    name = "blocks of two sides until a gain of 2x is sure"
    fine &= figure(name, f"at most {blocks}", str(GOAL_BLOCKS), blocks <= GOAL_BLOCKS)
    used = least["start"][1]
    name = "CPU s of a start, the program's runs among them"
    fine &= figure(name, f"{used:.2f}", str(GOAL_START_S), used <= GOAL_START_S)
    return 0 if fine else 1


if __name__ == "__main__":
    raise SystemExit(main())
