"""What happened: toolchains, builds, commands, trials and what they left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from harness.frozen import dataclass
from harness.model.tasks import Target, WorkingFolder

if TYPE_CHECKING:
    import numpy as np

OutputValue: TypeAlias = "np.ndarray[Any, Any] | str | bytes | int | float"
"""What a declared output becomes: an array, a scalar, a text or bytes."""


class Mode(Enum):
    """What a trial repeats."""

    COLD = "cold"
    """The whole process, from its start to its end."""
    STEADY = "steady"
    """The target's work, again and again inside one process."""


MADE_BY = "made by"
"""The detail of a toolchain that lists the compilers which the program itself names."""


LIBRARIES = "libraries"
"""The detail of a toolchain that names the folders which its programs load from."""


@dataclass(frozen=True, slots=True)
class Toolchain:
    """A compiler or interpreter as found on this machine."""

    adapter: str
    language: str
    program: Path
    version: str
    fingerprint: str
    """SHA-256 over all that can change what it makes: program, version, platform."""
    details: Mapping[str, str] = field(default_factory=dict)
    """Further facts; of these `libraries` (LIBRARIES) names folders with os.pathsep between them:
    what every program loads from there a campaign holds, as it does the toolchain's programs."""


@dataclass(frozen=True, slots=True)
class Build:
    """What a toolchain made of a target; the same digest means the same build."""

    target: Target
    toolchain: Toolchain
    digest: str
    """SHA-256 over sources, flags, options and the toolchain's fingerprint."""
    workdir: Path
    """The folder that belongs to this build alone, outside the source tree."""
    program: Path
    """What is executed: the compiled program, the interpreter or the command."""
    build_ns: int = 0
    """Time that the toolchain took; that of the first time where the build was cached."""
    cached: bool = False
    log: str = ""
    """The toolchain's warnings."""


@dataclass(frozen=True, slots=True)
class BuildFacts:
    """What a reader on another machine needs to know of a build; stored with its trials."""

    digest: str
    """That of the `Build`, which each of its trials names."""
    adapter: str
    language: str
    toolchain: str
    """The compiler or interpreter with its version, in a line."""
    fingerprint: str = ""
    """The toolchain's."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """What its table in harness.toml says to the adapter: compiler, flags, threads, ..."""
    details: Mapping[str, str] = field(default_factory=dict)
    """What the adapter says further of the toolchain."""
    build_ns: int | None = None
    """What the toolchain took to make the build, when it made it; None: nothing was built."""

    @classmethod
    def of(cls, build: Build) -> BuildFacts:
        """Those of a build."""
        chain = build.toolchain
        version = chain.version.splitlines()[0] if chain.version else ""
        named = chain.program.name in version or MADE_BY in chain.details
        return cls(
            digest=build.digest,
            adapter=chain.adapter,
            language=chain.language,
            toolchain=version if named else f"{chain.program.name} {version}".strip(),
            fingerprint=chain.fingerprint,
            options=dict(build.target.options),
            details=dict(chain.details),
            build_ns=build.build_ns or None,
        )


@dataclass(frozen=True, slots=True)
class Command:
    """One program call: what an adapter asks a Runner to execute."""

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    """Added to the scrubbed environment that every target gets."""
    target: Target | None = None
    """Whose limits, inputs, standard input and working folder hold."""
    fresh: Mapping[str, str] = field(default_factory=dict)
    """Variables with another value in a strict jail, such as those of caches; in it `{fresh}` is a
    folder that is empty at the start of each trial."""
    reads: tuple[Path, ...] = ()
    """Files and folders that it reads and that neither its arguments nor its environment name."""
    profile: Path | None = None
    """The folder that a profiler writes to, where the command is one with its program: it may use
    the kernel's performance counters, too. None: it is no profiler."""

    def __post_init__(self) -> None:
        # An empty program would be looked up as the current folder, and the error be about that.
        if not self.argv or not self.argv[0]:
            raise ValueError("a command needs a program")

    @property
    def working_folder(self) -> WorkingFolder:
        return self.target.working_folder if self.target else WorkingFolder.SCRATCH


