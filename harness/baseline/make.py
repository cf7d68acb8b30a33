"""Makes a baseline, once: build, run, measure, store, seal."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from harness import __version__
from harness.analysis import Question
from harness.baseline.agreeing import BuiltWorkload, further_seeds, run_all
from harness.baseline.document import (
    BaselineDocument,
    BuildRecord,
    CaseRecord,
    FileRecord,
    Timing,
    decode,
    encode,
    recipe_of,
)
from harness.baseline.drawn import draws_in_vain
from harness.baseline.related import refuse_untrue
from harness.baseline.sides import Side, side_of
from harness.baseline.store import FILES_NAME, OUTPUTS_NAME, TRIALS_NAME, Baseline, seal_in
from harness.correctness.declared import nothing_to_check
from harness.errors import AnswerIsNo, ConfigError, ExitCode, NotAllowed, TrialFailed
from harness.frozen import dataclass
from harness.model import Case, Output, OutputSource, Task
from harness.model.draws import Seeds
from harness.model.durations import parse_duration_ns
from harness.project.workload import BASELINE_NAME, RESULTS_NAME, Workload
from harness.running import Cell, Settings
from harness.running.experiment import Experiment, perform
from harness.running.reports import Report
from harness.running.session import Session
from harness.system.git.writing import Git
from harness.system.outputs.stored import StoredOutput, metrics, save_outputs
from harness.system.process.touching import touched_files
from harness.system.store.files import read_kept, storage_errors, write_atomically
from harness.system.store.parquet import join_parquet
from harness.system.store.runs import PARQUET_NAME
from harness.system.store.seal import SEAL_NAME, make_seal, write_seal

LABEL = "baseline"
"""The name of the baseline's side in every comparison."""

BRIEF_NS = 2_500_000_000
"""How long the trials of a brief baseline take together, as far as its first run tells."""

FEWEST, MOST = 2, 8
"""How many trials a brief baseline has of the fast case, however long or short they are. More of
them would hardly make a first look shorter, which shows its own noise."""

KEPT_BYTES = 2**20
"""A larger output file is kept in `outputs.parquet` alone."""


@dataclass(frozen=True, slots=True)
class BaselineSettings:
    """How the baseline's trials are made."""

    budget_ns: int
    """The budget for each case."""
    trials: int | None = None
    """Exactly this many of each case; None: until the median is known well, or the budget ends."""
    confidence: float = 0.95
    seed: int | None = None
    """The seed of the layout; None: drawn."""
    brief: bool = False
    """Only as many trials as `BRIEF_NS` holds, though `FEWEST` of the fast case, whose differences
    are the first that is known of the noise: a campaign goes on measuring while it works."""

    @classmethod
    def brief_one(cls, workload: Workload) -> BaselineSettings:
        """A brief baseline, within the budget of a look."""
        budget = workload.section.bench_budget if workload.section else "60s"
        return cls(parse_duration_ns(budget, "bench_budget"), brief=True)


def make_baseline(session: Session, workload: Workload, plan: BaselineSettings) -> Baseline:
    """Measure the commit that is checked out and seal what it gave; writes no tag.

    What is built is the commit: changes that are not committed are noted, and not measured. Raises
    NotAllowed where there is a baseline already, BuildFailed and TrialFailed where the target does
    not run, AnswerIsNo where its outputs are not the same in every run.
    """
    git = Git(workload.root)
    _refuse_second(workload, git)
    commit = git.head()
    stage = session.state / "baseline-in-the-making"
    with storage_errors(stage):
        shutil.rmtree(stage, ignore_errors=True)
        (stage / RESULTS_NAME).mkdir(parents=True)
    try:
        with side_of(session, workload, workload.target, commit, LABEL) as side:
            document = _fill(session, workload, plan, (side, stage))
            known = document.record(workload.case)
            vain = (
                draws_in_vain(session, workload, side.target, known.output_digest) if known else ""
            )
        changed = _changed_files(workload, git)
        document = replace(document, dirty=bool(changed), changed_files=changed)
        write_atomically(stage / BASELINE_NAME, encode(document))
        seal = make_seal(stage, [BASELINE_NAME, RESULTS_NAME])
        write_seal(stage, seal)
        _place(stage, workload.folder)
    finally:
        shutil.rmtree(stage, ignore_errors=True)
    warnings = (vain,) if vain else ()
    return Baseline(workload.folder, document, seal.root, warnings, _runs(workload, document))


