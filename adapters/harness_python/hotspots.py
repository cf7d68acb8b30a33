"""Where a Python program's time goes, by profilers on the target's own interpreter.

By function: cProfile, whose calls and times are exact but which slows every call down; a second run
is sampled by pyinstrument where that can be imported, for the call stacks and to say where cProfile
misleads. By line: line_profiler on the hottest functions, which cProfile finds first.
"""

from __future__ import annotations

import contextlib
import json
import math
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from harness.errors import ToolchainMissing, TrialFailed, UsageError
from harness.hookspecs import Runner
from harness.model import (
    Build,
    Case,
    HotSpot,
    Profile,
    ProfileBy,
    ProfilePlan,
    Stack,
    Trial,
    TrialPlan,
)
from harness_python import build as _build
from harness_python import figures
from harness_python.enclosing import with_enclosing

PROFILER = Path(__file__).with_name("profiler.py")
TOOLS = ("cProfile", "sample", "line_profiler")
PACKAGES = {"sample": "pyinstrument", "line_profiler": "line_profiler"}
HOTTEST = 5
WORTH_LINES = 0.02
WORTH_TOP_LEVEL = 0.2
FEW_SAMPLES = 200
WALL, CPU = "wall", "cpu"
"""Clocks of a profile: what a program with threads or processes waits for is no work of its own."""
IMPORTING = ("_find_and_load",)
"""What Python's import system calls first: all within it is start-up."""
COMPILING = frozenset({"_compile_for_args", "compile_or_get_cached"})
"""What just-in-time compilers of Python call when they compile: Numba's and JAX's."""
STARTS = 3
SMALL_START_UP = 0.2
"""Where an empty program takes this share of the whole at most, one start says enough of it."""
WAITING = 0.3
"""A program whose CPU time is below this share of its wall time waits."""
MOST_START_UP = 0.95
MAX_REPEATS = 5
UNSURE = 0.05
"""The CPU time of profiled processes is known to this share."""
WORTH_A_WORD = 0.01
MISLEADING = 0.15
"""A function whose share differs by this much between cProfile and the samples."""


@dataclass(frozen=True, slots=True)
class Session:
    """What one profiled run needs and where it puts things."""

    build: Build
    case: Case
    plan: ProfilePlan
    folder: Path
    runner: Runner

    def run(self, tool: str, **asked: Any) -> tuple[Trial, list[dict[str, Any]]]:
        """Execute the program under a tool: the trial, and what each of its processes wrote."""
        for old in self.folder.glob(f"{tool}.json*"):
            old.unlink()
        words = {
            "tool": tool,
            "out": str(self.folder / f"{tool}.json"),
            "package": PACKAGES.get(tool),
            "lend": self.lend(tool),
            "interval_s": interval_s(self.plan.plain_wall_ns),
            "functions": [],
            "clock": WALL,
            **asked,
        }
        plan = self.folder / f"{tool}.plan.json"
        plan.write_text(json.dumps(words))
        command = _build.command(self.build, self.case, (str(PROFILER), str(plan)))
        lent = [Path(words["lend"])] if words["lend"] else []
        command = replace(command, reads=(*command.reads, *lent), profile=self.folder)
        limits = TrialPlan(timeout_ns=self.plan.timeout_ns, phases=False)
        trial = self.runner.trial(command, limits)
        files = sorted(self.folder.glob(f"{tool}.json.*[0-9]"))
        found = [json.loads(path.read_text()) for path in files]
        for path in (plan, *files):
            path.unlink()
        if not found:
            raise TrialFailed(
                f"{tool} left no profile: {trial.message or 'the program ended by os._exit'}",
                hint="A profile is written when the program ends; one that is killed leaves none.",
            )
        return trial, found

    def lend(self, tool: str) -> str | None:
        """The folder that brings the tool to an interpreter that lacks it; None: it has it.

        Raises ToolchainMissing where neither the interpreter nor we can help.
        """
        package = PACKAGES.get(tool)
        if package is None:
            return None
        python = str(self.build.program)
        # That it is there is known of our own interpreter without a start of it.
        ours = find_spec(package)
        if ours is not None and _is_ours(Path(python)):
            return None
        if self.runner.tool([python, "-c", f"import {package}"]).ok:
            return None
        if ours is not None and ours.origin is not None:
            folder = str(Path(ours.origin).parents[1])
            words = f"import sys; sys.path.append({folder!r}); import {package}"
            if self.runner.tool([python, "-c", words]).ok:
                return folder
        raise ToolchainMissing(
            f"{package} cannot be imported by {python} ({self.build.toolchain.version})",
            hint=f"{python} -m pip install {package}",
        )


