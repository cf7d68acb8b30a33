"""Builds the baseline's commit beside the current tree and measures both, interleaved."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from harness.baseline import LABEL, Baseline
from harness.baseline.again import baseline_side, named_the_baselines
from harness.baseline.agreeing import BuiltWorkload, Expected, agrees
from harness.baseline.limiting import limited
from harness.baseline.sides import CURRENT, Side, current_side, side_at
from harness.bench.beside import FEW_VALUES, TriedSides, fitted, gain_on_known
from harness.bench.doubts import far_from_sealed, same_program
from harness.bench.further import BesideBlocks
from harness.bench.phases import phase_rows
from harness.bench.scale import scale_of
from harness.bench.settings import BenchSettings
from harness.bench.startup import startup_of
from harness.correctness.used import room_used
from harness.errors import ExitCode, TrialFailed, UsageError
from harness.frozen import dataclass
from harness.model import (
    Agreement,
    BenchReport,
    Build,
    Case,
    CaseBench,
    Comparison,
    Measurement,
    SideFigures,
    Verdict,
)
from harness.model.draws import Seeds
from harness.model.noise import FEWEST
from harness.plugins import Adapter
from harness.project.workload import Workload
from harness.running import Cell, Ready, Settings
from harness.running.experiment import Experiment, perform
from harness.running.further_draws import BothSides, Checked
from harness.running.reports import Report
from harness.running.session import Session
from harness.running.settings import drawn_seed
from harness.system.git.writing import Git
from harness.system.process.executed import executed, program_of


@dataclass(frozen=True, slots=True)
class Bench:
    """One bench at work: everything that its cases share."""

    session: Session
    workload: Workload
    baseline: Baseline
    plan: BenchSettings


@dataclass(frozen=True, slots=True)
class BuiltSide:
    """A side with its build."""

    side: Side
    adapter: Adapter
    build: Build
    executed: str
    """The digest of the file that it executes, when it was built."""

    @classmethod
    def of(cls, session: Session, side: Side) -> BuiltSide:
        """Build a side; raises what building raises."""
        adapter, build = session.orchestrator.once.made(side.target)
        return cls(side, adapter, build, executed(build))

    def check_untouched(self) -> None:
        """Raise TrialFailed where its sources, or what it executes, changed meanwhile."""
        self.side.check_untouched()
        if executed(self.build) != self.executed:
            raise TrialFailed(
                f"{self.side.label}: {self.build.program} is not what was built any more: it"
                " changed while it was measured",
                hint="Does the program, or another build, write it?",
            )


def run_bench(
    session: Session, workload: Workload, baseline: Baseline, plan: BenchSettings
) -> BenchReport:
    """Compare the working tree with the baseline and the plan's further references, or with these.

    All of them run interleaved in the same blocks; each comparison is one of the current tree with
    one reference. A wrong output is measured no further, nor is a current tree that crashes. Raises
    BuildFailed where a side cannot be built, TrialFailed where a reference does not run.
    """
    if plan.jail is not None:
        session.runner.jail = plan.jail
    workload = limited(workload, baseline)
    bench = Bench(session, workload, baseline, plan)
    cases = workload.measured(full=plan.full)
    with contextlib.ExitStack() as stack:
        sides = _sides(bench, stack)
        found: list[CaseBench] = []
        for case in cases:
            found.append(_case(bench, sides, case))
            if not found[-1].agreement.ok or _enough(found[-1], plan.unless_slower):
                break
        for built in sides.values():
            built.check_untouched()
    report = bench_report(bench, found, sides[CURRENT])
    changed = _toolchain_warning(baseline, sides[CURRENT].build)
    return replace(report, warnings=(*report.warnings, *changed))


def bench_report(bench: Bench, found: Sequence[CaseBench], current: BuiltSide) -> BenchReport:
    """What the cases found of the current tree, with what there is to say of the baseline."""
    workload = bench.workload
    further = {case.name for case in workload.further}
    at_scale = [case for case in found if case.case not in further]
    return BenchReport(
        campaign=workload.campaign,
        target=workload.target.name,
        task=workload.task.name,
        reference=bench.plan.reference,
        cases=tuple(found),
        together=tuple(case.name for case in (workload.case, *workload.further)),
        snapshot=current.side.commit,
        scale=scale_of(at_scale, bench.plan.reference, CURRENT),
        warnings=bench.baseline.warnings,
    )


def _enough(case: CaseBench, reference: str) -> bool:
    """Is the answer known, whatever a larger case would say?"""
    known = case.comparisons.get(reference)
    return known is not None and known.verdict is Verdict.SLOWER


def _sides(bench: Bench, stack: contextlib.ExitStack) -> dict[str, BuiltSide]:
    """Check out and build every side, the baseline first and the current tree last."""
    session, workload = bench.session, bench.workload
    clash = {LABEL, CURRENT} & bench.plan.references.keys()
    if clash:
        raise UsageError(f"a reference cannot be called {', '.join(sorted(clash))}")
    made: dict[str, BuiltSide] = {}
    if bench.plan.with_baseline:
        with named_the_baselines():
            made[LABEL] = _built(
                bench, stack.enter_context(baseline_side(session, workload, bench.baseline))
            )
    for label, revision in bench.plan.references.items():
        side = stack.enter_context(side_at(session, workload, revision, label))
        made[label] = _built(bench, side)
    made[CURRENT] = _built(bench, stack.enter_context(current_side(session, workload)))
    return made


def _built(bench: Bench, side: Side) -> BuiltSide:
    return BuiltSide.of(bench.session, side)


def _case(bench: Bench, sides: Mapping[str, BuiltSide], case: Case) -> CaseBench:
    """One case; a current tree that does not end well is an answer, not an error."""
    try:
        return _measured(bench, sides, case)
    except TrialFailed as problem:
        if not problem.message.startswith(f"{CURRENT} "):
            raise
        return CaseBench(case.name, Agreement(ok=False, summary=problem.message), crashed=True)


def _measured(bench: Bench, sides: Mapping[str, BuiltSide], case: Case) -> CaseBench:
    """Check the current tree's output, then measure all sides on one case."""
    expected, reference = bench.baseline.expected(case), bench.plan.reference
    once = case.name == bench.plan.tested and not expected.further
    agreement = Agreement(ok=True) if once else check_side(bench, sides[CURRENT], case, expected)
    if not agreement.ok:
        # Is it the change, or this machine? Where the kept code is as wrong, it is no change.
        _check_reference(check_side(bench, sides[reference], case, expected), reference, case)
        return CaseBench(case.name, agreement)
    cells = tuple(
        Cell(bench.workload.task, case, built.side.target, label, expected.main)
        for label, built in sides.items()
    )
    pairs = tuple((label, CURRENT) for label in sides if label != CURRENT)
    if bench.plan.noise and len({program_of(built.build) for built in sides.values()}) == 1:
        # No number of blocks tells a program from itself: a few show that it is so.
        bench = replace(bench, plan=replace(bench.plan, max_blocks=FEWEST))
    report = measure(bench, cells, pairs, _earlier_rows(bench, sides, case))
    agreement = after_all(report, agreement)
    if once and agreement.ok:
        agreement = _as_made_ready(bench.workload, report, expected)
    if not agreement.ok:
        return CaseBench(case.name, agreement, run_id=report.run.id, folder=report.folder)
    wrong, known, further = _beside_blocks(bench, sides, case, report)
    if wrong is not None:
        return CaseBench(case.name, wrong, run_id=report.run.id, folder=report.folder)
    blocks = report.groups[0].blocks
    ready = startup_of(bench.session, cells) if bench.plan.startup else {}
    measured = {m.target: m for m in report.run.measurements}
    return CaseBench(
        case=case.name,
        agreement=agreement,
        comparisons={c.reference: c for c in report.run.comparisons},
        phases=phase_rows(measured[reference], measured[CURRENT], blocks, bench.plan.question),
        sides={
            label: replace(figures(built, measured[label]), ready_ns=ready.get(label))
            for label, built in sides.items()
        },
        run_id=report.run.id,
        folder=report.folder,
        warnings=warnings_of(report),
        doubts=(*_one_program(bench, sides), *_not_as_sealed(bench, case, measured)),
        known_gain=known,
        further_draws=further,
    )


