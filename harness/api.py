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
from typing import TYPE_CHECKING, Any, Literal, Unpack, cast

from harness.errors import NotAllowed
from harness.profiling.asking import BASELINE, ProfileOptions, ProfileWishes
from harness.project.config import Config, find_config, load_config
from harness.project.finding import required_config
from harness.project.state_folder import results_of
from harness.running.doctoring import DoctorReport, look_at_this_machine
from harness.running.executing import LOCAL, execute
from harness.running.experiment import Experiment, perform
from harness.running.keywords import (
    CompareOptions,
    LoadOptions,
    Place,
    RunOptions,
    Surroundings,
    TargetSpec,
    check_apart,
    check_keywords,
    comparison_settings,
    config_of,
    label_of,
    programs_of,
    runs_of,
    selected_cells,
    settings_of,
)
from harness.running.listening import Telling
from harness.running.reports import Report
from harness.running.run_results import ComparisonResult, RunResult
from harness.running.selecting import find_interrupted, stored_cells
from harness.running.session import Session, open_session
from harness.running.settings import of_plan

if TYPE_CHECKING:
    import pandas as pd

    from harness.bench.asking import (
        BaselineOptions,
        BaselineResult,
        BenchKeywords,
        BenchResult,
        CheckOptions,
        CheckResult,
        WorkloadOptions,
    )
    from harness.optimise import Campaign
    from harness.profiling.asking import ProfileResult
    from harness.project.workload import Workload
    from harness.running.pairs import Program


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
    where = options.get("executor", LOCAL)
    return _performed(selected.config, options, experiment, executor=where)


def resume(run_id: str = "", **options: Unpack[Place]) -> RunResult:
    """Go on with an interrupted run with its stored settings: the one of an id, or the latest.

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
    return _performed(config, options, experiment, folder=stored.folder)


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


def profile(target: str | PathLike[str], **options: Unpack[ProfileOptions]) -> ProfileResult:
    """Say where a target or a file spends its time: phases first, then functions or lines.

    A profiler that fails raises nothing: see `failure` of the result. Raises UsageError for what
    makes no sense or what the language's profilers cannot do.
    """
    from harness.profiling.asking import check_wishes, named_target, profile_cells, what_to_profile

    check_keywords("profile", options, ProfileOptions)
    target = named_target(target)
    wishes = {k: v for k, v in options.items() if k in ProfileWishes.__optional_keys__}
    check_wishes(wishes)
    config, cells, revision = what_to_profile(target, options)
    if options.get("against") == BASELINE:
        from harness.bench.asking import baseline_commit

        wishes["against"] = baseline_commit(config, target, options.get("campaign"))
    with measuring(config, options) as session:
        return profile_cells(session, cells, wishes, revision)  # type: ignore[arg-type]


def doctor(*, watch_s: float = 1.0) -> DoctorReport:
    """Say what on this machine makes timings unreliable; watches the CPUs for `watch_s`."""
    return look_at_this_machine(watch_s)


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

    def profile(
        self, target: str | PathLike[str], **options: Unpack[ProfileOptions]
    ) -> ProfileResult:
        """See `harness.profile`."""
        options.setdefault("config", self.config)
        return profile(target, **options)

    def baseline(self, **options: Unpack[BaselineOptions]) -> BaselineResult:
        """Measure the commit that is checked out as a campaign's baseline, and seal it."""
        from harness.baseline import make_baseline, tag_baseline
        from harness.bench.asking import BaselineOptions, BaselineResult, baseline_settings
        from harness.system.git.writing import Git

        check_keywords("baseline", options, BaselineOptions)
        workload = self._workload(options)
        settings = baseline_settings(options, workload)
        with self._apart(options) as session:
            made = make_baseline(session, workload, settings)
            return BaselineResult(workload, made, tag_baseline(workload, Git(workload.root), made))

    def test(self, **options: Unpack[CheckOptions]) -> CheckResult:
        """Say whether the current tree still computes what the baseline did."""
        from harness.baseline import load_baseline, run_test
        from harness.bench.asking import CheckOptions, CheckResult
        from harness.system.git.writing import Git

        check_keywords("test", options, CheckOptions)
        if options.get("target") is None:
            self._refuse_a_step("test", options)
        workload = self._workload(options)
        baseline = load_baseline(workload, Git(workload.root))
        with self._apart(options) as session:
            full = bool(options.get("full"))
            return CheckResult(run_test(session, workload, baseline, full=full))

    def bench(self, **options: Unpack[BenchKeywords]) -> BenchResult:
        """Compare the current tree with the baseline: correctness first, then time."""
        from harness.baseline import load_baseline
        from harness.bench import run_bench, run_stored
        from harness.bench.asking import BenchKeywords, BenchResult, bench_settings
        from harness.system.git.writing import Git

        check_keywords("bench", options, BenchKeywords)
        if not any(options.get(key) for key in ("target", "against", "stored")):
            self._refuse_a_step("bench", options)
        workload = self._workload(options)
        settings = bench_settings(options, workload)
        baseline = load_baseline(workload, Git(workload.root))
        measure = run_stored if options.get("stored") else run_bench
        with self._apart(options) as session:
            return BenchResult(measure(session, workload, baseline, settings))

    def campaign(self, name: str | None = None) -> Campaign:
        """A campaign as it is recorded, to read: the one named, or the only one."""
        from harness.optimise import open_campaign

        return open_campaign(self.config, name)

    def _workload(self, options: WorkloadOptions) -> Workload:
        from harness.bench.asking import wanted_of
        from harness.project.workload import find_workload

        return find_workload(self.config, wanted_of(options))

    @contextlib.contextmanager
    def _apart(self, options: Place) -> Iterator[Session]:
        """A session outside of the project's folder, with the project's lock."""
        from harness.project.state_folder import lock_of
        from harness.system.store.lock import hold

        options.setdefault("results", self.results)
        with (
            hold(lock_of(self.config.root)),
            measuring(self.config, options, apart=True) as session,
        ):
            yield session

    def _refuse_a_step(self, step: str, options: WorkloadOptions) -> None:
        """NotAllowed where a campaign is under way, which records what is measured."""
        from harness.optimise import active_campaign

        campaign = active_campaign(self.config, options.get("campaign"))
        if campaign is not None:
            raise NotAllowed(
                f"the campaign {campaign.name} is under way, and {step} is a step of it",
                hint=f"`harness {step}` takes the step and records it.",
            )

    def load(self, **options: Unpack[LoadOptions]) -> pd.DataFrame:
        """See `harness.load`: all stored runs of the project."""
        return load(self.results, **options)


# -- what the functions and `Project` share --------------------------------------------------------

_AT_WORK = threading.Lock()


@contextlib.contextmanager
def measuring(
    config: Config, options: Surroundings, metrics: Sequence[str] = (), *, apart: bool = False
) -> Iterator[Session]:
    """A session for one call; NotAllowed where another call measures in this process.

    Two that measure at once would disturb each other, and a process's descendants are watched for
    the process as a whole.
    """
    with one_at_a_time():
        progress = options.get("progress")
        listener = Telling(progress) if progress is not None else None
        results = cast(Place, options).get("results")
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
    config: Config,
    options: Place,
    experiment: Experiment,
    *,
    folder: Path | None = None,
    executor: str = LOCAL,
) -> RunResult:
    with measuring(config, options, experiment.settings.metrics) as session:
        report = execute(session, experiment, executor, folder)
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