@dataclass(frozen=True, slots=True)
class Completed:
    """How a tool's call ended (a compiler, a probe, a profiler): never used as a timing."""

    argv: tuple[str, ...]
    exit_code: int
    """Negative: the number of the signal that ended it."""
    stdout: str
    stderr: str
    wall_ns: int
    stopped_us: bool = False
    """It stopped the harness, which a watch then had go on."""

    @property
    def ok(self) -> bool:
        return self.exit_code == 0 and not self.stopped_us


@dataclass(frozen=True, slots=True)
class SteadyPlan:
    """How the launcher drives the work inside one process in steady mode."""

    samples: int = 30
    """Timed samples after calibration, at most."""
    min_sample_ns: int = 10_000_000
    """Short work is repeated in batches until one sample takes this long."""
    budget_ns: int = 3_000_000_000
    """No further sample is begun this long after the first call; at least one is taken."""

    def __post_init__(self) -> None:
        if self.samples < 1 or self.min_sample_ns < 0 or self.budget_ns < 0:
            raise ValueError(f"a steady plan wants samples >= 1 and times >= 0, got {self}")


@dataclass(frozen=True, slots=True)
class TrialPlan:
    """How one trial is executed."""

    mode: Mode = Mode.COLD
    timeout_ns: int = 600_000_000_000
    cpus: tuple[int, ...] = ()
    """CPUs that the target is pinned to; empty: not pinned."""
    pad_bytes: int = 0
    """Bytes that the stack is moved by, so that layout varies; the same for a whole block."""
    phases: bool = True
    """Ask the target for its phases."""
    steady: SteadyPlan = field(default_factory=SteadyPlan)


@dataclass(frozen=True, slots=True)
class Output:
    """What one trial computed, as it left it."""

    folder: Path
    """The trial's working folder, with the files that it wrote."""
    stdout: Path
    stderr: Path
    digest: str
    """SHA-256 over standard output and every file left in a scratch folder but untouched inputs."""
    values: Mapping[str, OutputValue] = field(default_factory=dict)
    """The declared outputs by name; empty until the core has read them."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One timed piece of a trial in steady mode."""

    index: int
    batch: int
    """How many times the work was done within `wall_ns`; a power of two."""
    wall_ns: int
    cpu_ns: int
    """The CPU time of the process with all its threads; -1 where other processes did a part of
    the work, so that the process's own time is not the work's."""
    calibration: bool = False
    """Taken while the batch size was still being found; the first is the first call."""

    def __post_init__(self) -> None:
        if self.batch < 1:
            raise ValueError(f"batch must be at least 1, got {self.batch}")


@dataclass(frozen=True, slots=True)
class Phase:
    """A named part of a target's own work, as the target itself reports it."""

    path: str
    """Names from the outermost phase inwards, joined by `/`."""
    calls: int
    total_ns: int
    """Time between begin and end, inner phases included, summed over calls and threads."""

    @property
    def depth(self) -> int:
        return self.path.count("/")


@dataclass(frozen=True, slots=True)
class RankReport:
    """One of the processes that a target is launched in, as the wrapper in front of it saw it.

    What is not known is None, never zero: a rank that was killed together with its wrapper has no
    figures, and one that never reported has nothing but its number.
    """

    rank: int | None = None
    """Its number, as the launcher told it; None where that tells none (a plain shell)."""
    host: str | None = None
    cpus: str | None = None
    """The CPUs that it was allowed to run on when it began: `0-3,8`."""
    wall_ns: int | None = None
    user_ns: int | None = None
    sys_ns: int | None = None
    max_rss_bytes: int | None = None
    """Peak memory of the largest process among it and the descendants that it waited for."""
    exit_code: int | None = None
    signal: int | None = None
    phases: tuple[Phase, ...] = ()

    @property
    def cpu_ns(self) -> int | None:
        if self.user_ns is None or self.sys_ns is None:
            return None
        return self.user_ns + self.sys_ns