def _beside_blocks(
    bench: Bench, sides: Mapping[str, BuiltSide], case: Case, report: Report
) -> tuple[Agreement | None, float | None, int]:
    """What is wrong beside the blocks; the gain on known values alone; how many draws agreed."""
    wrong, known, deciding = None, None, bench.plan.reference
    step = next((c for c in report.run.comparisons if c.reference == deciding), None)
    if bench.plan.elsewhere and step is not None:
        wrong, known = _elsewhere(bench, sides, case, step)
    gains = step is not None and step.verdict is Verdict.FASTER and not step.broken
    if wrong is not None or not bench.plan.further_ns or not (gains or not bench.plan.elsewhere):
        return wrong, known, 0
    further = _further(bench, sides, case, report)
    return further.wrong, known, further.draws


def _further(bench: Bench, sides: Mapping[str, BuiltSide], case: Case, report: Report) -> Checked:
    """What further draws say: the reference tells what is right there, and the baseline."""
    label, group, workload = bench.plan.reference, report.groups[0], bench.workload
    before, now = ((sides[name].adapter, sides[name].build) for name in (label, CURRENT))
    both = BothSides(before, now, workload.task, for_ns=bench.plan.further_ns)
    unmeasured = bench.plan.elsewhere and not bench.plan.full and case == workload.case
    full, seeds = workload.full_case if unmeasured else None, group.draws.seeds
    asked = (bench.session, workload, bench.baseline, case, seeds, group.block_ns, full)
    return BesideBlocks(*asked).check(both, by_baseline=label == LABEL)


