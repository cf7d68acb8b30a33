"""Linux perf: samples of call stacks by the kernel's CPU clock, and hardware counters.

The clock is a software event, so it serves on virtual machines that offer no counters. Stacks are
unwound from debugging information, so the profiled code is compiled just as the timed one: no
frame pointer is asked for, and callers of library functions are not lost.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from pathlib import Path

from harness.adapterkit.native.symbols import above_main, address_of, read_segments, resolve
from harness.errors import ToolchainMissing, TrialFailed
from harness.frozen import dataclass
from harness.hookspecs import Runner
from harness.model import (
    Build,
    Command,
    Frame,
    Profile,
    ProfileBy,
    ProfilePlan,
    Stack,
    Trial,
    TrialPlan,
)

HINT = "Debian: apt-get install linux-perf; or take --with callgrind (apt-get install valgrind)."
FORBIDDEN = re.compile(r"perf_event_paranoid|not permitted|Permission denied|Access to perf", re.I)
ALLOW = (
    "Allow it: sudo sysctl kernel.perf_event_paranoid=1 (or run as root, or with CAP_PERFMON);"
    " or take --with callgrind."
)
STACK_BYTES = 8192
WANTED_SAMPLES = 3000
FEW_SAMPLES = 200
MAX_HERTZ = 4999
MAX_REPEATS = 10
_RECORD = ("record", "-q", "--no-buildid", "-e", "cpu-clock")
"""What `perf script` does not ask for is left out: build ids, which perf reads its file again for.
"""
_NO_BPF = "--no-bpf-event"
"""Leaves the kernel's own programs out, which a thread of perf waits a second for after each run.
Perf older than 5.1 has neither that thread nor the option."""
EVENTS = (
    *("task-clock", "cycles", "instructions", "branches", "branch-misses"),
    *("cache-references", "cache-misses", "L1-dcache-load-misses"),
    *("page-faults", "context-switches", "cpu-migrations"),
)
HARDWARE = frozenset(EVENTS[1:8])

HEAD = re.compile(r"^(?P<comm>.*?)\s+(?P<pid>\d+)/(?P<tid>\d+)\s+(?P<time>\d+\.\d+):(?P<rest>.*)$")
ENTRY = re.compile(r"^\s+(?P<ip>[0-9a-f]+) (?P<name>.*?) \((?P<object>[/\[].*|[^()]*)\)$")
"""Names (of C++) and objects may both hold parentheses: a path begins at the first ` (/`."""
LOST = re.compile(r"PERF_RECORD_LOST(?:_SAMPLES)?.*?lost (\d+)")


class Forbidden(ToolchainMissing):
    """The kernel does not let this user sample."""


@dataclass(frozen=True, slots=True)
class StackEntry:
    """One entry of a sampled stack as perf prints it."""

    offset: int
    """Within the object's file."""
    symbol: str
    object: str


@dataclass(slots=True)
class Samples:
    """What `perf script` said: stacks innermost first, and how the program went."""

    stacks: Counter[tuple[StackEntry, ...]] = field(default_factory=Counter)
    threads: set[tuple[int, int]] = field(default_factory=set)
    lost: int = 0
    started_s: float = math.inf
    ended_s: float = 0.0

    @property
    def wall_ns(self) -> int:
        """From the program's start to its last process' end; 0 where perf did not say."""
        known = math.isfinite(self.started_s) and self.ended_s > self.started_s
        return round((self.ended_s - self.started_s) * 1e9) if known else 0


