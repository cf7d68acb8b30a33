"""A project: the functions of the API where a `harness.toml` is, and the steps of a campaign."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Unpack, overload

from harness.api.calls import compare_stored, history, load, profile, resume, run
from harness.api.comparisons import compare
from harness.api.documenting import documented
from harness.api.one_call import measuring
from harness.errors import NotAllowed
from harness.frozen import dataclass
from harness.project.config import Config, find_config, load_config
from harness.project.finding import required_config
from harness.project.state_folder import results_of
from harness.running.history import HistoryResult
from harness.running.keywords import (
    ComparedOptions,
    CompareOptions,
    HistoryOptions,
    HostsOptions,
    LoadOptions,
    Place,
    ProfileOptions,
    RunOptions,
    StoredOptions,
    check_keywords,
)
from harness.running.naming import TargetSpec
from harness.running.run_results import ComparisonResult, RunResult
from harness.running.session import Session
from harness.running.settings import Settings
from harness.running.stored_verdicts import StoredVerdicts
from harness.running.table_results import TableResult
from harness.running.workload_keywords import (
    BaselineOptions,
    BenchKeywords,
    CheckOptions,
    WorkloadOptions,
)

if TYPE_CHECKING:
    import pandas as pd

    from harness.bench.asking import BaselineResult, BenchResult, CheckResult
    from harness.optimise import Campaign
    from harness.optimise.every_campaign import EveryCampaign
    from harness.profiling.asking import ProfileResult
    from harness.project.workload import Workload
    from harness.running.host_results import HostsResult
    from harness.running.sweep_results import SweepResult


@dataclass(frozen=True, slots=True, repr=False)
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

    def __repr__(self) -> str:
        return f"<Project {self.config.path}: {', '.join(self.targets) or 'no targets'}>"

    @documented(RunOptions)
    def run(self, *targets: TargetSpec, **options: Unpack[RunOptions]) -> RunResult:
        """See `harness.run`."""
        options.setdefault("results", self.results)
        options.setdefault("config", self.config)
        return run(*targets, **options)

    @documented(Place)
    def resume(self, run_id: str = "", **options: Unpack[Place]) -> RunResult:
        """See `harness.resume`."""
        options.setdefault("results", self.results)
        options.setdefault("config", self.config)
        return resume(run_id, **options)

    @overload
    def compare(
        self, reference: TargetSpec, candidate: TargetSpec, /, **options: Unpack[ComparedOptions]
    ) -> ComparisonResult: ...

    @overload
    def compare(self, *targets: TargetSpec, **options: Unpack[ComparedOptions]) -> TableResult: ...

    @overload
    def compare(self, *targets: TargetSpec, **options: Unpack[CompareOptions]) -> SweepResult: ...

    @documented(CompareOptions)
    def compare(
        self, *targets: TargetSpec, **options: Unpack[CompareOptions]
    ) -> ComparisonResult | TableResult | SweepResult:
        """See `harness.compare`."""
        options.setdefault("results", self.results)
        options.setdefault("config", self.config)
        return compare(*targets, **options)

    @documented(StoredOptions)
    def compare_stored(
        self, reference: str, candidate: str, **options: Unpack[StoredOptions]
    ) -> StoredVerdicts:
        """See `harness.compare_stored`."""
        options.setdefault("results", self.results)
        options.setdefault("config", self.config)
        return compare_stored(reference, candidate, **options)

    @documented(ProfileOptions)
    def profile(
        self, target: str | PathLike[str], **options: Unpack[ProfileOptions]
    ) -> ProfileResult:
        """See `harness.profile`."""
        options.setdefault("config", self.config)
        return profile(target, **options)

    @documented(BaselineOptions)
    def baseline(self, **options: Unpack[BaselineOptions]) -> BaselineResult:
        """Measure the commit that is checked out as a campaign's baseline, and seal it."""
        # Here and below, where it is used: most commands open a project and measure nothing.
        from harness.baseline import make_baseline, tag_baseline
        from harness.bench.asking import BaselineResult, baseline_settings
        from harness.system.git.writing import Git

        check_keywords("baseline", options, BaselineOptions)
        workload = self._workload(options)
        settings = baseline_settings(options, workload)
        with self._apart(options) as session:
            made = make_baseline(session, workload, settings)
            return BaselineResult(workload, made, tag_baseline(workload, Git(workload.root), made))

    @documented(CheckOptions)
    def test(self, **options: Unpack[CheckOptions]) -> CheckResult:
        """Say whether the current tree still computes what the baseline did."""
        from harness.baseline import load_baseline, run_test
        from harness.bench.asking import CheckResult
        from harness.system.git.writing import Git

        check_keywords("test", options, CheckOptions)
        if options.get("given") or options.get("at"):
            return self._given(options)
        # A target that is named is looked at beside the campaign, whose records it is no part of.
        if options.get("target") is None:
            self._refuse_a_step("test", options)
        workload = self._workload(options)
        baseline = load_baseline(workload, Git(workload.root))
        with self._apart(options) as session:
            full = bool(options.get("full"))
            return CheckResult(run_test(session, workload, baseline, full=full))

    def _given(self, options: CheckOptions) -> CheckResult:
        """The test on values that are given, or of a revision: no step of any campaign."""
        from harness.baseline import load_baseline
        from harness.baseline.counterexamples import GivenCheck, check_given
        from harness.bench.asking import CheckResult, shown_by
        from harness.system.git.writing import Git

        workload, shown = shown_by(self.config, options)
        told = GivenCheck(workload, load_baseline(workload, Git(workload.root)), shown)
        with self._apart(options) as session:
            return CheckResult(check_given(session, told, options.get("at") or ""))

    @documented(BenchKeywords)
    def bench(self, **options: Unpack[BenchKeywords]) -> BenchResult:
        """Compare the current tree with the baseline: correctness first, then time."""
        from harness.baseline import load_baseline
        from harness.bench import run_bench, run_stored
        from harness.bench.asking import BenchResult, bench_settings, judged_by
        from harness.system.git.writing import Git

        check_keywords("bench", options, BenchKeywords)
        if not any(options.get(key) for key in ("target", "against", "stored")):
            self._refuse_a_step("bench", options)
        workload = self._workload(options)
        settings = bench_settings(options, workload)
        baseline = load_baseline(workload, Git(workload.root))
        measure = run_stored if options.get("stored") else run_bench
        with self._apart(options, judged_by(settings)) as session:
            return BenchResult(measure(session, workload, baseline, settings))

    def campaign(self, name: str | None = None) -> Campaign:
        """A campaign as it is recorded, to read: the one named, or the only one."""
        from harness.optimise import open_campaign

        return open_campaign(self.config, name)

    def campaigns(self) -> EveryCampaign:
        """All campaigns as they are recorded; a damaged one is named and stops nothing."""
        from harness.optimise.every_campaign import every_campaign

        return every_campaign(self.config)

    def _workload(self, options: WorkloadOptions) -> Workload:
        from harness.bench.asking import wanted_of
        from harness.project.workload import find_workload

        return find_workload(self.config, wanted_of(options))

    @contextlib.contextmanager
    def _apart(self, options: Place, settings: Settings | None = None) -> Iterator[Session]:
        """A session outside of the project's folder, with the project's lock."""
        from harness.project.state_folder import lock_of
        from harness.system.store.lock import hold

        options.setdefault("results", self.results)
        with (
            hold(lock_of(self.config.root)),
            measuring(self.config, options, settings, apart=True) as session,
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

    @documented(HistoryOptions)
    def history(self, **options: Unpack[HistoryOptions]) -> HistoryResult:
        """See `harness.history`."""
        options.setdefault("results", self.results)
        options.setdefault("config", self.config)
        return history(**options)

    @documented(HostsOptions)
    def on_hosts(self, *targets: TargetSpec, **options: Unpack[HostsOptions]) -> HostsResult:
        """See `harness.on_hosts`."""
        from harness.api.many_hosts import on_hosts

        options.setdefault("results", self.results)
        options.setdefault("config", self.config)
        return on_hosts(*targets, **options)

    @documented(RunOptions)
    def sweep(self, *targets: TargetSpec, **options: Unpack[RunOptions]) -> SweepResult:
        """See `harness.sweep`."""
        from harness.api.sweeps import sweep

        options.setdefault("results", self.results)
        options.setdefault("config", self.config)
        return sweep(*targets, **options)

    @documented(LoadOptions)
    def load(self, **options: Unpack[LoadOptions]) -> pd.DataFrame:
        """See `harness.load`: all stored runs of the project."""
        return load(self.results, **options)