def _is_ours(python: Path) -> bool:
    """Is it the interpreter that runs the harness, by any of its names in the same environment?"""
    mine = Path(sys.executable)
    return python.parent == mine.parent and python.resolve() == mine.resolve()


def interval_s(plain_wall_ns: int) -> float:
    """Seconds between samples: some thousands in all, at most one in 0.2 ms."""
    return min(0.01, max(0.0002, plain_wall_ns / 1e9 / 3000))


def profile(build: Build, case: Case, plan: ProfilePlan, runner: Runner) -> Profile:
    """Profile a target by the tool asked for, else by the one that fits what is asked."""
    if plan.memory:
        raise UsageError(
            "allocations are not profiled for Python", hint="Try tracemalloc, or memray."
        )
    tool = plan.tool or ("line_profiler" if plan.by is ProfileBy.LINE else "cProfile")
    if tool not in TOOLS:
        raise UsageError(
            f"--with {tool}: the Python adapter profiles with {', '.join(TOOLS)}",
            hint="Without --with, cProfile serves by function and line_profiler by line.",
        )
    if (plan.by is ProfileBy.LINE) != (tool == "line_profiler"):
        raise UsageError(
            f"{tool} does not profile by {plan.by.value}",
            hint="Lines: --by line --with line_profiler. Functions: cProfile or sample.",
        )
    folder = plan.folder or build.workdir / "profile"
    folder.mkdir(exist_ok=True)
    plain = replace(build, target=replace(build.target, steady=False))
    session = Session(plain, case, plan, folder, runner)
    by_tool = {"sample": sampled, "line_profiler": lines}
    return with_enclosing(by_tool.get(tool, exact)(session))


def exact(session: Session) -> Profile:
    """Functions by cProfile, with sampled stacks beside them where pyinstrument serves.

    A program with threads or processes is profiled again by their CPU time, so that those that
    wait hide nothing; where cProfile cannot tell threads apart, sampling takes its place.
    """
    trial, processes = session.run("cProfile")
    clock = WALL
    if _is_concurrent(processes):
        if _threads_of(processes) and not _tells_threads(processes) and session.plan.tool is None:
            with contextlib.suppress(ToolchainMissing, TrialFailed):
                return sampled(session, CPU)
        if _tells_threads(processes) or not _threads_of(processes):
            clock = CPU
            trial, processes = session.run("cProfile", clock=clock)
    entries = _entries_of(processes)
    rows = figures.with_programs(entries, programs_cpu_s(processes), waits=clock == WALL)
    spots, total_ns = figures.functions(rows, str(PROFILER))
    stacks: Mapping[Stack, float] = {}
    if session.plan.tool is None:
        with contextlib.suppress(ToolchainMissing, TrialFailed):
            stacks = samples(session, clock).stacks
    warnings = remarks(trial, processes, "cProfile", clock)
    start_up = start_up_share(session)
    if stacks:
        warnings += figures.misled(entries, stacks, MISLEADING)
    return Profile(
        tool="cProfile",
        by=ProfileBy.FUNCTION,
        unit="ns",
        total=total_ns,
        spots=spots,
        stacks=stacks,
        stacks_by="sample",
        wall_ns=trial.wall_ns,
        cpu_ns=trial.cpu_ns,
        warnings=tuple(warnings),
        exports={path.name: str(path) for path in session.folder.glob("cProfile.json.*.pstats")},
        start_up=IMPORTING,
        start_up_share=start_up,
        compilation_share=(1 - start_up) * compiled_share(spots),
    )


