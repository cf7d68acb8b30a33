"""The real workbench of a campaign: profiling, baseline, test and bench behind the campaign's port.

Figures come from the run that measured them; the run's trials are copied into the campaign's
records, from where every figure can be derived again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from harness.analysis import Question, blocks_of
from harness.analysis.schedule import Block
from harness.baseline import (
    LABEL,
    Baseline,
    BaselineSettings,
    load_baseline,
    make_baseline,
    run_test,
    tag_baseline,
)
from harness.baseline.counterexamples import GivenCheck, first_wrong
from harness.baseline.sides import CURRENT
from harness.bench import BenchSettings, run_bench
from harness.campaign.port import BenchRequest, SealedBaseline
from harness.campaign.profile_values import ProfileOutcome
from harness.campaign.sightings import Flagged
from harness.campaign.values import (
    BenchOutcome,
    CaseResult,
    KnownNoise,
    Ratio,
    TestOutcome,
    TestStatus,
)
from harness.campaign.wrongs import Counterexample, FirstWrong
from harness.errors import BuildFailed, ConfigError, DataDamaged, TrialFailed
from harness.model import BenchReport, CaseBench, Jail, Metric
from harness.model.guards import guards_in
from harness.optimise.conditions import Cases, Conditions
from harness.optimise.disturbed import cpu_noise_of_baseline, times_of_baseline
from harness.optimise.outcomes import (
    KEPT,
    bottleneck_rows,
    case_result,
    derive,
    details,
    figures_again,
    guarded_again,
    needed,
    outcome_of,
    with_noise,
    words,
)
from harness.optimise.outside import undeclared
from harness.optimise.seen import change_between, evidence_of, with_facts
from harness.optimise.toolchain_parts import libraries_of, programs_of
from harness.project.config import Config, load_config
from harness.project.workload import Wanted, Workload, find_workload
from harness.running import Cell, Listener
from harness.running.further_draws import END_FURTHER_NS, FURTHER_NS
from harness.running.named_figures import plugins_of_campaign, with_infos
from harness.running.session import Session, open_session
from harness.stats.scatter import noise_of
from harness.system.git.writing import Git
from harness.system.store.files import copy_atomically, read_kept, storage_errors
from harness.system.store.parquet import join_parquet, read_described, read_parquet
from harness.system.store.rows import Row
from harness.system.store.runs import PARQUET_NAME, read_records
from harness.system.store.seal import SEAL_NAME

RUNS = "runs"
"""The folder of kept trials, below the campaign's."""


