"""Twenty kinds of programs, each with effects by construction: the rows of `verdicts.py kinds`.

Each program does so many units of one kind of work; the candidate does a share more of them, such
that its whole time is longer by the effect. How long a unit and a start take is found from CPU
times, which a busy machine moves least (of `sleeps` and `threads` from wall times).
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rig import child_cpu_s

SOURCE = Path(__file__).with_suffix(".c")
PYTHON = """\
import sys
kind, units = sys.argv[1], int(sys.argv[2])
class Node:
    pass
total = 0
for _ in range(units):
    if kind == "dicts":
        counts = {}
        for i in range(20):
            counts[str(i % 7)] = counts.get(str(i % 7), 0) + i
        total += len(counts)
    else:
        one, other = Node(), Node()
        one.other, other.other = other, one
        total += 1
print(total > 0)
"""
C_KINDS = (
    *("compute", "branches", "floats", "stream", "chase", "allocate", "faults", "writes"),
    *("reads", "calls", "pipes", "children", "sleeps", "threads", "short", "long"),
    *("bimodal", "tail"),
)
PYTHON_KINDS = ("dicts", "cycles")
KINDS = (*C_KINDS, *PYTHON_KINDS)
EFFECTS = (0.0, 0.005, 0.01, 0.02, 0.05)
SPAN_S = {"short": 0.0015, "long": 10.0, **dict.fromkeys(PYTHON_KINDS, 0.04)}
"""How long the whole process takes, where that is not 20 ms."""
BY_WALL = ("sleeps", "threads")

CONFIG = """\
[tasks.{kind}]
reference = "{kind}-0"
[tasks.{kind}.cases.only]
[tasks.{kind}.outputs.said]
from = "stdout"
kind = "exact"
"""
TARGET = """\
[targets.{kind}-{name}]
task = "{kind}"
adapter = "{adapter}"
sources = ["{source}"]
args = ["{kind}", "{units}"]
"""
C_OPTIONS = 'flags = ["-O2", "-pthread"]\n'


@dataclass(frozen=True, slots=True)
class Sizes:
    """The units of a kind by effect."""

    kind: str
    units: dict[float, int]


def target_name(kind: str, effect: float) -> str:
    return f"{kind}-{round(1000 * effect)}"


def write_programs(folder: Path, kinds: Sequence[str], scale: float) -> list[Sizes]:
    """Write and compile what is needed, with a harness.toml; the sizes that were found.

    `scale` makes the long program shorter than its 10 s.
    """
    (folder / "kinds.c").write_bytes(SOURCE.read_bytes())
    (folder / "kinds.py").write_text(PYTHON)
    program = folder / "kinds"
    subprocess.run(["cc", "-O2", "-pthread", "-o", program, SOURCE, "-lm"], check=True)
    found = [_sized(folder, program, kind, scale) for kind in kinds]
    text = []
    for sizes in found:
        python = sizes.kind in PYTHON_KINDS
        text.append(CONFIG.format(kind=sizes.kind))
        for effect, units in sizes.units.items():
            text.append(
                TARGET.format(
                    kind=sizes.kind,
                    name=round(1000 * effect),
                    adapter="python" if python else "c",
                    source="kinds.py" if python else "kinds.c",
                    units=units,
                )
                + ("" if python else C_OPTIONS)
            )
    (folder / "harness.toml").write_text("".join(text))
    return found


def _sized(folder: Path, program: Path, kind: str, scale: float) -> Sizes:
    start = [sys.executable, str(folder / "kinds.py")] if kind in PYTHON_KINDS else [str(program)]
    span_s = SPAN_S.get(kind, 0.02) * (scale if kind == "long" else 1.0)
    # What differs from start to start has the same units as plain work.
    like = "compute" if kind in ("bimodal", "tail") else kind
    begun_s = _fastest([*start, like, "0"], kind)
    units = 64
    while (took_s := _fastest([*start, like, str(units)], kind, 3)) - begun_s < 0.01:
        units *= 2
    each_s = (_fastest([*start, like, str(units)], kind) - begun_s) / units
    base = max(round((span_s - begun_s) / each_s), 1)
    if begun_s + base * each_s <= 0 or took_s <= 0:
        raise ValueError(f"{kind}: no time can be told")
    whole = begun_s / each_s + base
    return Sizes(kind, {effect: base + round(effect * whole) for effect in EFFECTS})


def _fastest(command: Sequence[str], kind: str, times: int = 15) -> float:
    """The least time of several calls, in s."""
    found = []
    for _ in range(times):
        begun, before = time.perf_counter(), child_cpu_s()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        wall_s, cpu_s = time.perf_counter() - begun, child_cpu_s() - before
        found.append(wall_s if kind in BY_WALL else cpu_s)
    return min(found)
