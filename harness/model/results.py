"""What it means: estimates, agreements, measurements, comparisons, hosts and runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from enum import Enum

from harness.frozen import dataclass
from harness.model.estimates import Estimate
from harness.model.guards import GuardFinding, GuardState
from harness.model.metrics import Metric, MetricInfo
from harness.model.of_ranks import RanksFound
from harness.model.trials import Mode


class Verdict(Enum):
    """What a comparison says of the candidate against the reference."""

    FASTER = "faster"
    SLOWER = "slower"
    EQUIVALENT = "equivalent"
    """The interval lies within the practical threshold around 1."""
    MIXED = "mixed"
    """Faster or equivalent in the median, and surely worse in the mean or the tail."""
    UNDECIDED = "undecided"


class TraceShape(Enum):
    """How the samples of one steady trial develop (Barrett et al., OOPSLA 2017)."""

    FLAT = "flat"
    WARMUP = "warm-up"
    SLOWDOWN = "slowdown"
    NO_STEADY_STATE = "no steady state"


def signs_disagree(evidence: Mapping[Metric, Estimate]) -> bool:
    """Is a candidate surely faster by one of wall and CPU time, and surely slower by the other?"""
    wall, cpu = evidence.get(Metric.WALL), evidence.get(Metric.CPU)
    if wall is None or cpu is None:
        return False
    # Whole intervals on either side of 1: points alone would disagree by noise.
    return (wall.low > 1 and cpu.high < 1) or (wall.high < 1 and cpu.low > 1)


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One place where an output is not what was expected."""

    output: str
    place: str
    """An index such as `[3, 1]`, a line, a key, or `shape`, `dtype`, `length`."""
    expected: str
    actual: str
    error: float | None = None
    """|actual - expected|, where both are numbers."""
    allowed: float | None = None


@dataclass(frozen=True, slots=True)
class Agreement:
    """The result of comparing an output with the expected one."""

    ok: bool
    mismatches: tuple[Mismatch, ...] = ()
    """The worst few places, worst first; empty when ok."""
    differing: int = 0
    """How many places differ in all."""
    checked: int = 0
    summary: str = ""
    """One line: what was compared, and how, or what is wrong."""
    tolerance_used: float | None = None
    """The share of the tolerance that was needed, where it was asked for, 0 to 1."""
    relative_error: float | None = None
    """The largest relative error that a relative tolerance allowed, where it was asked for."""

    def __post_init__(self) -> None:
        if self.ok and self.mismatches:
            raise ValueError("an agreement that is ok has no mismatches")


@dataclass(frozen=True, slots=True)
class PhaseEstimate:
    """A phase over the trials of a measurement; self-reported by the target."""

    path: str
    calls: float
    total_ns: Estimate
    share: float
    """Share of the trial's wall time, median over trials; above 1 where threads overlap."""


@dataclass(frozen=True, slots=True)
class MetricEstimate:
    """A named figure over the trials of a measurement that have it."""

    info: MetricInfo
    value: Estimate
    trials: int
    """How many trials have it."""

    @classmethod
    def named(cls, name: str, among: Iterable[MetricEstimate]) -> MetricEstimate | None:
        """That of a name; None where there is none."""
        return next((found for found in among if found.info.name == name), None)


