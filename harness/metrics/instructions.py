"""Instructions that a program executes; for `--metric instructions`.

They are counted in executions of their own, apart from the timed trials: by the CPU's counter
where `perf stat` may read it, else by valgrind's callgrind, which simulates the program and takes
some 50 times as long. Both count user-mode instructions of the process and its descendants. A count
repeats to the instruction where the program does the same work each time, so that it finds changes
far below the noise of time. It is no time: what an instruction costs depends on caches, branches
and width, and what the kernel does is not counted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from harness.errors import ToolchainMissing, TrialFailed
from harness.hookspecs import Runner, hookimpl
from harness.model import Better, Build, Command, MetricInfo, TrialPlan

NAME = "instructions"
_EVENT = "instructions:u"
_TOTALS = re.compile(r"^(?:totals|summary): *(\d+)", re.M)
_offered: list[Path | None] = []
"""The perf that may count here, or None; asked once."""


@hookimpl
def harness_metrics() -> Sequence[MetricInfo]:
    return [MetricInfo(NAME, "", Better.LOWER, source=NAME, deterministic=True)]


@hookimpl
def harness_beside(
    build: Build, command: Command, folder: Path, runner: Runner
) -> Mapping[str, float]:
    perf = _perf(runner)
    if perf is not None:
        return {NAME: _by_perf(perf, build, command, folder, runner)}
    valgrind = runner.find("valgrind")
    if valgrind is None:
        raise ToolchainMissing(
            "neither perf's counters nor valgrind can count instructions here",
            hint="Debian: apt-get install valgrind.",
        )
    return {NAME: _by_valgrind(valgrind, build, command, folder, runner)}


def _perf(runner: Runner) -> Path | None:
    """The perf whose counter works: in a virtual machine there often is none."""
    if not _offered:
        perf = runner.find("perf")
        if perf is not None:
            tried = runner.tool([str(perf), "stat", "-x,", "-e", _EVENT, "true"])
            if not tried.ok or _read_perf(tried.stderr) is None:
                perf = None
        _offered.append(perf)
    return _offered[0]


def _by_perf(perf: Path, build: Build, command: Command, folder: Path, runner: Runner) -> float:
    told = folder / "perf.csv"
    before = (str(perf), "stat", "-x,", "-e", _EVENT, "-o", str(told), "--")
    _execute(before, build, command, folder, runner)
    count = _read_perf(told.read_text(encoding="utf-8")) if told.exists() else None
    if count is None:
        raise TrialFailed("perf stat counted no instructions")
    return count


def _read_perf(text: str) -> float | None:
    """The count of perf's comma-separated lines; None where it is not offered."""
    for line in text.splitlines():
        first = line.split(",")[0]
        if first.isdigit():
            return float(first)
    return None


def _by_valgrind(
    valgrind: Path, build: Build, command: Command, folder: Path, runner: Runner
) -> float:
    place = str(folder).replace("%", "%%")  # valgrind fills in what follows a %
    before = (
        *(str(valgrind), "-q", "--tool=callgrind", "--trace-children=yes"),
        f"--callgrind-out-file={place}/callgrind.out.%p",
    )
    _execute(before, build, command, folder, runner)
    counts = [
        max(float(found[1]) for found in _TOTALS.finditer(path.read_text(errors="replace")))
        for path in folder.glob("callgrind.out.*")
        if path.stat().st_size
    ]
    if not counts:
        raise TrialFailed("valgrind counted no instructions")
    return sum(counts)


def _execute(
    before: tuple[str, ...], build: Build, command: Command, folder: Path, runner: Runner
) -> None:
    """Execute a command with a counter before it; TrialFailed where it does not end well."""
    program = runner.find(command.argv[0])
    words = (*before, str(program or command.argv[0]), *command.argv[1:])
    counted = replace(command, argv=words, profile=folder)
    plan = TrialPlan(timeout_ns=build.target.timeout_ns, phases=False)
    trial = runner.trial(counted, plan)
    if not trial.ok:
        raise TrialFailed(f"{build.target.name} under {Path(before[0]).name}: {trial.message}")