def _runs(workload: Workload, document: BaselineDocument) -> int:
    """How often the program was run: for its outputs, on changed inputs, on a draw, and timed.

    The trials of a case begin with a run whose output is compared with the stored one.
    """
    relations = workload.task.relations
    runs = 1 if workload.case.drawn_names(workload.seeds) else 0
    for record in document.cases:
        runs += 1 + len(record.seeds) + 1 + record.timing.trials
        runs += 1 + len(relations) if relations else 0
    return runs


def _refuse_second(workload: Workload, git: Git) -> None:
    """Raise NotAllowed where there is a baseline, its tag, or something of the user's in its place.

    What an interrupted call left behind, which has no seal, is none of these.
    """
    folder, results = workload.folder, workload.folder / RESULTS_NAME
    tag = git.tag(workload.tag)
    never = (
        "A baseline is never modified. A new campaign makes a new one: declare it in harness.toml"
    )
    if (folder / SEAL_NAME).exists():
        raise NotAllowed(f"there is a baseline in {folder} already", hint=f"{never}.")
    if tag is not None:
        what = "a baseline's seal" if seal_in(tag) else "no seal of ours"
        raise NotAllowed(
            f"the tag {tag.name} exists, with {what}",
            hint=f"{never}, or delete the tag (git tag -d {tag.name}) if it is of no use.",
        )
    if (folder / BASELINE_NAME).exists():
        decode(read_kept(folder / BASELINE_NAME), str(folder / BASELINE_NAME))
    elif results.exists():
        raise NotAllowed(f"{results} is in the way", hint="Move it elsewhere.")


def _changed_files(workload: Workload, git: Git) -> tuple[str, ...]:
    """What differs from the commit, but for the campaign's own records."""
    own = f"{git.below_top(workload.folder)}/"
    return tuple(path for path in git.changes().tracked if not path.startswith(own))


def _fill(
    session: Session, workload: Workload, plan: BaselineSettings, places: tuple[Side, Path]
) -> BaselineDocument:
    """Build, run every case and seed, measure, and write all results below the stage."""
    side, stage = places
    adapter, build = session.orchestrator.build(side.target)
    ready = BuiltWorkload(session.orchestrator, adapter, build)
    outputs: dict[str, list[Output]] = {}
    plans: dict[str, BaselineSettings] = {}
    try:
        for case in workload.cases:
            seeds = _seeds_of(workload, case)
            began = time.monotonic_ns()
            outputs[case.name] = list(run_all(ready, workload.task, case, seeds))
            run_ns = (time.monotonic_ns() - began) / len(outputs[case.name])
            plans[case.name] = _briefly(plan, run_ns, case is workload.case)
            if workload.campaign and nothing_to_check(workload.task, outputs[case.name][0].values):
                raise _nothing_to_check(workload, case)
            refuse_untrue(ready, workload, case)
        save_outputs(stage / OUTPUTS_NAME, _stored(workload, outputs))
        for case in workload.cases:
            _keep_files(outputs[case.name][0], workload.task, stage / FILES_NAME / case.name)
        # Timed last: what cannot be checked is refused before minutes go into trials.
        measured = {c.name: (side, c, outputs[c.name][0]) for c in workload.cases}
        reports = {n: _measure(session, workload, plans[n], w) for n, w in measured.items()}
        side.check_untouched()
        join_parquet(stage / TRIALS_NAME, [r.folder / PARQUET_NAME for r in reports.values()])
        records = tuple(_record(workload, *measured[n][1:], reports[n]) for n in measured)
    finally:
        for output in (o for some in outputs.values() for o in some):
            ready.discard(output)
    return BaselineDocument(
        campaign=workload.campaign,
        task=workload.task.name,
        made_at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        harness_version=__version__,
        commit=side.commit,
        dirty=False,
        changed_files=(),
        recipe=recipe_of(workload.target),
        toolchain=build.toolchain,
        build=BuildRecord(build.digest, build.build_ns),
        host=reports[workload.case.name].run.host,
        outputs=workload.task.outputs,
        relations=workload.task.relations,
        cases=records,
        files=_files_of(stage),
    )