def compiled_share(spots: Sequence[HotSpot]) -> float:
    """The share of a profile that passes in just-in-time compilers."""
    return max((spot.total_share for spot in spots if spot.function in COMPILING), default=0.0)


def _threads_of(processes: Sequence[Mapping[str, Any]]) -> int:
    """How many threads the program started, in all of its processes."""
    return sum(process["threads"] for process in processes)


def _tells_threads(processes: Sequence[Mapping[str, Any]]) -> bool:
    """Does the tool profile each thread by itself?"""
    return all(process["every_thread"] for process in processes)


def _is_concurrent(processes: Sequence[Mapping[str, Any]]) -> bool:
    """Did it start threads or processes, for which some thread of it waits?"""
    return _threads_of(processes) > 0 or any(process["children"] for process in processes)


def programs_cpu_s(processes: Sequence[Mapping[str, Any]]) -> float:
    """The CPU time of programs that were started, of which no profile tells; 0: none worth a row.

    It is that of all children without those that left a profile. These go on for a moment after
    they wrote it, so that beside them a small rest is no program's.
    """
    main = next((process for process in processes if process["main"]), None)
    if main is None:
        return 0.0
    told = [float(process["cpu_s"]) for process in processes if process is not main]
    rest = float(main["children_cpu_s"]) - math.fsum(told)
    return rest if rest > UNSURE * math.fsum(told) else 0.0


def start_up_share(session: Session) -> float:
    """The share of a plain run that the interpreter takes to start and to end: of an empty one.

    By CPU time, which a busy machine does not stretch; of the wall time of a program that waits.
    What the plan knows of it is enough, where it is a small part of the run.
    """
    command, asked = _build.empty_command(session.build), session.plan
    waits = asked.plain_cpu_ns < WAITING * asked.plain_wall_ns
    whole_ns = max(1, asked.plain_wall_ns if waits else asked.plain_cpu_ns)
    starts_ns = [asked.start_up_cpu_ns] if asked.start_up_cpu_ns else []
    if not starts_ns or starts_ns[0] > SMALL_START_UP * whole_ns:
        plan = TrialPlan(timeout_ns=asked.timeout_ns, phases=False)
        further = range(STARTS - len(starts_ns))
        starts_ns += [session.runner.trial(command, plan).cpu_ns for _ in further]
    return min(MOST_START_UP, min(starts_ns) / whole_ns)


