"""The Python API: what `import harness` hands out, and what the command line itself calls.

Each function does what the command of its name does, with the command's options as keyword
arguments, and gives a frozen value: `to_dict()` is the `result` of the command's JSON, and a
notebook shows it as a table. `docs/api.md` describes it all.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Unpack

from harness.errors import NotAllowed, UsageError
from harness.model.jsonable import jsonable
from harness.profiling.asking import ProfileWishes
from harness.project.config import Config, find_config, load_config
from harness.project.finding import required_config
from harness.project.revisions import split_revision
from harness.project.state_folder import results_of
from harness.render.tables import layout
from harness.running import Cell
from harness.running.experiment import Experiment, perform
from harness.running.keywords import (
    CompareOptions,
    Place,
    RunOptions,
    TargetSpec,
    check_apart,
    check_keywords,
    comparison_settings,
    config_of,
    is_file,
    label_of,
    programs_of,
    runs_of,
    selected_cells,
    settings_of,
)
from harness.running.listening import Telling
from harness.running.reports import Report
from harness.running.results import ComparisonResult, RunResult
from harness.running.selecting import ad_hoc_cell, adapter_of, find_interrupted, stored_cells
from harness.running.session import Session, open_session
from harness.running.settings import of_plan

if TYPE_CHECKING:
    import pandas as pd

    from harness.profiling.asking import ProfileResult
    from harness.running.pairs import Program
    from harness.system.machine.diagnosis import Finding

BASELINE = "baseline"
"""What a profile is compared with by this word: the sealed baseline's commit."""