def _elsewhere(
    bench: Bench, sides: Mapping[str, BuiltSide], case: Case, step: Comparison
) -> tuple[Agreement | None, float | None]:
    """What is wrong with a gain on values beside the case's own, where nothing is drawn or so few
    values that a table holds them; and the gain on its own values of what shows none on drawn ones.
    """
    seeds = bench.workload.seeds
    if seeds is Seeds.FIXED:
        return None, None
    before, now = (
        BuiltWorkload(bench.session.orchestrator, sides[name].adapter, sides[name].build)
        for name in (bench.plan.reference, CURRENT)
    )
    both = TriedSides(bench.workload.task, before, now)
    if step.verdict is Verdict.FASTER:
        known = not case.holdout and case.drawn_count(seeds) <= FEW_VALUES
        return (fitted(both, case, step) if known else None), None
    drawn = case.drawn_names(seeds) or case.holdout
    return None, (gain_on_known(both, case) if drawn else None)


def _one_program(bench: Bench, sides: Mapping[str, BuiltSide]) -> Iterator[str]:
    """What is to be said of references that ran the current tree's program."""
    now, git = sides[CURRENT], Git(bench.workload.root)
    for label, built in sides.items():
        if label != CURRENT and program_of(built.build) == program_of(now.build):
            differing = git.diff_names(built.side.commit, now.side.commit)
            yield from same_program((label, CURRENT), differing)


def _not_as_sealed(bench: Bench, case: Case, measured: Mapping[str, Measurement]) -> Iterator[str]:
    if LABEL in measured:
        yield from far_from_sealed(bench.baseline.record(case).timing, measured[LABEL])


def check_side(bench: Bench, built: BuiltSide, case: Case, expected: Expected) -> Agreement:
    """Check one run of a side, and of every further seed; TrialFailed names the side."""
    ready = BuiltWorkload(bench.session.orchestrator, built.adapter, built.build)
    try:
        return agrees(ready, bench.workload.task, case, expected)
    except TrialFailed as problem:
        where = f"{built.side.label} on {case.name}"
        raise TrialFailed(f"{where}: {problem.message}", hint=problem.hint) from problem


