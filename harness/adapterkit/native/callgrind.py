"""Callgrind: exact instruction counts by call stack, for small deterministic changes.

It runs the program on a simulated CPU, some 50 times slower, and needs no permission. Counts repeat
to the instruction for a program that does the same work each time.
"""

from __future__ import annotations

import re
import signal
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from pathlib import Path

from harness.adapterkit.native.symbols import above_main, resolve
from harness.errors import ToolchainMissing, TrialFailed
from harness.frozen import dataclass
from harness.hookspecs import Runner
from harness.model import (
    Build,
    Command,
    Frame,
    Profile,
    ProfilePlan,
    Stack,
    Trial,
    TrialPlan,
    TrialStatus,
)

HINT = "Debian: apt-get install valgrind; or take --with perf."
CALLERS = 16
"""How many callers tell one context of a function from another."""
NAMED = re.compile(r"^\((?P<id>\d+)\)(?: (?P<name>.*))?$")
RECURSION = re.compile(r"^\d+$")
UNKNOWN = re.compile(r"unhandled instruction|unrecognised instruction|Illegal", re.I)


@dataclass(frozen=True, slots=True)
class Context:
    """A function of an object, reached by these callers (nearest first)."""

    object: str
    function: str
    callers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CodePlace:
    """An instruction within a context, and the source line that callgrind has for it."""

    context: Context
    address: int
    file: str
    line: int


@dataclass(slots=True)
class Counts:
    """What callgrind counted."""

    costs: Counter[CodePlace] = field(default_factory=Counter)
    """Instructions by place."""
    calls: Counter[str] = field(default_factory=Counter)
    """Calls by function."""
    sites: defaultdict[Context, Counter[CodePlace]] = field(
        default_factory=lambda: defaultdict(Counter)
    )
    """Where a context was called from, with what it cost there."""


def count_instructions(
    build: Build, arguments: Sequence[str], plan: ProfilePlan, folder: Path, runner: Runner
) -> Profile:
    """Count the instructions of a build.

    Raises ToolchainMissing without valgrind, TrialFailed where the program left no counts.
    """
    valgrind = runner.find("valgrind")
    if valgrind is None:
        raise ToolchainMissing("valgrind is not installed", hint=HINT)
    for old in folder.glob("callgrind.out.*"):
        old.unlink()
    place = str(folder).replace("%", "%%")  # valgrind fills in what follows a %
    argv = (
        *(str(valgrind), "-q", "--tool=callgrind", "--dump-instr=yes", "--dump-line=yes"),
        *(f"--separate-callers={CALLERS}", "--trace-children=yes"),
        f"--callgrind-out-file={place}/callgrind.out.%p",
    )
    words = (*argv, str(build.program), *arguments)
    command = Command(words, build.target.env, build.target, profile=folder)
    trial = runner.trial(command, TrialPlan(timeout_ns=plan.timeout_ns, phases=False))
    files = sorted(path for path in folder.glob("callgrind.out.*") if path.stat().st_size)
    counts = Counts()
    for path in files:
        read_counts(path.read_text(errors="replace").splitlines(), counts)
    problems = _refusal(trial, counts)
    stacks = name_counts(counts, build.program, folder, runner)
    if len(files) > 1:
        problems.append(f"{len(files)} processes: their counts are added up")
    return Profile(
        tool="callgrind",
        by=plan.by,
        unit="instructions",
        total=float(counts.costs.total()),
        stacks=stacks,
        calls=dict(counts.calls),
        wall_ns=trial.wall_ns,
        cpu_ns=trial.cpu_ns,
        warnings=tuple(problems),
        exports={path.name: str(path) for path in files},
    )


def _refusal(trial: Trial, counts: Counts) -> list[str]:
    if trial.ok:
        return []
    if trial.signal == signal.SIGILL or UNKNOWN.search(trial.message):
        raise TrialFailed(
            "valgrind does not know an instruction of this program",
            hint="Profile with --with perf, or build without AVX-512 (-mno-avx512f).",
        )
    if trial.status is TrialStatus.TIMED_OUT or not counts.costs:
        raise TrialFailed(
            f"callgrind left no counts: {trial.message}",
            hint="It is some 50 times slower than the program alone: take a smaller case.",
        )
    return [
        f"the program did not end well while it was profiled ({trial.message});"
        " the counts cover what ran until then"
    ]