class LocalWorkbench:
    """Builds and runs the target of a campaign on this machine."""

    def __init__(
        self,
        config: Config,
        campaign: str,
        listener: Listener | None = None,
        conditions: Conditions | None = None,
    ) -> None:
        self._config = config
        self._campaign = campaign
        self._git = Git(config.root)
        self._listener = listener
        self._conditions = conditions or Conditions()

    @property
    def _workload(self) -> Workload:
        """The workload as the files say now: a target may have changed since the last step."""
        path = self._config.path
        config = self._config if path is None else load_config(path)
        found = find_workload(config, Wanted(campaign=self._campaign))
        asked = self._conditions
        left_out = undeclared(found, asked.untracked)
        return replace(found, scope=asked.scope, seeds=asked.seeds, left_out=left_out)

    @contextmanager
    def _session(self) -> Iterator[Session]:
        own = plugins_of_campaign(self._config, self._campaign)
        with open_session(
            self._config, listener=self._listener, apart=True, metrics=own
        ) as session:
            section = self._config.campaigns.get(self._campaign)
            told = section.jail if section else Jail.NONE
            session.runner.jail = self._conditions.jail or told
            yield session

    def baseline(self) -> SealedBaseline:
        """The sealed baseline, made and tagged where that was not done yet."""
        workload = self._workload
        made: Baseline | None = None
        if not (workload.folder / SEAL_NAME).exists():
            with self._session() as session:
                made = make_baseline(session, workload, BaselineSettings.brief_one(workload))
        found = load_baseline(workload, self._git)
        if self._git.tag(workload.tag) is None:
            tag_baseline(workload, self._git, found)
        sealed = self._sealed(found)
        return sealed if made is None else replace(sealed, notes=made.warnings, runs=made.runs)

    def check_baseline(self) -> tuple[SealedBaseline, tuple[str, ...]]:
        """The sealed baseline as it is here, and what of it could not be verified."""
        found = load_baseline(self._workload, self._git)
        return self._sealed(found), found.warnings

    def _sealed(self, found: Baseline) -> SealedBaseline:
        timing = found.record(self._workload.case).timing
        return SealedBaseline(
            commit=found.commit,
            root=found.root,
            total_ns=timing.wall_ns.point,
            phases=tuple((p.path, p.total_ns.point) for p in timing.phases),
            noise=self._noise_of_baseline(found),
            cpu_noise=cpu_noise_of_baseline(found, self._workload),
        )

    def _noise_of_baseline(self, found: Baseline) -> tuple[KnownNoise, ...]:
        """What the baseline's trials differed by, one after the other."""
        section, host = self._workload.section, found.document.host.id
        cpu = section is not None and section.objective == Metric.CPU.value
        return tuple(
            KnownNoise(host, case.name, noise_of([times_of_baseline(found, case, cpu=cpu)]))
            for case in self._workload.cases
        )

    def programs(self) -> tuple[str, ...]:
        document = load_baseline(self._workload, self._git).document
        return programs_of(document.toolchain, self._workload.target)

    def libraries(self) -> Mapping[str, tuple[Path, ...]]:
        document = load_baseline(self._workload, self._git).document
        return libraries_of(document.toolchain, self._workload.target)

    def profile(self) -> ProfileOutcome:
        """Phases first, then functions, each with its share of the whole."""
        from harness.profiles import waiting_is_unclear
        from harness.profiling.making import profile_cell
        from harness.profiling.turns import ProfileRequest

        workload = self._workload
        cell = Cell(workload.task, workload.case, workload.target)
        with self._session() as session:
            report = profile_cell(
                session.orchestrator,
                session.state / "profiles",
                ProfileRequest(cell, revision=self._git.head()),
            )
        section = workload.section
        if report.floor and section is not None and section.objective == Metric.CPU.value:
            report = replace(report, floor=replace(report.floor, by_cpu=True))
        unclear = waiting_is_unclear(report.cpu_share, report.crowded)
        return ProfileOutcome(
            case=report.case,
            rows=bottleneck_rows(report),
            tool=" and ".join(
                p.tool for p in (report.phases, report.spots) if p is not None and p.spots
            )
            or "none",
            wall_ns=report.wall_ns.point,
            cpu_share=None if unclear else report.cpu_share,
            notes=(*report.advice, *report.warnings),
            report=report.id,
            floor=report.floor,
        )

    def test(self, *, full: bool) -> TestOutcome:
        """Build and run a private copy of the tree once, and check its outputs."""
        try:
            workload = self._workload
        except ConfigError as problem:
            return TestOutcome(TestStatus.BUILD_FAILED, "full" if full else "fast", problem.message)
        case = workload.chosen(full).name
        found = load_baseline(workload, self._git)
        try:
            with self._session() as session:
                report = run_test(session, workload, found, full=full)
        except BuildFailed as problem:
            lacks = ", ".join(Path(name).name for name in workload.left_out)
            said = f"{problem.message} (not there, since in no commit: {lacks})" if lacks else ""
            return TestOutcome(TestStatus.BUILD_FAILED, case, said or problem.message)
        except TrialFailed as problem:
            return TestOutcome(TestStatus.CRASHED, case, problem.message)
        status = TestStatus.PASSED if report.ok else TestStatus.WRONG
        return TestOutcome(status, case, words(report.agreement), details(report.agreement))

    def first_wrong(
        self, states: Sequence[str], shown: Counterexample, tries: int = 1
    ) -> FirstWrong:
        """Which of these commits, the oldest first, is the first whose output is wrong there."""
        workload = self._workload
        found = load_baseline(workload, self._git)
        with self._session() as session:
            return first_wrong(session, GivenCheck(workload, found, shown), states, tries)

    def under_way(self, request: BenchRequest) -> bool:
        """Nothing goes on here that nobody waits for."""
        return False

    def bench(self, request: BenchRequest, cases: Cases = Cases.ALL) -> BenchOutcome:
        """The current tree and what it is compared with in the same blocks, case by case."""
        report, host = self._measured(request, cases)
        results = [replace(self._result(case, request), host=host) for case in report.cases]
        outcome = outcome_of(results, request)
        if not request.look or not report.snapshot:
            return outcome
        change = change_between(self._git, request.kept, report.snapshot, self._workload.scope)
        return replace(outcome, flagged=Flagged(change=change))

    def merged(self, request: BenchRequest, cases: Cases = Cases.ALL) -> BenchOutcome:
        """The current tree against the last kept state; its trials stay out of the records."""
        report, host = self._measured(request, cases)
        results = [replace(case_result(case, request), host=host) for case in report.cases]
        return outcome_of(results, request)

    def _measured(self, request: BenchRequest, cases: Cases) -> tuple[BenchReport, str]:
        """What a request asks for, measured now, and the machine that did it."""
        workload = cases.of(self._workload)
        found = load_baseline(workload, self._git)
        kept = _decides(request, found)
        plan = BenchSettings(
            budget_ns=max(request.budget_ns - request.spent_ns, 1),  # one block is always made
            earlier={c: read_parquet(path) for c, path in self._earlier(request).items()},
            full=request.full and cases is Cases.ALL,
            confidence=request.of_each,
            of_all=request.of_all,
            threshold=request.threshold,
            metric=_objective(request),
            guards=guards_in(request.guards, "guards"),
            references={} if kept == LABEL else {kept: request.kept},
            with_baseline=kept == LABEL or not request.weighed,
            unless_slower=kept if request.look else "",  # the end is measured whole
            fewest=request.fewest,
            # The run that each side's output is checked by warms up what there is to be warm.
            warmup=0 if request.weighed else 1,
            elsewhere=request.look > 0,
            further_ns=FURTHER_NS if request.look else END_FURTHER_NS,
            tested=workload.case.name if request.look else "",  # no look without a test
            tails=request.tails,
            confirm=request.confirm,
        )
        with self._session() as session:
            host = session.orchestrator.runner.host().id
            if request.weighed:
                names = [case.name for case in workload.cases]
                plan = replace(plan, noise={n: request.noise_on(host, n) for n in names})
            return run_bench(session, workload, found, plan), host

    def _result(self, case: CaseBench, request: BenchRequest) -> CaseResult:
        result, folder = case_result(case, request), case.folder
        if not result.correct or folder is None:
            return result
        step = case.comparisons[KEPT if KEPT in case.comparisons else LABEL]
        run, digest = self._keep(case.case, folder, request)
        result = replace(
            result,
            budget_needed_ns=_beyond(needed(step, case.comparisons.get(LABEL, step)), request),
            run=run,
            sha256=digest,
        )
        path = self._workload.folder / run
        if request.look:
            label = step.reference
            evidence = evidence_of(read_parquet(path), label)
            if evidence is not None:
                evidence = with_facts(self._workload.target, case, evidence, label)
            result = replace(result, evidence=evidence)
        return with_noise(result, read_blocks(path)) if request.weighed else result

    def _keep(self, case: str, folder: Path, request: BenchRequest) -> tuple[str, str]:
        """Copy the run's trials into the records; their place there, and their digest."""
        name = f"{RUNS}/bench-{request.mark}-{case}.parquet"
        path = self._workload.folder / name
        with storage_errors(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
            earlier = self._earlier(request).get(case)
            own = folder / PARQUET_NAME
            if earlier is not None and _goes_on(read_parquet(earlier), read_parquet(own)):
                join_parquet(path, [earlier, own])
            else:
                copy_atomically(own, path)
        return name, _digest(path)

    def _earlier(self, request: BenchRequest) -> dict[str, Path]:
        """The kept trials, by case, of the look that is continued."""
        if request.continues is None:
            return {}
        workload, mark = self._workload, replace(request, look=request.continues).mark
        paths = {
            case.name: workload.folder / f"{RUNS}/bench-{mark}-{case.name}.parquet"
            for case in workload.cases
        }
        return {case: path for case, path in paths.items() if path.is_file()}

    def recompute(self, request: BenchRequest, stored: BenchOutcome) -> BenchOutcome:
        """Ratios, verdicts, times, phases and guards again, from the kept trials alone."""
        results = [self._derive(request, r) if r.run else r for r in stored.results]
        again = outcome_of(results, request)
        return replace(stored, fast=again.fast, full=again.full, others=again.others)

    def _derive(self, request: BenchRequest, result: CaseResult) -> CaseResult:
        path = self._workload.folder / result.run
        if not path.is_file():
            raise DataDamaged(f"{path}: missing", hint="Restore it from git.")
        if _digest(path) != result.sha256:
            raise DataDamaged(f"{path}: changed since it was measured", hint="Restore it from git.")
        blocks = read_blocks(path)
        asked = (_objective(request), request.of_each, request.threshold)
        guards = guards_in(request.guards, "guards")
        question = Question(*asked, tails=request.tails, early=False, guards=guards)
        question = replace(question, late=False, confirm=request.confirm, fewest=request.fewest)
        question = replace(question, of_all=request.of_all)
        question = with_infos(question, read_described(path).metrics)
        if request.weighed:
            question = replace(question, noise=request.noise_on(result.host, result.case))
            result = with_noise(result, blocks)
        found = derive(blocks, question)
        if LABEL not in found and not (request.weighed and KEPT in found):
            raise DataDamaged(f"{path}: has no pair of {LABEL} and {CURRENT}")
        step, seen = found[KEPT if KEPT in found else LABEL], result.evidence
        cumulative = found.get(LABEL, step)
        derived = replace(
            result,
            evidence=seen and evidence_of(read_parquet(path), step.reference, seen),
            step=Ratio.of(step),
            cumulative=Ratio.of(cumulative),
            metric=step.metric.value,
            blocks=step.blocks,
            fresh_blocks=step.fresh_blocks,
            least=None if result.least is None else step.least,
            builds=tuple(replace(b, build=_ran(blocks, b.label)) for b in result.builds),
            guarded=guarded_again(step, result.guarded),
        )
        return figures_again(derived, blocks, cumulative)


def _ran(blocks: Sequence[Block], label: str) -> str:
    """The digest of the build that all trials of a side ran; of several, all of them."""
    digests = {record.build_digest for block in blocks for record in block.get(label, ())}
    return ", ".join(sorted(digests))


def _goes_on(earlier: Sequence[Row], own: Sequence[Row]) -> bool:
    """Is a run's first block the next one? It begins anew, from 0, where a build has changed."""
    last = max((row["block"] for row in earlier), default=-1)
    return bool(earlier) and all(row["block"] > last for row in own if not row["warmup"])


def _beyond(needed_ns: int | None, request: BenchRequest) -> int | None:
    """The budget that would decide: more than the one that did not, in any case."""
    return None if needed_ns is None else max(needed_ns, request.budget_ns * 5 // 4)


def read_blocks(path: Path) -> list[Block]:
    """The blocks of a kept run."""
    return blocks_of(read_records(path))


def _decides(request: BenchRequest, found: Baseline) -> str:
    """The label of the last kept state, which may be the baseline itself."""
    return LABEL if request.kept == found.commit else KEPT


def _objective(request: BenchRequest) -> Metric | None:
    """The metric that the campaign declared; None: whichever serves."""
    return Metric(request.objective) if request.objective else None


def _digest(path: Path) -> str:
    return hashlib.sha256(read_kept(path)).hexdigest()