def _earlier_rows(
    bench: Bench, sides: Mapping[str, BuiltSide], case: Case
) -> Sequence[Mapping[str, Any]]:
    """The earlier rows of a case; none where a side is built otherwise now."""
    rows = bench.plan.earlier.get(case.name, ())
    built = {label: side.build.digest for label, side in sides.items()}
    # A look goes on with the blocks of the last one only while every side is the same program.
    same = all(built.get(row["target"]) == row["build_digest"] for row in rows)
    return rows if same else ()


def measure(
    bench: Bench,
    cells: tuple[Cell, ...],
    pairs: tuple[tuple[str, str], ...],
    earlier: Sequence[Mapping[str, Any]] = (),
) -> Report:
    """Time the cells of one case until every pair's verdict is sure, or the budget ends."""
    plan = bench.plan
    experiment = Experiment(
        cells=cells,
        settings=Settings(
            question=plan.question_on(cells[0].case.name),
            warmup=plan.warmup,
            trials=plan.trials,
            budget_ns=plan.budget_ns,
            seed=plan.seed,
            seeds=bench.workload.seeds,
            cpus=plan.cpus,
            max_blocks=plan.max_blocks,
        ),
        pairs=pairs,
        earlier=earlier,
        # Of the system's chance, after the code was frozen: a seed that is given is known.
        secret=drawn_seed(),
        origin={"kind": "bench", "campaign": bench.workload.campaign},
    )
    report = perform(bench.session.orchestrator, bench.session.results, experiment)
    if report.interrupted:
        raise KeyboardInterrupt
    return report


def _as_made_ready(workload: Workload, report: Report, expected: Expected) -> Agreement:
    """The agreement of the output that the current tree gave before its trials."""
    members = (m for m in report.groups[0].members if isinstance(m, Ready))
    now = next(m for m in members if m.cell.name == CURRENT)
    agreement = now.verdict or Agreement(ok=True)
    used = room_used(workload.task, expected.main.values, now.expected.values)
    if used is None or not agreement.ok:
        return agreement
    return replace(agreement, tolerance_used=used.share, relative_error=used.error)


def after_all(report: Report, before: Agreement) -> Agreement:
    """The agreement over all trials; TrialFailed where a side did not run."""
    for (_, case, label), failure in report.failures.items():
        if failure.exit_code is not ExitCode.ANSWER_IS_NO:
            raise TrialFailed(f"{label} on {case}: {failure.message}")
        if label != CURRENT:
            raise _changed(label, case, failure.message)
        return Agreement(ok=False, summary=failure.message)
    return before


def _check_reference(agreement: Agreement, label: str, case: Case) -> None:
    """Raise TrialFailed where the reference's own build is as wrong as the current tree's."""
    if not agreement.ok:
        raise _changed(label, case.name, agreement.summary)


def _changed(label: str, case: str, what: str) -> TrialFailed:
    return TrialFailed(
        f"{label} no longer gives the stored output on {case}: {what}",
        hint="Has the toolchain, a library or the data changed since the baseline was made?",
    )


def warnings_of(report: Report) -> tuple[str, ...]:
    """What is to be known of a run and of each side's trials."""
    own = (f"{m.target}: {w}" for m in report.run.measurements for w in m.warnings)
    return (*report.run.warnings, *own)


def figures(built: BuiltSide, measured: Measurement) -> SideFigures:
    """What a side took."""
    return SideFigures(
        commit=built.side.commit,
        wall_ns=measured.wall_ns,
        cpu_ns=measured.cpu_ns,
        max_rss_bytes=measured.max_rss_bytes,
        build_ns=built.build.build_ns,
        build_digest=built.build.digest,
        program_digest=program_of(built.build),
        toolchain=built.build.toolchain.version,
        setup_ns=built.side.setup_ns,
        figures=measured.metrics,
    )


def _toolchain_warning(baseline: Baseline, build: Build) -> Sequence[str]:
    old = baseline.document.toolchain
    if old.fingerprint == build.toolchain.fingerprint:
        return ()
    return (
        f"the toolchain is not the one that the baseline was made with ({old.version}, now"
        f" {build.toolchain.version}); all sides are built with the present one",
    )