@dataclass(slots=True)
class _Reader:
    """The state of a callgrind file: names are given once, positions are relative."""

    names: dict[str, dict[str, str]] = field(default_factory=dict)
    object: str = ""
    file: str = ""
    function: str = ""
    instruction: bool = True
    address: int = 0
    line: int = 0

    def name(self, kind: str, text: str) -> str:
        match = NAMED.match(text)
        if match is None:
            return text
        table = self.names.setdefault(kind, {})
        if match["name"] is not None:
            table[match["id"]] = match["name"]
        return table.get(match["id"], "???")

    def move(self, words: Sequence[str]) -> int:
        """Take the position of a cost line and return its cost."""
        if self.instruction:
            self.address = _position(words[0], self.address)
        at = 1 if self.instruction else 0
        self.line = _position(words[at], self.line)
        return int(words[at + 1]) if len(words) > at + 1 else 0


def read_counts(lines: Iterable[str], counts: Counts) -> None:
    """Add one callgrind file to the counts.

    The format: https://valgrind.org/docs/manual/cl-format.html.
    """
    state = _Reader()
    context = callee = Context("", "", ())
    called_object: str | None = None
    is_call = False
    for line in lines:
        key, equals, value = line.partition("=")
        if line.startswith("positions:"):
            state.instruction = "instr" in line
        elif equals and key == "ob":
            state.object = state.name("ob", value)
        elif equals and key in ("fl", "fi", "fe"):
            state.file = state.name("fl", value)
        elif equals and key == "fn":
            context = _context(state.object, state.name("fn", value))
        elif equals and key == "cob":
            called_object = state.name("ob", value)
        elif equals and key in ("cfi", "cfl"):
            state.name("fl", value)
        elif equals and key == "cfn":
            callee = _context(called_object or state.object, state.name("fn", value))
            called_object = None
        elif equals and key == "calls":
            counts.calls[callee.function] += int(value.split()[0])
            is_call = True
        elif line[:1] in ("+", "-", "*") or line[:1].isdigit():
            cost = state.move(line.split())
            place = CodePlace(context, state.address, state.file, state.line)
            if is_call:  # what the callee cost, which its own lines say again
                counts.sites[callee][place] += cost
            else:
                counts.costs[place] += cost
            is_call = False


def _position(word: str, before: int) -> int:
    if word == "*":
        return before
    if word[0] in "+-":
        return before + int(word)
    return int(word, 16) if word.startswith("0x") else int(word)


def _context(object_: str, name: str) -> Context:
    words = [word.split("@@")[0] for word in name.split("'") if not RECURSION.match(word)]
    return Context(object_, words[0], tuple(words[1:]))


def name_counts(counts: Counts, program: Path, folder: Path, runner: Runner) -> dict[Stack, float]:
    """Instructions by call stack; within the program's own code, inlined functions told apart."""
    places = [*counts.costs, *(place for sites in counts.sites.values() for place in sites)]
    own = {place.address for place in places if place.context.object == str(program)}
    frames = resolve(program, own, folder, runner)
    named: defaultdict[Stack, float] = defaultdict(float)
    for place, cost in counts.costs.items():
        stack = *_callers(place.context, counts, program, frames), *_at(place, program, frames)
        named[above_main(stack)] += cost
    return dict(named)


def _callers(context: Context, counts: Counts, program: Path, frames: Mapping[int, Stack]) -> Stack:
    """The frames around a context, outermost first: each called from where it cost most.

    A context that calls itself again, by way of others or not, counts once.
    """
    stack: Stack = ()
    seen = {context}
    while True:
        sites = {p: c for p, c in counts.sites.get(context, {}).items() if p.context not in seen}
        if not sites:
            return stack
        place = max(sites, key=lambda site: sites[site])
        stack = (*_at(place, program, frames), *stack)
        context = place.context
        seen.add(context)


def _at(place: CodePlace, program: Path, frames: Mapping[int, Stack]) -> Stack:
    """The frames at one place, inlined functions included."""
    context = place.context
    if context.object != str(program):
        return (Frame(context.function, Path(context.object).name, native=True),)
    if place.address in frames:
        return frames[place.address]
    file = place.file.replace("???", "")
    return (Frame(context.function, file or program.name, place.line or None),)
