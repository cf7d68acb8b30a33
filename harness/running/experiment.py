"""One whole run: make ready, measure in blocks, compare, store, report."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Mapping, Sequence, Set
from dataclasses import field, replace
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from harness.analysis import disturbed
from harness.errors import ExitCode, NotAllowed
from harness.frozen import dataclass
from harness.model import (
    BuildFacts,
    Host,
    Measurement,
    Ranking,
    Run,
)
from harness.model.jsonable import jsonable
from harness.running import (
    Cell,
    Group,
    Orchestrator,
    Prepared,
    Ready,
    Settings,
    discarding,
    make_groups,
    reference_of,
    remarks,
    resume_groups,
)
from harness.running.cell_reports import (
    declared_figures,
    failure_of,
    is_passed_over,
    measurement_of,
    rankings_of,
)
from harness.running.cells import GroupKey
from harness.running.ending import EndsBy, Table, ending_rule
from harness.running.named_figures import with_figure
from harness.running.of_commit import code_of_cells, commit_of, stored_commit
from harness.running.reports import (
    CellKey,
    Failure,
    Report,
    counts_of,
    to_summary,
    with_left_out,
)
from harness.running.settings import of_plan, to_plan
from harness.system.launcher.launching import LauncherFacts
from harness.system.process.given import given_digest
from harness.system.process.opening import CoreRunner
from harness.system.store.run_file import read_run
from harness.system.store.runs import BlockKey, RunWriter

if TYPE_CHECKING:
    from harness.analysis import MixTurns, Question, RaceRules


@dataclass(frozen=True, slots=True)
class Experiment:
    """What a run is to find out, and how."""

    cells: tuple[Cell, ...]
    settings: Settings = field(default_factory=Settings)
    pairs: tuple[tuple[str, str], ...] = ()
    """(reference, candidate) by name: what is compared, and whose verdicts end the run. Empty:
    every cell with its group's reference."""
    shared_level: bool = False
    """Does the error level hold for all comparisons together?"""
    ranked: bool = False
    """Is every cell of a group compared with every other one?"""
    gate: bool = False
    """Is each of the pairs asked whether its candidate is slower beyond the threshold, and left out
    of the blocks once that is known?"""
    race: RaceRules | None = None
    """All cells against one of them, from which losers retire; None: every cell runs to the end."""
    turns: MixTurns | None = None
    """Which mixes run in each block; they are not compared as cells."""
    earlier: Sequence[Mapping[str, Any]] = ()
    """Rows of an earlier run of the same builds that this one goes on with; judged with its own
    trials, and not stored again."""
    secret: int | None = None
    """What the draws of its blocks follow from; None: from the seed of the settings."""
    origin: Mapping[str, Any] = field(default_factory=dict)
    """What `--resume` needs to find the same cells again; kept in the run's plan."""

    @property
    def question(self) -> Question:
        """What each comparison is asked."""
        asked = self.settings.question
        return asked.shared_by(self.comparisons) if self.shared_level else asked

    @property
    def comparisons(self) -> int:
        """How many comparisons share the error level, those elsewhere included."""
        groups: dict[GroupKey, set[str]] = {}
        for cell in self.cells:
            groups.setdefault(cell.group_key, set()).add(cell.name)
        sizes = [len(names) for names in groups.values()]
        if self.ranked:
            return sum(size * (size - 1) // 2 for size in sizes)
        paired = sum(names.issuperset(pair) for names in groups.values() for pair in self.pairs)
        own = paired if self.pairs else sum(size - 1 for size in sizes)
        return own and max(own, self.settings.family or 0)


def perform(
    orchestrator: Orchestrator,
    results: Path,
    experiment: Experiment,
    folder: Path | None = None,
    *,
    beside: CoreRunner | None = None,
) -> Report:
    """Run an experiment from its beginning, or go on with the one stored in `folder`.

    With a runner `beside` the orchestrator's own, cells are made ready two at once.
    Everything measured is stored whatever happens; after Ctrl-C the report covers what was
    finished and says that it was interrupted.
    """
    experiment = _jailed(orchestrator, experiment)
    asked = with_figure(experiment.settings, orchestrator, experiment.cells)
    experiment = replace(experiment, settings=asked)
    host, launcher = orchestrator.runner.host(), orchestrator.runner.launcher_facts()
    if folder is None:
        experiment, folder, plan = _begun(experiment, host, results)
    else:
        experiment, plan = _gone_on_with(folder, host, experiment)
    settings, plan = experiment.settings, _timed_by(plan, launcher)
    for one in filter(None, (orchestrator.runner, beside)):
        one.cpus, one.jail = settings.cpus, orchestrator.runner.jail
    with RunWriter(folder, plan, host.id) as writer:
        try:
            members = orchestrator.prepare(experiment.cells, settings.mode, beside)
            writer.describe(
                metrics=chain.from_iterable(map(declared_figures, members)),
                builds=(BuildFacts.of(m.build) for m in members if m.build),
            )
            with discarding(orchestrator.runner, members):
                groups = _groups(experiment, members)
                rows = chain(experiment.earlier, writer.earlier())
                resume_groups(groups, rows, settings.design)
                asked = replace(settings, question=experiment.question)
                interrupted = _measure(orchestrator, groups, asked, writer)
                said = [words for group in groups for words in remarks(group.members)]
        finally:
            # After Ctrl-C too: setup commands may have started what must not stay.
            problems = orchestrator.cleanup(experiment.cells)
        report = _report(experiment, groups, writer, host, interrupted)
        disturbed = orchestrator.runner.disturbances()
        warnings = (*orchestrator.notes, *disturbed, *said, *problems)
        report = replace(report, run=replace(report.run, warnings=warnings))
        report = with_left_out(report, orchestrator.adapters.left_out(), settings.metrics)
        if not interrupted:
            writer.finish(to_summary(report), _disturbed_blocks(groups))
    return report


def _groups(experiment: Experiment, members: Sequence[Prepared]) -> list[Group]:
    settings, secret = experiment.settings, experiment.secret
    earlier = {row["block"] for row in experiment.earlier if not row["warmup"]}
    ending = EndsBy(
        settings,
        pairs=experiment.pairs,
        race=experiment.race,
        turns=experiment.turns,
        earlier_blocks=len(earlier),
        table=_table(experiment),
    )
    groups = make_groups(
        members,
        lambda group: ending_rule(ending, group),
        settings.seeds,
        settings.drawn_seed if secret is None else secret,
        settings.given_draw,
    )
    for group in groups:
        # Not by type: a run of one target has no such rule, and needs no numpy.
        group.left = getattr(group.rule, "left", group.left)
    return groups


def _table(experiment: Experiment) -> Table | None:
    """How all comparisons are judged together; None where each is by itself."""
    if not experiment.shared_level:
        return None
    settings = experiment.settings
    asked = settings.budget_ns is not None or settings.trials is not None
    groups = len({cell.group_key for cell in experiment.cells})
    tasks = len({cell.task.name for cell in experiment.cells})
    limit_ns = settings.time_limit(groups, tasks).ns or 0
    span_ns = settings.budget_ns if asked else limit_ns // max(groups, 1)
    return Table(experiment.question, experiment.ranked, span_ns, experiment.gate)


def _jailed(orchestrator: Orchestrator, experiment: Experiment) -> Experiment:
    """The experiment with the jail that its trials run in: its own, else the session's."""
    jail = experiment.settings.jail or orchestrator.runner.jail
    orchestrator.runner.jail = jail
    return replace(experiment, settings=replace(experiment.settings, jail=jail))


def run_id(started_at_ns: int) -> str:
    """A name that sorts by time and does not repeat: `20260131-175959-8f3a27c1`.

    After the second come its fraction in 65536ths and four digits of chance: short runs fit into
    one second.
    """
    seconds, rest_ns = divmod(started_at_ns, 1_000_000_000)
    moment = datetime.fromtimestamp(seconds, UTC)
    fraction = (rest_ns << 16) // 1_000_000_000
    # Chance of the system, not of a seed: two processes that begin at once must get two names.
    return f"{moment:%Y%m%d-%H%M%S}-{fraction:04x}{random.SystemRandom().getrandbits(16):04x}"


def _plan(experiment: Experiment, host: Host, started_at_ns: int) -> dict[str, Any]:
    return {
        "started_at_ns": started_at_ns,
        "command": sys.argv[1:],
        "host": jsonable(host),
        **to_plan(experiment.settings),
        "cells": [[*c.key] for c in experiment.cells],
        "given": _given(experiment),
        "params": [
            [*c.group_key, jsonable(c.case.params)]
            for c in {c.group_key: c for c in experiment.cells}.values()
        ],
        "code": code_of_cells(experiment.cells),
        "origin": jsonable(experiment.origin),
        "commit": jsonable(commit_of(experiment.cells[0].target.root))
        if experiment.cells
        else None,
    }


def _timed_by(plan: dict[str, Any], launcher: LauncherFacts) -> dict[str, Any]:
    """The plan with the launcher that times the trials from now on; of older runs none is known."""
    before = plan.get("launchers", [])
    now = jsonable(launcher)
    return {**plan, "launchers": before if now in before else [*before, now]}


def _given(experiment: Experiment) -> list[list[str]]:
    return [[*c.key, given_digest(c.target, c.case)] for c in experiment.cells]


def _begun(
    experiment: Experiment, host: Host, results: Path
) -> tuple[Experiment, Path, dict[str, Any]]:
    """The experiment with a seed, and the folder and the plan of its new run."""
    started_at_ns = time.time_ns()
    experiment = replace(experiment, settings=experiment.settings.seeded())
    return experiment, results / run_id(started_at_ns), _plan(experiment, host, started_at_ns)


def _gone_on_with(
    folder: Path, host: Host, experiment: Experiment
) -> tuple[Experiment, dict[str, Any]]:
    """The experiment with the seed of the run stored in `folder`, and that run's plan."""
    plan = _stored_plan(folder, host, experiment)
    settings = replace(experiment.settings, seed=of_plan(plan).seed)
    return replace(experiment, settings=settings), plan


def _stored_plan(folder: Path, host: Host, experiment: Experiment) -> dict[str, Any]:
    """The plan of a run that is to go on here.

    NotAllowed on another machine than before, or where targets are given something else now.
    """
    plan = dict(read_run(folder).plan)
    before = plan["host"]
    if before["id"] != host.id:
        raise NotAllowed(
            f"{folder.name} was begun on another machine: {before['cpu']}, kernel"
            f" {before['kernel']}; this is {host.cpu}, kernel {host.kernel}",
            hint="Begin a new run: times of two machines do not make one measurement.",
        )
    now = _given(experiment)
    changed = [cell for cell in now if cell not in plan.get("given", now)]
    if changed:
        _, case, name, _ = changed[0]
        raise NotAllowed(
            f"{name} on {case} is not given what it was when the run began: parameters, arguments,"
            " environment or input data have changed",
            hint="Restore them, or begin a new run.",
        )
    return plan


def _measure(
    orchestrator: Orchestrator, groups: Sequence[Group], settings: Settings, writer: RunWriter
) -> bool:
    """Measure; True where a person interrupted it."""
    try:
        orchestrator.measure(groups, settings, writer)
    except KeyboardInterrupt:
        return True
    return False


@dataclass(frozen=True, slots=True)
class _DisturbedBlocks:
    """The disturbed blocks of all groups, which may be most of a long run's."""

    by_group: Mapping[GroupKey, Set[int]]

    def __contains__(self, key: object) -> bool:
        task, case, number = cast("BlockKey", key)
        return number in self.by_group.get((task, case), ())


def _disturbed_blocks(groups: Sequence[Group]) -> _DisturbedBlocks:
    return _DisturbedBlocks({g.members[0].cell.group_key: disturbed(g.blocks) for g in groups})


def _report(
    experiment: Experiment,
    groups: Sequence[Group],
    writer: RunWriter,
    host: Host,
    interrupted: bool,
) -> Report:
    measurements: list[Measurement] = []
    comparisons = []
    failures: dict[CellKey, Failure] = {}
    for group in groups:
        for member in group.members:
            cell = member.cell
            measurement = measurement_of(member, group, experiment.settings)
            measurements.append(measurement)
            failure = failure_of(member, group)
            if failure is not None:
                if is_passed_over(member, groups, experiment.origin):
                    failure = replace(failure, exit_code=ExitCode.FINE)
                failures[cell.key] = failure
        for reference, candidates in _comparable(experiment, group).items():
            from harness.analysis import compare_cells, with_guards  # and with it numpy

            because, asked = group.stopped or "interrupted", experiment.question
            for found in compare_cells(reference, candidates, group.blocks, asked, because):
                comparisons.append(with_guards(found, group.blocks, asked, measurements))
    ranked = _rankings(experiment, groups)
    run = Run(
        id=writer.folder.name,
        started_at_ns=writer.plan["started_at_ns"],
        command=tuple(writer.plan["command"]),
        seed=writer.plan["seed"],
        host=host,
        measurements=tuple(measurements),
        comparisons=tuple(comparisons),
        rankings=tuple(r for r in ranked if r.tag is None),
        rankings_by_tag=tuple(r for r in ranked if r.tag is not None),
        finished=not interrupted,
        parquet=None if interrupted else str(writer.folder / "trials.parquet"),
        commit=stored_commit(writer.plan),
    )
    return Report(run, writer.folder, failures, counts_of(groups), tuple(groups), interrupted)


def _rankings(experiment: Experiment, groups: Sequence[Group]) -> tuple[Ranking, ...]:
    if not experiment.ranked:
        return ()
    confidence = experiment.settings.question.confidence
    return tuple(rankings_of(groups, experiment.question, confidence))


def _comparable(experiment: Experiment, group: Group) -> dict[str, list[str]]:
    """The candidates of every reference, of those cells that run."""
    if experiment.turns is not None:
        return {}
    names = [m.cell.name for m in group.members if isinstance(m, Ready)]
    reference = reference_of(group.members)
    first = reference.cell.name if reference else ""
    pairs = experiment.pairs or [(first, name) for name in names if name != first]
    found: dict[str, list[str]] = {}
    for one, other in pairs:
        if one in names and other in names:
            found.setdefault(one, []).append(other)
    return found