def sample(
    build: Build, arguments: Sequence[str], plan: ProfilePlan, folder: Path, runner: Runner
) -> Profile:
    """Sample a build, again and again where it is too short.

    Raises ToolchainMissing without perf, Forbidden where the kernel refuses, TrialFailed where
    the program left no sample.
    """
    perf = _find_perf(runner)
    recording = _recording(perf, runner)
    hertz, repeats = sampling(plan.plain_wall_ns)
    files, runs, problems = [], [], []
    for number in range(repeats):
        file = folder / ("perf.data" if number == 0 else f"perf.data.{number}")
        argv = [*recording, "-F", str(hertz)]
        argv += ["--call-graph", f"dwarf,{STACK_BYTES}", "-o", str(file), "--"]
        words = (*argv, str(build.program), *arguments)
        command = Command(words, build.target.env, build.target, profile=folder)
        trial = runner.trial(command, TrialPlan(timeout_ns=plan.timeout_ns, phases=False))
        problems += refusal(trial, file)
        if not file.is_file() or file.stat().st_size == 0:
            continue
        files.append(file)
        runs.append(read_samples(script(perf, file, runner)))
        if not trial.ok:
            break
    counted = sum((run.stacks for run in runs), Counter[tuple[StackEntry, ...]]())
    if not counted:
        raise TrialFailed(
            f"perf took no sample of target {build.target.name!r} in {len(runs)} runs"
            + "".join(f"; {problem}" for problem in problems[:1]),
            hint="Take a larger case, or exact counts: --with callgrind.",
        )
    stacks = name_stacks(counted, build.program, folder, runner)
    warnings = [*dict.fromkeys(problems), *sampling_remarks(runs, repeats, hertz), *unnamed(stacks)]
    spans = [run.wall_ns for run in runs if run.wall_ns]
    return Profile(
        tool="perf",
        by=plan.by,
        unit="samples",
        total=float(counted.total()),
        stacks=stacks,
        wall_ns=sorted(spans)[len(spans) // 2] if spans else 0,
        cpu_ns=round(counted.total() / len(runs) / hertz * 1e9),  # the clock ticks on the CPU only
        warnings=tuple(warnings),
        exports={"perf.data": str(files[0])},
    )


def _find_perf(runner: Runner) -> Path:
    """The perf program; ToolchainMissing where there is none."""
    perf = runner.find("perf")
    if perf is None:
        raise ToolchainMissing("perf is not installed", hint=HINT)
    return perf


def _recording(perf: Path, runner: Runner) -> tuple[str, ...]:
    """The words that have perf record, as far as it knows them by its own help."""
    said = runner.tool([str(perf), "record", "-h"])
    more = (_NO_BPF,) if _NO_BPF in said.stdout + said.stderr else ()
    return (str(perf), *_RECORD, *more)


def sampling(plain_wall_ns: int) -> tuple[int, int]:
    """Choose samples per second and runs, so that there are enough samples and files stay small."""
    seconds = max(plain_wall_ns, 1_000_000) / 1e9
    hertz = round(min(MAX_HERTZ, max(49, WANTED_SAMPLES / seconds)))
    repeats = math.ceil(FEW_SAMPLES / (hertz * seconds))
    return hertz, min(MAX_REPEATS, max(1, repeats))


def refusal(trial: Trial, file: Path) -> list[str]:
    """What to say of a profiled run that did not end well; raises where perf itself refused."""
    if trial.ok:
        return []
    sampled = file.is_file() and file.stat().st_size > 0
    if not sampled and FORBIDDEN.search(trial.message):
        raise Forbidden("the kernel forbids perf to sample (perf_event_paranoid)", hint=ALLOW)
    if not sampled:
        raise TrialFailed(f"perf recorded nothing: {trial.message}")
    return [
        f"the program did not end well while it was profiled ({trial.message});"
        " the profile covers what ran until then"
    ]


def script(perf: Path, file: Path, runner: Runner) -> str:
    """The samples of a file as text; TrialFailed where perf cannot read its own file."""
    said = runner.tool(
        [
            *(str(perf), "script", "-i", str(file), "--no-inline", "--show-task-events"),
            *("--show-lost-events", "-F", "comm,pid,tid,time,ip,sym,dso"),
        ]
    )
    if not said.ok and not said.stdout:
        raise TrialFailed(
            f"perf script cannot read {file}: {said.stderr.strip()[-300:]}",
            hint="A program that is killed together with perf leaves no whole file.",
        )
    return said.stdout


def read_samples(text: str) -> Samples:
    """Parse what `script` prints: a head line, the stack's entries, an empty line."""
    samples = Samples()
    head: re.Match[str] | None = None
    stack: list[StackEntry] = []
    for line in [*text.splitlines(), ""]:
        if line[:1] in (" ", "\t") and (entry := ENTRY.match(line)) and head:
            name = entry["name"].removesuffix(" (inlined)")
            stack.append(StackEntry(int(entry["ip"], 16), name, entry["object"]))
        elif "PERF_RECORD_" in line:
            _read_event(line, samples)
            head, stack = None, []
        elif line.strip():
            head, stack = HEAD.match(line), []
        elif head and stack:
            samples.stacks[tuple(stack)] += 1
            samples.threads.add((int(head["pid"]), int(head["tid"])))
            head, stack = None, []
    return samples


def _read_event(line: str, samples: Samples) -> None:
    if lost := LOST.search(line):
        samples.lost += int(lost[1])
    head = HEAD.match(line)
    if head is None:
        return
    if "COMM exec" in line:
        samples.started_s = min(samples.started_s, float(head["time"]))
    elif "RECORD_EXIT" in line:
        samples.ended_s = max(samples.ended_s, float(head["time"]))


def name_stacks(
    counted: Mapping[tuple[StackEntry, ...], int], program: Path, folder: Path, runner: Runner
) -> dict[Stack, float]:
    """Stacks with functions, files and lines, outermost frame first."""
    own = {e.offset for stack in counted for e in stack if e.object == str(program)}
    segments = read_segments(program)
    address = {offset: address_of(offset, segments) for offset in own}
    frames = resolve(program, set(address.values()), folder, runner)
    named: defaultdict[Stack, float] = defaultdict(float)
    for stack, count in counted.items():
        outward = (_frames(e, str(program), address, frames) for e in reversed(stack))
        named[above_main(tuple(f for part in outward for f in part))] += count
    return dict(named)


def _frames(
    entry: StackEntry,
    program: str,
    address: Mapping[int, int],
    frames: Mapping[int, tuple[Frame, ...]],
) -> tuple[Frame, ...]:
    symbol = entry.symbol.split("@@")[0]
    if entry.object == program:
        stub = Frame(symbol, Path(program).name, native=symbol.endswith("@plt"))
        return frames.get(address[entry.offset], (stub,))
    kernel = entry.object.startswith("[") and "kernel" in entry.object
    return (Frame(symbol, "[kernel]" if kernel else Path(entry.object).name, native=True),)


def sampling_remarks(runs: Sequence[Samples], repeats: int, hertz: int) -> Iterator[str]:
    """What a reader of the table should know about the sampling."""
    total = sum(run.stacks.total() for run in runs)
    lost = sum(run.lost for run in runs)
    if repeats > 1:
        yield (
            f"the program is short: it was run {len(runs)} times at {hertz} samples a second"
            f" for {total} samples, each run in a perf.data of its own"
        )
    if total < FEW_SAMPLES:
        yield f"only {total} samples: shares are rough; take a larger case or --with callgrind"
    if lost > 0.01 * total:
        yield f"{lost} samples were lost"
    processes = max((len({pid for pid, _ in run.threads}) for run in runs), default=0)
    threads = max((len(run.threads) for run in runs), default=0)
    if threads > 1:
        yield f"{processes} processes with {threads} threads in all: their samples are added up"


def unnamed(stacks: Mapping[Stack, float]) -> Iterator[str]:
    """A warning where the target's own code has no source lines."""
    own = sum(w for stack, w in stacks.items() if not stack[-1].native)
    bare = sum(w for stack, w in stacks.items() if not stack[-1].native and stack[-1].line is None)
    if bare > 0.1 * own:
        yield (
            f"{bare / own:.0%} of the target's own samples have no source line: objects and"
            " libraries among its sources were built without -g, or were stripped"
        )


def count_events(
    build: Build, arguments: Sequence[str], plan: ProfilePlan, folder: Path, runner: Runner
) -> Profile:
    """Counters over the whole program; hardware ones where the machine has them."""
    perf = _find_perf(runner)
    file = folder / "perf-stat.csv"
    argv = (str(perf), "stat", "-x", ";", "-e", ",".join(EVENTS), "-o", str(file), "--")
    words = (*argv, str(build.program), *arguments)
    command = Command(words, build.target.env, build.target, profile=folder)
    trial = runner.trial(command, TrialPlan(timeout_ns=plan.timeout_ns, phases=False))
    problems = refusal(trial, file)
    counters = read_counters(file.read_text(errors="replace"))
    if not HARDWARE & counters.keys():
        problems.append(
            "this machine offers no hardware counters, as is usual for a virtual one;"
            " --with callgrind counts instructions exactly"
        )
    return Profile(
        tool="counters",
        by=ProfileBy.FUNCTION,
        unit="events",
        total=0.0,
        warnings=tuple(problems),
        exports={file.name: str(file)},
        counters=counters,
    )


def read_counters(text: str) -> dict[str, float]:
    """The counters of `perf stat -x ;`; those not counted or not supported are left out."""
    found = {}
    for line in text.splitlines():
        fields = line.split(";")
        if line.startswith("#") or len(fields) < 3:
            continue
        value, unit, name = fields[0], fields[1], fields[2].split(":")[0]
        if re.fullmatch(r"\d+(\.\d+)?", value) and name:
            found[f"{name} ({unit})" if unit else name] = float(value)
    return found