@dataclass(frozen=True, slots=True)
class Measurement:
    """All trials of one build on one case in one run, summed up."""

    task: str
    case: str
    target: str
    adapter: str
    language: str
    mode: Mode
    trials: int
    """Timed trials that ended well; those that failed are in `failures`."""
    failures: int
    wall_ns: Estimate | None
    """None when no trial ended well. In steady mode: one execution of the work."""
    cpu_ns: Estimate | None
    max_rss_bytes: int | None
    output_ok: bool | None
    build_digest: str = ""
    phases: tuple[PhaseEstimate, ...] = ()
    warnings: tuple[str, ...] = ()
    ready_ns: Estimate | None = None
    """Steady: start-up, from the start of the process to the first go."""
    first_call_ns: Estimate | None = None
    """Steady: the first execution of the work, with whatever is compiled on the way."""
    shapes: Mapping[TraceShape, int] = field(default_factory=dict)
    """Steady: how many trials' traces were of which shape."""
    toolchain: str = ""
    """The compiler or interpreter with its version, in a line; empty where none was found."""
    options: Mapping[str, object] = field(default_factory=dict)
    """What its table in harness.toml says to the adapter: compiler, flags, threads, ..."""
    build_ns: int | None = None
    """What the toolchain took to make the build, when it made it; None: nothing was built."""
    metrics: tuple[MetricEstimate, ...] = ()
    """Figures of plugins and of the target's own, beside those that every trial has."""
    tags: tuple[str, ...] = ()
    """What its table in harness.toml says that it is like."""
    source_bytes: int | None = None
    """Its sources without comments, compressed; None: there are none to count."""
    binary_bytes: int | None = None
    """The program that was built; None where an interpreter runs it."""
    start_up_ns: float | None = None
    """What an empty program of its toolchain takes; None: not measured."""
    ranks: RanksFound | None = None
    """Of a target that is launched in ranks: what they say; None where none reported itself."""

    @property
    def cpus_at_work(self) -> float | None:
        """How many CPUs it kept busy in the middle of its trials."""
        if self.wall_ns is None or self.cpu_ns is None or self.wall_ns.point <= 0:
            return None
        return self.cpu_ns.point / self.wall_ns.point if self.cpu_ns.point >= 0 else None

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells it from the others of a run: task, case and target."""
        return self.task, self.case, self.target


@dataclass(frozen=True, slots=True)
class Comparison:
    """Candidate against reference, from within-block ratios.

    `ratio` is the speed-up, reference / candidate: above 1 the candidate is faster (or, for
    memory, smaller). Of a figure of which more is better it is candidate / reference: above 1 the
    candidate is always the better one, and `Verdict.FASTER` says so.
    """

    candidate: str
    reference: str
    metric: Metric
    ratio: Estimate
    verdict: Verdict
    blocks: int
    threshold: float
    """Practical threshold as a share: 0.01 for 1 %."""
    stopped_because: str
    metric_because: str = ""
    """Why this metric decided."""
    evidence: Mapping[Metric, Estimate] = field(default_factory=dict)
    """The speed-up by every metric."""
    noise_floor: float = 0.0
    """Median absolute deviation of the within-block log-ratios, times 1.4826."""
    detectable: float | None = None
    """The smallest effect, as a share, that this many blocks would have found 4 times in 5."""
    blocks_needed: int | None = None
    """Undecided: about how many blocks would decide."""
    budget_needed_ns: int | None = None
    disturbed_blocks: int = 0
    task: str = ""
    case: str = ""
    figure: MetricInfo | None = None
    """What its metric is, with its unit and direction, where that is no time and no memory."""
    layouts: int = 1
    """In how many layouts of the builds the blocks ran."""
    costs: Mapping[str, Estimate] = field(default_factory=dict)
    """The speed-up by the metric that decides in other statistics than the median: `mean`, and
    those of `p90`, `p95` and `p99` that the blocks suffice for."""
    worse: tuple[str, ...] = ()
    """Which of `mean` and `p95` are surely worse beyond the threshold."""
    doubted: bool = False
    """The median is sure, and the mean that was seen is worse beyond the threshold: not surely."""
    guards: tuple[GuardFinding, ...] = ()
    """What was found of each guard that was asked for."""
    seen: Estimate | None = None
    """Where the ratio has no interval: the range of two blocks or more, by themselves."""
    fresh_blocks: int = 0
    """As many blocks, made after the gain was sure, are what the point is of; 0: it is of all."""
    least: float | None = None
    """The low end of the ratio at the confidence that this shares with other comparisons: that it
    is not worse, as none of them may be, rests on it. None: that of the ratio itself."""

    lost: tuple[int, int] = (0, 0)
    """How many blocks have no figure of the reference, and of the candidate."""

    @property
    def not_below(self) -> float:
        """What the ratio is surely not below, as one of several that must all be not worse."""
        return self.ratio.low if self.least is None else max(self.least, self.ratio.low)

    @property
    def key(self) -> tuple[str, str, str]:
        """The key of the candidate's measurement in the same run."""
        return self.task, self.case, self.candidate

    @property
    def broken(self) -> tuple[GuardFinding, ...]:
        """The guards that are surely broken: then the answer is no, whatever the verdict is."""
        return tuple(found for found in self.guards if found.state is GuardState.BROKEN)


@dataclass(frozen=True, slots=True)
class Host:
    """The machine as it was when a run began."""

    id: str
    """SHA-256 over what does not change from day to day: CPU, cores, memory, kernel."""
    cpu: str
    cores: int
    memory_bytes: int
    kernel: str
    system: str
    governor: str | None
    turbo: bool | None
    smt: bool | None
    virtualised: str | None
    """The hypervisor's name, `yes` where it hides it, None on bare metal."""
    load: float
    """One-minute load average."""
    hostname: str = ""


@dataclass(frozen=True, slots=True)
class Commit:
    """What was checked out where a run's sources lie when the run began."""

    digest: str
    """The commit's full id."""
    made_at_ns: int
    """When it was committed, in nanoseconds since the epoch (UTC)."""
    changed: bool
    """Did a tracked file differ from it?"""


@dataclass(frozen=True, slots=True)
class Ranking:
    """The targets of a task on a case in sets, the best set first.

    Nobody is surely faster than one of the first set; the next has the same of the rest. Within a
    set the order is not known.
    """

    task: str
    case: str
    sets: tuple[tuple[str, ...], ...]
    confidence: float
    """At which all that is said of it holds together."""
    tag: str | None = None
    """What its targets share; empty: that they have no tag; None: it is of all targets."""

    @property
    def best(self) -> tuple[str, ...]:
        return self.sets[0] if self.sets else ()


@dataclass(frozen=True, slots=True)
class Overall:
    """One implementation over several tasks."""

    name: str
    reference: str
    tasks: int
    ratio: Estimate
    """The geometric mean of its speed-ups."""


@dataclass(frozen=True, slots=True)
class Run:
    """One call of the orchestrator."""

    id: str
    started_at_ns: int
    command: tuple[str, ...]
    seed: int
    host: Host
    measurements: tuple[Measurement, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    finished: bool = False
    parquet: str | None = None
    warnings: tuple[str, ...] = ()
    commit: Commit | None = None
    """None outside of a git repository, and in runs of older harnesses."""
    rankings: tuple[Ranking, ...] = ()
    """Of each task and case whose targets were ranked."""
    rankings_by_tag: tuple[Ranking, ...] = ()
    """Of those among them that share a tag, like with like; see `Ranking.tag`."""

    def name_of(self, task: str, case: str, target: str) -> str:
        """What other tools call a measurement: the target alone where that says which one it is."""
        groups = {(m.task, m.case) for m in self.measurements}
        return target if len(groups) < 2 else f"{task}/{case}/{target}"