def _files_of(stage: Path) -> dict[str, FileRecord]:
    """All that the baseline's results are made of."""
    entries = make_seal(stage, [RESULTS_NAME]).entries
    return {entry.path: FileRecord(entry.size_bytes, entry.sha256) for entry in entries}


def _briefly(plan: BaselineSettings, run_ns: float, fast: bool) -> BaselineSettings:
    """The plan of a case whose runs take this long."""
    if not plan.brief or plan.trials is not None:
        return plan
    fewest = FEWEST if fast else 1
    return replace(plan, trials=max(fewest, min(MOST, int(BRIEF_NS / run_ns))))


def _nothing_to_check(workload: Workload, case: Case) -> ConfigError:
    return ConfigError(
        f"campaign {workload.campaign}: target {workload.target.name} prints nothing on case"
        f" {case.name}, and no output is declared: every change that does less would be kept",
        hint=f"Declare what it computes, [tasks.{workload.task.name}.outputs.NAME], or have it"
        " print its result.",
    )


def _seeds_of(workload: Workload, case: Case) -> tuple[int, ...]:
    """The further seeds of a case; on the fast one, one more where the target takes a seed.

    Where seeds are drawn no test needs that one: it has one that nobody knew.
    """
    takes = workload.target.takes("seed") and case.name == workload.case.name
    another = takes and workload.seeds is not Seeds.FRESH
    return further_seeds(workload.task, case, another=another)


def _stored(workload: Workload, outputs: dict[str, list[Output]]) -> Iterator[StoredOutput]:
    for case in workload.cases:
        seeds = (case.seed, *_seeds_of(workload, case))
        for seed, output in zip(seeds, outputs[case.name], strict=True):
            for name, value in output.values.items():
                keys = (workload.task.name, case.name, workload.target.name)
                yield StoredOutput(*keys, seed, name, value)


def _keep_files(output: Output, task: Task, folder: Path) -> None:
    """Copy standard output and the declared files, where they are small, for people to look at."""
    folder.mkdir(parents=True)
    kept = {folder / "stdout.txt": output.stdout}
    for spec in task.outputs:
        if spec.source is OutputSource.FILE and spec.path:
            kept[folder / spec.path] = output.folder / spec.path
    for to, source in kept.items():
        if source.stat().st_size <= KEPT_BYTES:
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, to)


def _measure(
    session: Session, workload: Workload, plan: BaselineSettings, what: tuple[Side, Case, Output]
) -> Report:
    """Time one case, each trial checked by the output that is stored."""
    side, case, output = what
    experiment = Experiment(
        cells=(Cell(workload.task, case, side.target, LABEL, output),),
        settings=Settings(
            question=Question(confidence=plan.confidence),
            trials=plan.trials,
            budget_ns=plan.budget_ns,
            seed=plan.seed,
            # The runs that its outputs are from have warmed up what there is to be warm.
            warmup=0 if plan.brief else 1,
        ),
        origin={"kind": "baseline", "campaign": workload.campaign},
    )
    report = perform(session.orchestrator, session.results, experiment)
    if report.interrupted:
        raise KeyboardInterrupt
    for failure in report.failures.values():
        if failure.exit_code is ExitCode.ANSWER_IS_NO:
            raise AnswerIsNo(
                f"the baseline does not agree with itself from run to run: {failure.message}",
                hint="Give the case a seed that the program uses, declare a wider tolerance, or"
                ' kind = "stochastic".',
            )
        raise TrialFailed(f"the baseline does not run: {failure.message}")
    return report


def _record(workload: Workload, case: Case, output: Output, report: Report) -> CaseRecord:
    (measurement,) = report.run.measurements
    return CaseRecord(
        case=case,
        outputs=metrics(output.values),
        output_digest=output.digest,
        timing=Timing.of(measurement),
        run=report.run.id,
        layout_seed=report.run.seed,
        seeds=_seeds_of(workload, case),
    )


def _place(stage: Path, folder: Path) -> None:
    """Move everything into place, the seal last: what has a seal is whole."""
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(folder / RESULTS_NAME, ignore_errors=True)
        for name in (BASELINE_NAME, RESULTS_NAME, SEAL_NAME):
            shutil.move(stage / name, folder / name)
        touched_files()
