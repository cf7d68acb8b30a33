"""A gain of 3 % after one of 15x: how long its verdict takes, and what measuring goes into.

    python benchmarks/after_a_gain.py [--repeats 3] [--ms 100] [--gain 0.03] [--budget 60s]
                                      [--objective cpu]

A campaign on a C program, by the command line: a first edit has it take a fifteenth of the time
(`--ms` are left of it), a second one 3 % less than that. Prints for each repeat the blocks of both
looks, the wall seconds of the second one's blocks and of its whole command, its verdict, and the
share that the baseline's trials have in all that is timed after the first gain was kept (the last
measurement, which is between the baseline and the last state by its nature, is told apart).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engineers import CONFIG, House, Session, make_repository, thought
from figures import figure
from rig import rig
from scripted import SEED, Edit, Program
from tabulate import tabulate

SOURCE = """#include <stdio.h>
#include <stdlib.h>
static void work(long rounds) {
    unsigned x = 1;
    for (long i = 0; i < rounds; i++) { x = x * 3u + 1u; __asm__ volatile("" : "+r"(x)); }
}
int main(int argc, char **argv) {
    (void)argc;
    work(%ROUNDS%);
    printf("seed: %s\\n", argv[2]);
    return 0;
}
"""
TIMES = 15
TRIED_ROUNDS = 20_000_000
WANTED_S = 20.0
WANTED_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Seen:
    """What a campaign showed."""

    first_blocks: int
    blocks: int
    blocks_s: float
    command_s: float
    verdict: str
    """`kept`, or how the second one ended."""
    baseline_share: float
    finish_s: float
    """What the trials of the last measurement took."""


def source(rounds: float) -> str:
    return SOURCE.replace("%ROUNDS%", str(round(rounds)))


def rounds_of(ms: float, place: Path) -> float:
    """How many rounds take so long here, by the least of five runs."""
    (place / "p.c").write_text(source(TRIED_ROUNDS), encoding="utf-8")
    subprocess.run(["cc", "-O2", "-o", place / "p", place / "p.c"], check=True)
    took = []
    for _ in range(5):
        began = time.perf_counter()
        subprocess.run([place / "p", "1", "1"], check=True, stdout=subprocess.DEVNULL)
        took.append(time.perf_counter() - began)
    return TRIED_ROUNDS * ms / 1000 / min(took)


def campaign(given: argparse.Namespace, place: Path) -> Seen:
    """One campaign from its start to its end."""
    small = rounds_of(given.ms, place)
    program = Program("work", "c", "p.c", 1, "", source(small * TIMES), ())
    more = f'objective = "{given.objective}"'
    fields = {"name": program.name, "adapter": program.adapter, "source": program.source}
    text = CONFIG.format(**fields, n=1, seed=SEED, budget=given.budget, more=more)
    root = place / "project"
    make_repository(root, {"harness.toml": text, program.source: program.base})
    house = House(root, Session("after a gain", program, program.base))
    house.call("campaign", "start")
    first = look(house, source(small))
    began = time.perf_counter()
    second = look(house, source(small / (1 + given.gain)))
    command_s = time.perf_counter() - began
    known = {path.parent for path in (root / ".harness").rglob("trials.parquet")}
    by_label = dict(timed(root, second["since"], known))
    if house.state == "PROFILE":
        house.call("profile")
    house.call("decide", "--exhausted", "both are tried")
    house.call("campaign", "finish")
    later = {path.parent for path in (root / ".harness").rglob("trials.parquet")} - known
    after = second["fast"]
    kept = after["blocks"] * after["block_ns"] / 1e9
    return Seen(
        first["fast"]["blocks"],
        after["blocks"],
        kept,
        command_s,
        second["outcome"],
        by_label.get("baseline", 0.0) / (sum(by_label.values()) or 1.0),
        sum(seconds for _, seconds in timed(root, set(), later)),
    )


def look(house: House, text: str) -> dict[str, Any]:
    """One iteration with a text of the program; what its look said, and the runs before it."""
    if house.state == "PROFILE":
        house.profile = house.call("profile")["result"]["rows"]
    edit = Edit("fewer rounds", "", "work", "")
    row = next((r["name"] for r in house.profile if r["name"] == "work"), "the whole program")
    house.call("think", "--file", "-", stdin=json.dumps(thought(row, edit)))
    since = {path.parent for path in (house.root / ".harness").rglob("trials.parquet")}
    (house.root / "p.c").write_text(text, encoding="utf-8")
    note = json.dumps({"surprise": "what was measured", "why": "measured", "lesson": "none"})
    done = house.call("bench", "--then", "auto", "--file", "-", stdin=note)["result"]
    if "outcome" not in done:
        words = ("log", "--abandon", "not decided within the budget", "--then", "auto")
        done |= {"outcome": house.call(*words, "--file", "-", stdin=note)["result"]["outcome"]}
    return {**done, "since": since}


def timed(root: Path, before: set[Path], runs: set[Path]) -> Iterator[tuple[str, float]]:
    """The seconds that trials took by the label of their side, in all runs but those before."""
    import pyarrow.parquet

    found: dict[str, float] = {}
    for run in runs - before:
        table = pyarrow.parquet.read_table(run / "trials.parquet", columns=["target", "wall_ns"])
        for row in table.to_pylist():
            found[row["target"]] = found.get(row["target"], 0.0) + (row["wall_ns"] or 0) / 1e9
    yield from found.items()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=3, help="of the whole (%(default)s)")
    parser.add_argument("--ms", type=float, default=100.0, help="of the fast program")
    parser.add_argument("--gain", type=float, default=0.03)
    parser.add_argument("--budget", default="60s", help="of a look (%(default)s)")
    parser.add_argument("--objective", choices=("wall", "cpu"), default="wall", help="%(default)s")
    given = parser.parse_args()
    print(rig())
    seen = []
    for _ in range(given.repeats):
        with tempfile.TemporaryDirectory() as place:
            seen.append(campaign(given, Path(place)))
    heads = ("blocks to 15x", "blocks to 3 %", "their s", "command s", "end")
    rows = [
        (
            s.first_blocks,
            s.blocks,
            f"{s.blocks_s:.1f}",
            f"{s.command_s:.1f}",
            s.verdict,
            f"{s.baseline_share:.0%}",
            f"{s.finish_s:.1f}",
        )
        for s in seen
    ]
    print(tabulate(rows, (*heads, "baseline's share", "s of finish"), disable_numparse=True))
    worst = max(s.first_blocks for s in seen)
    fine = figure("blocks of two sides until 15x is sure", f"at most {worst}", "4", worst <= 4)
    share = max(s.baseline_share for s in seen)
    name = "the baseline's share of what is timed after a gain of 15x"
    fine &= figure(name, f"{share:.0%}", f"at most {WANTED_SHARE:.0%}", share <= WANTED_SHARE)
    found = [s.blocks_s for s in seen if s.verdict == "kept"]
    middle = sorted(found)[len(found) // 2] if 2 * len(found) > len(seen) else float("inf")
    name = f"blocks until {given.gain:.0%} is sure after it, median"
    fine &= figure(name, f"{middle:.1f} s", f"{WANTED_S:.0f} s", middle <= WANTED_S)
    return 0 if fine else 1


if __name__ == "__main__":
    raise SystemExit(main())
