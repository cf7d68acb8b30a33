"""The trials of a profile without a profiler: of the program, and of empty ones in turn with it."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import field

from harness.errors import HarnessError, TrialFailed
from harness.frozen import dataclass
from harness.model import (
    Build,
    EmptyProgram,
    Estimate,
    Floor,
    ProfileBy,
    Trial,
    TrialPlan,
)
from harness.model.floors import START_UP
from harness.plugins import Adapter
from harness.profiles import crowded_share, floor_of
from harness.profiles.bounding import CROWDED
from harness.running import Cell
from harness.system.process.opening import CoreRunner

CONFIDENCE = 0.95
DEFAULT_TRIALS = 6
"""The fewest whose full range holds the median at 95 %."""
FEWEST_TRIALS = 2
NOISE = 2.0
"""So many median deviations apart, two medians of six trials differ by more than noise at 95 %."""
PLAIN_BUDGET_NS = 20_000_000_000
"""Where the number of trials is not said, no further one is begun after this time."""
CLEAR_BUDGET_NS = 500_000_000
"""The same where those that were made say all that further ones would."""
STEADY = 0.1
"""So far, as a share of the whole program's time, steady trials lie apart at most."""
CLEARLY = 3.0
"""So many times what they lie apart, the empty program takes less than the whole one."""


@dataclass(frozen=True, slots=True)
class ProfileRequest:
    """What is to be profiled, and how."""

    cell: Cell
    by: ProfileBy = ProfileBy.FUNCTION
    tool: str | None = None
    function: str | None = None
    memory: bool = False
    trials: int | None = None
    """Plain trials for the phases' intervals; None: up to 6, as `more_trials` says."""
    revision: str = ""
    """The commit that the cell's sources are of; empty: the working tree."""
    one_of_several: bool = False
    """Other cases are profiled beside this one: its reader need not be told that it is not all."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is profiled, and the means to run it."""

    request: ProfileRequest
    adapter: Adapter
    build: Build
    runner: CoreRunner


def plain_trial(subject: Subject) -> Trial:
    """A trial without a profiler; TrialFailed where the program does not end well."""
    case, target = subject.request.cell.case, subject.request.cell.target
    plan = TrialPlan(timeout_ns=target.timeout_ns)
    trial = subject.adapter.time(subject.build, case, plan, subject.runner)
    if trial.output is not None:
        subject.runner.discard(trial.output)
    if not trial.ok:
        raise TrialFailed(f"target {target.name!r} on case {case.name!r}: {trial.message}")
    return trial


@dataclass(slots=True)
class EmptyTrials:
    """The trials of the empty programs that the floor is read from."""

    subject: Subject
    programs: tuple[EmptyProgram, ...] = ()
    trials: list[list[Trial]] = field(default_factory=list)
    """One list a program."""
    warnings: tuple[str, ...] = ()

    @classmethod
    def of(cls, subject: Subject) -> EmptyTrials:
        """None made yet; where the adapter cannot make the programs, with a word on why."""
        case = subject.request.cell.case
        try:
            programs = subject.adapter.floor(subject.build, case, subject.runner)
        except HarnessError as problem:
            return cls(subject, warnings=(_no_floor(problem.message),))
        return cls(subject, programs, [[] for _ in programs])

    @property
    def start_up_cpu_ns(self) -> int:
        """The CPU time of the program that does nothing at all, where it ran; else 0."""
        known = zip(self.programs, self.trials, strict=True)
        starts = [trial.cpu_ns for p, made in known if p.adds == START_UP for trial in made]
        return round(statistics.median(starts)) if starts else 0

    def once(self) -> None:
        """Execute each of the programs once.

        One that does not end well is left out, with those that do more.
        """
        timeout_ns = self.subject.request.cell.target.timeout_ns
        plan = TrialPlan(timeout_ns=timeout_ns, phases=False)
        for place, program in enumerate(self.programs):
            trial = self.subject.runner.trial(program.command, plan)
            if trial.output is not None:
                self.subject.runner.discard(trial.output)
            if not trial.ok:
                self.warnings += (_no_floor(f"{program.adds}: {trial.message}"),)
                self.programs, self.trials = self.programs[:place], self.trials[:place]
                break
            self.trials[place].append(trial)

    def floor(self, plain: Sequence[Trial], crowded: float) -> Floor | None:
        """The floor beside the plain trials; None where no empty program ran."""
        pairs = zip(self.programs, self.trials, strict=True)
        known = {p.adds: made for p, made in pairs if made}
        steps = {adds: _times(made) for adds, made in known.items()}
        noise = _noise([plain, *known.values()])
        return floor_of(_times(plain), steps, noise=noise, crowded=crowded)