class ProfileOptions(ProfileWishes, Place, total=False):
    """The keyword arguments of `profile`."""

    adapter: str
    arguments: Sequence[str]
    case: str
    cases: str | Sequence[str]
    campaign: str


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, after everything measured so far was stored; `result` has it."""

    def __init__(self, result: RunResult | ComparisonResult) -> None:
        super().__init__("interrupted; everything measured is kept")
        self.result = result


def run(*targets: TargetSpec, **options: Unpack[RunOptions]) -> RunResult:
    """Build, check, time and store targets: those named, or all that fit.

    Raises Interrupted after Ctrl-C, and UsageError for what makes no sense. A target that fails
    raises nothing: see `failures` and `ok` of the result.
    """
    check_keywords("run", options, RunOptions)
    settings = settings_of(options)
    selected = selected_cells(targets, options)
    experiment = Experiment(selected.cells, settings, origin=selected.origin)
    return _performed(selected.config, options, experiment)


def resume(run_id: str = "", **options: Unpack[Place]) -> RunResult:
    """Go on with an interrupted run by its stored plan: of an id, or the latest one.

    One that is finished already is read back. Raises UsageError where no run was interrupted.
    """
    from harness.running.reading_back import report_of
    from harness.system.store.runs import check_run, making_sense

    check_keywords("resume", options, Place)
    config = config_of(options)
    stored = find_interrupted(runs_of(options, config), run_id)
    if stored.finished:
        check_run(stored)
        with making_sense(stored.folder):
            return RunResult(report_of(stored))
    with making_sense(stored.folder):
        config, cells = stored_cells(stored, config)
        settings, origin = of_plan(stored.plan), stored.plan["origin"]
    experiment = Experiment(tuple(cells), settings, origin=origin)
    return _performed(config, options, experiment, stored.folder)


def compare(
    reference: TargetSpec, candidate: TargetSpec, **options: Unpack[CompareOptions]
) -> ComparisonResult:
    """Say which of two is faster: each a target, TARGET@REVISION, a file or a command.

    Both run interleaved until the verdict is sure or the budget ends (60 s unless you say
    otherwise). Raises Interrupted after Ctrl-C, and UsageError for what makes no sense.
    """
    check_keywords("compare", options, CompareOptions)
    settings = comparison_settings(settings_of(options))
    labels = label_of(reference), label_of(candidate)
    check_apart(*labels)
    programs = programs_of((reference, candidate), options)
    config = Config(root=Path.cwd()) if programs else required_config(config_of(options))
    with (
        measuring(config, options, settings.metrics, apart=not programs) as session,
        _cells_of(session, programs or labels, options.get("case")) as cells,
    ):
        experiment = Experiment(
            tuple(cells),
            settings,
            pairs=(labels,),
            origin={"kind": "compare", "specs": list(labels)},
        )
        report = perform(session.orchestrator, session.results, experiment)
        report = report if programs else _with_doubts(session, report, labels)
    result = ComparisonResult(report, *labels)
    if report.interrupted:
        raise Interrupted(result)
    return result


def load(
    results: str | PathLike[str] | RunResult | ComparisonResult | None = None,
    *,
    of: Literal["trials", "measurements"] = "trials",
    columns: Sequence[str] | None = None,
    target: str | None = None,
) -> pd.DataFrame:
    """Stored trials, or measurements, as a table of pandas: one row each.

    `results` is a folder of runs, the folder of one run, or what `run` or `compare` gave; left
    out, the results of the project around the current folder. `columns` and `target` say what of
    it is read; each metric of the trials is a column `metrics.NAME`. Of many runs a damaged one is
    left out, warned of, and named in `attrs["damaged"]`.
    """
    from harness.running.loading import load_frame

    if isinstance(results, (RunResult, ComparisonResult)):
        folder = results.folder
    else:
        folder = Path(results) if results is not None else runs_of({}, config_of({}))
    return load_frame(folder, of, columns, target)


def profile(target: str, **options: Unpack[ProfileOptions]) -> ProfileResult:
    """Say where a target or a file spends its time: phases first, then functions or lines.

    A profiler that fails raises nothing: see `failure` of the result. Raises UsageError for what
    makes no sense or what the language's profilers cannot do.
    """
    from harness.profiling.asking import ProfileWishes, check_wishes, profile_cells

    check_keywords("profile", options, ProfileOptions)
    wishes = {k: v for k, v in options.items() if k in ProfileWishes.__optional_keys__}
    check_wishes(wishes)
    config, cells, revision = _to_profile(target, options)
    if options.get("against") == BASELINE:
        wishes["against"] = _baseline_commit(config, target, options.get("campaign"))
    with measuring(config, options) as session:
        return profile_cells(session, cells, wishes, revision)  # type: ignore[arg-type]


def doctor(*, watch_s: float = 1.0) -> DoctorReport:
    """Say what on this machine makes timings unreliable; watches the CPUs for `watch_s`."""
    from harness.system.machine.diagnosis import diagnose

    return DoctorReport(tuple(diagnose(watch_s=watch_s)))


@dataclass(frozen=True, slots=True)
class DoctorReport:
    """What was looked at on this machine, and what to do about it."""

    findings: tuple[Finding, ...]

    @property
    def problems(self) -> tuple[Finding, ...]:
        """Those that make timings unreliable."""
        return tuple(f for f in self.findings if f.severity.value == "problem")

    def table(self, style: str = "plain") -> str:
        """One row per thing looked at."""
        rows = [[f.name, f.severity.value, f.seen] for f in self.findings]
        return layout(["looked at", "finding", "seen"], rows, style)

    def to_dict(self) -> dict[str, Any]:
        """The `result` of `harness doctor --json`."""
        return {"findings": jsonable(self.findings), "problems": [f.name for f in self.problems]}

    def __str__(self) -> str:
        return self.table()

    def _repr_html_(self) -> str:
        return self.table("html")


@dataclass(frozen=True, slots=True)
class Project:
    """A `harness.toml` with its stored runs: the functions above, said once where they work."""

    config: Config
    results: Path

    @classmethod
    def open(cls, place: str | PathLike[str] = ".") -> Project:
        """The project of a folder (or of one above it), or of a `harness.toml`."""
        path = Path(place)
        found = find_config(path.absolute()) if path.is_dir() else path
        config = required_config(load_config(found) if found else Config(root=path.absolute()))
        return cls(config, results_of(config.root))

    @property
    def targets(self) -> tuple[str, ...]:
        return tuple(self.config.targets)

    def run(self, *targets: TargetSpec, **options: Unpack[RunOptions]) -> RunResult:
        """See `harness.run`."""
        options.setdefault("results", self.results)
        options.setdefault("config", self.config)
        return run(*targets, **options)

    def resume(self, run_id: str = "", **options: Unpack[Place]) -> RunResult:
        """See `harness.resume`."""
        options.setdefault("results", self.results)
        options.setdefault("config", self.config)
        return resume(run_id, **options)

    def compare(
        self, reference: TargetSpec, candidate: TargetSpec, **options: Unpack[CompareOptions]
    ) -> ComparisonResult:
        """See `harness.compare`."""
        options.setdefault("results", self.results)
        options.setdefault("config", self.config)
        return compare(reference, candidate, **options)

    def profile(self, target: str, **options: Unpack[ProfileOptions]) -> ProfileResult:
        """See `harness.profile`."""
        options.setdefault("config", self.config)
        return profile(target, **options)

    def load(self, *, of: Literal["trials", "measurements"] = "trials") -> pd.DataFrame:
        """See `harness.load`: all stored runs of the project."""
        return load(self.results, of=of)


# -- what the functions and `Project` share --------------------------------------------------------

_AT_WORK = threading.Lock()


@contextlib.contextmanager
def measuring(
    config: Config, options: Place, metrics: Sequence[str] = (), *, apart: bool = False
) -> Iterator[Session]:
    """A session for one call; NotAllowed where another call measures in this process.

    Two that measure at once would disturb each other, and a process's descendants are watched for
    the process as a whole.
    """
    with one_at_a_time():
        progress = options.get("progress")
        listener = Telling(progress) if progress is not None else None
        results = options.get("results")
        folder = Path(results) if results is not None else None
        with open_session(config, folder, listener, apart=apart, metrics=metrics) as session:
            yield session


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Hold what lets one call of this process measure; NotAllowed where another one does."""
    if not _AT_WORK.acquire(blocking=False):
        raise NotAllowed(
            "another call of harness measures in this process",
            hint="Wait for it: what runs at the same time disturbs what is timed.",
        )
    try:
        yield
    finally:
        _AT_WORK.release()


