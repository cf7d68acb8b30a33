"""What the method says about a profile; pure.

The guide's anti-patterns: do not optimise what is 2 % of the run, do not trust the small case
alone, and look twice at a hot spot that is start-up, input and output, or waiting.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from harness.frozen import dataclass
from harness.model import Floor, HotSpot, Profile, ProfileReport, Trial
from harness.profiles.spots import REST, START_UP

SMALL_SHARE = 0.05
"""All of it gone gives 1.05x at most: less than an iteration must gain."""
WAITING = 0.7
"""CPU time below this share of the wall time: the program waits more than noise explains."""
STARVED = 0.05
"""CPU time below this share is not due to a crowded machine: the kernel gives each a part."""
BUSY = 1.3
MOSTLY = 0.5

STARTING = re.compile(
    r"^_dl_|^dl_|ld-linux|importlib|<built-in method (builtins\.)?(compile|__import__)|"
    r"_find_and_load|^exec_module|^get_code$|^_compile_bytecode|marshal\.loads|_imp\.|"
    r"typeinf|jl_compile|abstract_interp|^abstract_|jl_generate|codegen|llvm::|LLVM|"
    r"_require|require_prelocked|_include_from_serialized"
)
"""Names of functions that load, import or compile, in C, Python and Julia."""
INPUT_OUTPUT = re.compile(
    r"(^|[._ ])_*(f?read|f?write|pread|pwrite|open|fopen|openat|fsync|recv|send|poll|select|"
    r"readline|readlines|writelines|flush|v?f?printf|fscanf|v?fscanf|getline|putc|puts|fputs|"
    r"__printf_fp|vfprintf_internal|strtod|uv_write|print|println|unsafe_write)"
    r"(_internal|_l)?(@@?\w+)?('? of .*>?|>)?$"
)
"""Names of functions that read and write, in C, Python and Julia."""


@dataclass(frozen=True, slots=True)
class CaseShares:
    """A row's share on each case that was profiled."""

    name: str
    shares: Mapping[str, float]
    """By case, in the order in which they were asked for."""

    @property
    def shift(self) -> float:
        values = list(self.shares.values())
        return max(values) - min(values)


def profile_advice(report: ProfileReport, cases: Sequence[str]) -> tuple[str, ...]:
    """Sentences for a person who is about to choose what to attack.

    `cases` names all cases of the task: a profile of one of several says little of the others.
    """
    return (
        *_small_phases(report.phases),
        *_outside(report.phases),
        *_waits(report.cpu_share, report.crowded),
        *(_kinds(report.spots, report.floor) if report.spots else ()),
        *_one_case(report, cases),
    )


def _small_phases(phases: Profile) -> Iterator[str]:
    """Phases that are not worth an iteration, with what their end would give."""
    outer = [s for s in phases.spots if "/" not in s.phase and s.phase != REST]
    small = [s for s in outer if s.total_share < SMALL_SHARE]
    if not small:
        return
    gone = sum(s.total_share for s in small)
    named = ", ".join(f"{s.phase} ({_percent(s.total_share)})" for s in small)
    yield (
        f"Not worth an iteration: {named}. All of it gone would give {1 / (1 - gone):.2f}x at most."
    )


def _outside(phases: Profile) -> Iterator[str]:
    rest = next((s for s in phases.spots if s.phase == REST), None)
    if rest is not None and rest.total_share > MOSTLY:
        yield (
            f"{_percent(rest.total_share)} of the run is outside all phases: start-up, or work"
            " without a marker. Mark it, or take a larger case, before choosing what to attack."
        )


def crowded_share(trial: Trial) -> float:
    """The share of a trial's wall time in which other programs, or machines, had the CPUs."""
    disturbed = max(trial.pressure_ns or 0, trial.steal_ns or 0)
    return min(1.0, disturbed / max(1, trial.wall_ns))