def _times(trials: Sequence[Trial]) -> tuple[float, float]:
    """The median wall and CPU time, in ns."""
    return (
        estimate_of([float(max(1, trial.wall_ns)) for trial in trials]).point,
        estimate_of([float(trial.cpu_ns) for trial in trials]).point,
    )


def _noise(series: Sequence[Sequence[Trial]]) -> tuple[float, float]:
    """How far two medians lie apart by noise, by wall and by CPU time, in ns.

    That is twice the larger median deviation: a single trial that was disturbed makes it no wider.
    """
    walls = ([float(trial.wall_ns) for trial in trials] for trials in series)
    cpus = ([float(trial.cpu_ns) for trial in trials] for trials in series)
    return NOISE * max(map(_deviation, walls)), NOISE * max(map(_deviation, cpus))


def _deviation(values: Sequence[float]) -> float:
    """The median distance from the median."""
    middle = statistics.median(values)
    return statistics.median(abs(value - middle) for value in values)


def _no_floor(why: str) -> str:
    return f"how fast an empty program is here is not known in full: {why}"


def more_trials(subject: Subject, first: Trial, empty: EmptyTrials) -> Iterator[Trial]:
    """The plain trials after the first: what phases' intervals and the overhead are read from.

    They follow the profiled run, so that a wrong request is refused soon; the empty programs take
    turns with them. Where their number is not said, they end soon where they are clear.
    """
    asked = subject.request.trials
    plain = [first]
    while len(plain) < (asked or DEFAULT_TRIALS):
        if asked is None and len(plain) >= FEWEST_TRIALS and _may_end([plain, *empty.trials]):
            return
        plain.append(plain_trial(subject))
        empty.once()
        yield plain[-1]


def _may_end(series: Sequence[Sequence[Trial]]) -> bool:
    """Did the trials of the program and of the empty ones take long, for what is still open?"""
    spent_ns = sum(trial.wall_ns for trials in series for trial in trials)
    return spent_ns > (CLEAR_BUDGET_NS if is_clear(series) else PLAIN_BUDGET_NS)


def is_clear(series: Sequence[Sequence[Trial]]) -> bool:
    """Is there nothing that more trials of the program and of the empty ones would tell?

    The program, which comes first, has no phases, whose intervals would become surer; the trials of
    each lie close together, by the clock that counts; and the empty programs take clearly less.
    """
    plain = series[0]
    if any(trial.phases for trial in plain):
        return False
    crowded = statistics.median(map(crowded_share, plain)) > CROWDED
    whole, *empty = [
        [float(trial.cpu_ns if crowded else trial.wall_ns) for trial in trials] for trials in series
    ]
    apart = max(max(times) - min(times) for times in (whole, *empty))
    left = min(whole) - max((max(times) for times in empty), default=0.0)
    return apart <= STEADY * statistics.median(whole) and left >= CLEARLY * apart


def estimate_of(values: Sequence[float]) -> Estimate:
    from harness.stats.medians import median_estimate

    found = median_estimate(values, CONFIDENCE)
    assert found is not None
    return found