def _performed(
    config: Config, options: Place, experiment: Experiment, folder: Path | None = None
) -> RunResult:
    with measuring(config, options, experiment.settings.metrics) as session:
        report = perform(session.orchestrator, session.results, experiment, folder)
    result = RunResult(report)
    if report.interrupted:
        raise Interrupted(result)
    return result


@contextlib.contextmanager
def _cells_of(
    session: Session, sides: Sequence[Program] | Sequence[str], case: str | None
) -> Iterator[Sequence[Any]]:
    from harness.running.pairs import Program, check_comparable, program_cells, target_cells

    programs = [side for side in sides if isinstance(side, Program)]
    if programs:
        yield program_cells(programs)
        return
    with target_cells(session, [str(side) for side in sides], case) as cells:
        check_comparable(*cells)
        yield cells


def _with_doubts(session: Session, report: Report, labels: tuple[str, str]) -> Report:
    from harness.bench.doubts import one_program

    doubts = one_program(session, report, labels)
    return replace(report, run=replace(report.run, warnings=(*report.run.warnings, *doubts)))


def _to_profile(target: str, options: ProfileOptions) -> tuple[Config, list[Cell], str | None]:
    """The configuration, the cells to profile, and the revision where one is named."""
    from harness.profiling.asking import cells_to_profile

    config, adapter = config_of(options), options.get("adapter")
    if adapter is None and is_file(target, config):
        adapter = adapter_of(Path(target))
    case, cases = options.get("case"), options.get("cases")
    if case is not None and cases is not None:
        raise UsageError("--case or --cases, not both")
    _check_profile(target, adapter, options)
    name, revision = split_revision(target) if adapter is None else (target, None)
    if adapter is not None:
        root = Path.cwd()
        arguments = tuple(options.get("arguments", ()))
        return Config(root=root), [ad_hoc_cell(adapter, name, arguments, root)], None
    names: list[str | None] = [case]
    if cases is not None:
        words = cases.split(",") if isinstance(cases, str) else cases
        names = list(dict.fromkeys(filter(None, map(str.strip, words))))
        if not names:
            raise UsageError(f"--cases: want names such as fast,full, got {cases!r}")
    return config, cells_to_profile(required_config(config), name, names), revision


def _check_profile(target: str, adapter: str | None, options: ProfileOptions) -> None:
    """UsageError for what is said of files where a target is meant, and vice versa."""
    if adapter is not None:
        for name in ("case", "cases", "campaign"):
            if options.get(name):
                raise UsageError(f"--{name} is said of a target of harness.toml, not of a file")
    elif options.get("arguments"):
        raise UsageError(
            f"target {target!r} takes its arguments from its case, not from the command line",
            hint="Name another --case; or a single file, with --adapter.",
        )
    if options.get("campaign") is not None and options.get("against") != BASELINE:
        raise UsageError(f"--campaign says whose baseline is meant by --against {BASELINE}")


def _baseline_commit(config: Config, target: str, campaign: str | None) -> str:
    """The commit that the campaign's sealed baseline is of."""
    from harness.baseline import load_baseline
    from harness.project.workload import Wanted, find_workload
    from harness.system.git.writing import Git

    name, _ = split_revision(target)
    if campaign is None and config.campaigns:
        of_target = [key for key, section in config.campaigns.items() if section.target == name]
        campaign = of_target[0] if len(of_target) == 1 else None
    wanted = Wanted(campaign=campaign, target=None if config.campaigns else name)
    return load_baseline(find_workload(config, wanted), Git(config.root)).commit