def _entries_of(processes: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [entry for process in processes for entry in process["entries"]]


def sampled(session: Session, clock: str = WALL) -> Profile:
    """What `samples` finds, with what the interpreter takes to start."""
    return replace(samples(session, clock), start_up_share=start_up_share(session))


def samples(session: Session, clock: str = WALL) -> Profile:
    """Stacks by pyinstrument; a short program is run again until there are enough samples.

    Where the program turns out to start threads or processes, their CPU time is what counts.
    """
    stacks: defaultdict[Stack, float] = defaultdict(float)
    taken, trials, programs_ns = 0, [], 0.0
    remarked: list[str] = []
    for _ in range(MAX_REPEATS):
        trial, processes = session.run("sample", clock=clock)
        if clock == WALL and _is_concurrent(processes):
            return samples(session, CPU)
        trials.append(trial)
        entries = _entries_of(processes)
        taken += sum(entry["samples"] for entry in entries)
        for stack, weight_ns in figures.stacks(entries, str(PROFILER)):
            stacks[stack] += weight_ns
        programs_ns += programs_cpu_s(processes) * 1e9
        remarked = remarks(trial, processes, "sample", clock)
        if taken >= FEW_SAMPLES or not trial.ok:
            break
    if len(trials) > 1:
        remarked.append(f"the program is short: it was run {len(trials)} times for {taken} samples")
    if not stacks:
        raise TrialFailed(
            f"pyinstrument took no sample of target {session.build.target.name!r}",
            hint="Take a larger case, or exact counts: --with cProfile.",
        )
    counted = figures.stacks_with_programs(stacks, programs_ns, waits=clock == WALL)
    if taken < FEW_SAMPLES:
        remarked.append(f"only {taken} samples: shares are rough; take a larger case")
    return Profile(
        tool="sample",
        by=ProfileBy.FUNCTION,
        unit="ns",
        total=math.fsum(counted.values()),
        stacks=counted,
        wall_ns=sorted(trial.wall_ns for trial in trials)[len(trials) // 2],
        cpu_ns=sorted(trial.cpu_ns for trial in trials)[len(trials) // 2],
        warnings=tuple(remarked),
        start_up=IMPORTING,
    )


def lines(session: Session) -> Profile:
    """Lines of the hottest functions, or of the one asked for, by line_profiler."""
    session.lend("line_profiler")
    _, processes = session.run("cProfile")
    entries, wanted = _entries_of(processes), session.plan.function
    chosen = figures.hottest(entries, wanted, HOTTEST, WORTH_LINES)
    if not chosen:
        ranked = figures.functions(entries, str(PROFILER))[0][:HOTTEST]
        what = f"function {wanted!r}" if wanted else "function of the target's own worth a look"
        raise UsageError(
            f"no {what} ran",
            hint="These took most: " + ", ".join(spot.function for spot in ranked) + ".",
        )
    trial, processes = session.run("line_profiler", functions=chosen)
    elapsed_ns = max(process["elapsed_s"] for process in processes) * 1e9
    remarked = remarks(trial, processes, "line_profiler")
    if (share := figures.top_level_share(entries)) > WORTH_TOP_LEVEL and not wanted:
        remarked.append(
            f"{share:.0%} of the time is spent at the top level of modules, whose lines cannot be"
            " profiled: put that work into a function"
        )
    return Profile(
        tool="line_profiler",
        by=ProfileBy.LINE,
        unit="ns",
        total=elapsed_ns,
        spots=figures.lines(_entries_of(processes), elapsed_ns),
        wall_ns=trial.wall_ns,
        cpu_ns=trial.cpu_ns,
        warnings=tuple(remarked),
        start_up_share=start_up_share(session),
    )


def remarks(
    trial: Trial, processes: Sequence[Mapping[str, Any]], tool: str, clock: str = WALL
) -> list[str]:
    """What a reader should know about how the run went."""
    said = []
    if not trial.ok:
        said.append(
            f"the program did not end well while it was profiled ({trial.message});"
            " the profile covers what ran until then"
        )
    threads = _threads_of(processes)
    started = sum(process["children"] for process in processes)
    if started:
        said.append(
            f"{started} processes were started, {len(processes) - 1} of them left a profile;"
            " all that did are added up"
        )
    if threads and _tells_threads(processes):
        said.append(f"{threads} threads were started; all are added up")
    elif threads:
        said.append(
            f"{threads} threads were started: {tool} does not tell them apart here;"
            " --with sample does"
        )
    if clock == CPU:
        said.append("shares are of CPU time, in which threads and processes that wait take none")
    programs_s = programs_cpu_s(processes)
    if programs_s > WORTH_A_WORD * trial.cpu_ns / 1e9:
        said.append(
            f"programs that it started took {programs_s:.3g} s of CPU time: their own profilers"
            " say where"
        )
    running = sum(process["running"] for process in processes)
    if running and tool == "sample":
        said.append(f"{running} threads still ran at the end: their samples are not in the profile")
    return said