class TrialStatus(Enum):
    """How a trial ended."""

    OK = "ok"
    FAILED = "failed"
    """Ended with an exit code other than 0."""
    CRASHED = "crashed"
    """Killed by a signal."""
    TIMED_OUT = "timed out"
    NOT_STARTED = "not started"
    WRONG_OUTPUT = "wrong output"


@dataclass(frozen=True, slots=True)
class Trial:
    """One fresh process that executed one build on one case: raw figures, parent-owned clock.

    `wall_ns` runs from just before the process is made until it has ended. CPU times, peak memory
    and the counts cover the process and every descendant that ended with it. Where ranks reported
    themselves CPU times are at least the sum of theirs, and peak memory is at least the largest of
    theirs: those on other nodes, and those that `srun` starts, are no descendants.
    """

    status: TrialStatus
    wall_ns: int
    user_ns: int = 0
    sys_ns: int = 0
    max_rss_bytes: int = 0
    max_rss_is_floor: bool = False
    """Peak memory may be the launching process's own: true only under the Python fallback."""
    exit_code: int | None = None
    signal: int | None = None
    message: str = ""
    """What went wrong, in words; empty when nothing did."""
    voluntary_switches: int = 0
    involuntary_switches: int = 0
    minor_faults: int = 0
    major_faults: int = 0
    steal_ns: int = 0
    """Time stolen from all CPUs during the trial, in ticks of the kernel (often 10 ms)."""
    pressure_ns: int | None = None
    """Time some task waited for a CPU (PSI) during the trial; None where not offered."""
    left_behind: int = 0
    """Processes of the target still alive at its end; they were killed."""
    threads: int | None = None
    """How many threads ran or waited for a CPU at once, in the upper half of the looks; None: the
    trial ended before the first look, or was made before there were any."""
    pad_bytes: int = 0
    layout: int | None = None
    """Which layout of its build was executed, from 0; None: it has but one."""
    ready_ns: int | None = None
    """Steady: from the start of the process until it was ready for the first sample."""
    handshake_ns: int | None = None
    """Steady: the median cost of a go-and-done without work."""
    samples: tuple[Sample, ...] = ()
    phases: tuple[Phase, ...] = ()
    ranks: tuple[RankReport, ...] = ()
    """The processes of a target that is launched in several; none where it is not, or where none
    of them reported itself."""
    output: Output | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    """Further figures by name, each finite; what they are, a `MetricInfo` says."""

    @property
    def cpu_ns(self) -> int:
        return self.user_ns + self.sys_ns

    @property
    def ok(self) -> bool:
        return self.status is TrialStatus.OK


@dataclass(frozen=True, slots=True)
class TrialRecord:
    """A trial with its place in a run: one row of the store."""

    run_id: str
    task: str
    case: str
    target: str
    adapter: str
    language: str
    build_digest: str
    mode: Mode
    block: int
    """-1 for warm-up and check trials, which belong to no block."""
    position: int
    """Place within the block, from 0."""
    warmup: bool
    started_at_ns: int
    """Wall clock, nanoseconds since the epoch (UTC)."""
    trial: Trial
    output_ok: bool | None = None
    """None: there was nothing to compare with."""
    disturbed: bool = False
    """Time was stolen or the CPU was fought over during the block."""
    disagreement: str = ""
    """Where the output differs from the expected one."""
    draw: str = ""
    """The parameters that were drawn for its block, as a JSON object; empty: none were."""

    @property
    def counted_ns(self) -> tuple[float, ...]:
        """The wall times that count: of the process, or of one execution for each steady sample.

        None where the trial decides nothing: a warm-up trial, or one that did not end well.
        """
        if self.warmup or not self.trial.ok:
            return ()
        if self.mode is Mode.COLD:
            return (float(self.trial.wall_ns),)
        # While the batch was being found the work was cold, and each sample of another length.
        return tuple(s.wall_ns / s.batch for s in self.trial.samples if not s.calibration)