def waiting_is_unclear(cpu_share: float, crowded: float) -> bool:
    """May a low CPU share come from other programs that wanted the CPUs, not from waiting?"""
    return STARVED <= cpu_share < WAITING and crowded > (1 - cpu_share) / 2


def _waits(cpu_share: float, crowded: float) -> Iterator[str]:
    if waiting_is_unclear(cpu_share, crowded):
        yield (
            f"CPU time is {_percent(cpu_share)} of the wall time, but other programs wanted the"
            f" CPUs for {_percent(crowded)} of it: whether the program waits by itself cannot be"
            " told on so busy a machine."
        )
    # Only where nobody else wanted the CPUs is a low share the program's own waiting.
    elif cpu_share < WAITING:
        yield (
            f"CPU time is {_percent(cpu_share)} of the wall time: the program mostly waits (input"
            " and output, locks, sleep, other processes). Faster code will not shorten a wait."
        )
    elif cpu_share > BUSY:
        yield (
            f"{cpu_share:.1f} CPUs were busy on average: shares are of the work of all threads"
            " and processes, so a bound holds for their CPU time, not always for the wall time."
        )


def _kinds(profile: Profile, floor: Floor | None) -> Iterator[str]:
    """Is most of the work start-up, or input and output, rather than the computation?"""
    known = floor.total_share + profile.compilation_share if floor else 0.0
    start_up = min(1.0, max(_starting(profile), known))
    if start_up > 0.3:
        yield (
            f"{_percent(start_up)} is start-up (loading, importing, compiling): it shrinks on a"
            " larger case, and steady mode leaves it out (harness run --mode steady)."
        )
    input_output = _share_of(profile, INPUT_OUTPUT)
    if input_output > 0.3:
        yield (
            f"{_percent(input_output)} is input and output: read and write in larger pieces, in"
            " another format, or less often, before touching the computation."
        )


def _starting(profile: Profile) -> float:
    """The share of start-up: of its own row where there is one, else by innermost functions.

    By no others: every program is called by something that is named like start-up (`_start`).
    """
    row = next((s for s in profile.spots if s.function == START_UP.function), None)
    own = sum(s.self_share for s in profile.spots if STARTING.search(s.function))
    return max(row.total_share if row else 0.0, own + (row.self_share if row else 0.0))


def _share_of(profile: Profile, names: re.Pattern[str]) -> float:
    """The share of stacks, else of rows' own weight, that go through a function so named."""
    if profile.stacks and not profile.calls:
        hit = sum(
            weight
            for stack, weight in profile.stacks.items()
            if any(names.search(frame.function) for frame in stack)
        )
        total = sum(profile.stacks.values())
        return hit / total if total else 0.0
    return sum(s.self_share for s in profile.spots if names.search(s.function))


def _one_case(report: ProfileReport, cases: Sequence[str]) -> Iterator[str]:
    others = [case for case in cases if case != report.case]
    if others:
        yield (
            f"This is the case {report.case!r} alone; shares change with size. Both at once:"
            f" --cases {report.case},{others[-1]}"
        )


def advise_cases(reports: Sequence[ProfileReport]) -> tuple[CaseShares, ...]:
    """How shares change from case to case: phases where there are any, else functions.

    Rows whose share changes most come first.
    """
    marked = all(report.phases.spots for report in reports)

    def shares(report: ProfileReport) -> dict[str, float]:
        rows: Sequence[HotSpot] = report.phases.spots
        if not marked:
            rows = report.spots.spots if report.spots else ()
        return {s.name: s.total_share if marked else s.self_share for s in rows}

    by_case = {report.case: shares(report) for report in reports}
    names = dict.fromkeys(name for table in by_case.values() for name in table)
    rows = [
        CaseShares(name, {case: table.get(name, 0.0) for case, table in by_case.items()})
        for name in names
    ]
    return tuple(sorted(rows, key=lambda row: -row.shift))


def _percent(share: float) -> str:
    if share < 0.001:
        return "<0.1 %"
    return f"{100 * share:.0f} %" if share >= 0.0995 else f"{100 * share:.1f} %"
