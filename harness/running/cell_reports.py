"""What a run says of each of its cells: what it measured, and what went wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from harness.analysis import metric_estimates, summarise_cell
from harness.analysis.over_ranks import NO_REPORTS
from harness.errors import ExitCode, HarnessError, ToolchainMissing
from harness.model import Build, BuildFacts, Measurement, MetricInfo, Ranking, TrialStatus
from harness.running import Failed, Group, Prepared, Ready, Settings
from harness.running.cells import alike
from harness.running.reports import Failure
from harness.running.source_size import binary_bytes, source_bytes

if TYPE_CHECKING:
    from harness.analysis import Question

EVERY = "every_target"
"""In the origin of a run whose targets nobody chose by name or adapter."""


def measurement_of(member: Prepared, group: Group, settings: Settings) -> Measurement:
    cell = member.cell
    confidence = settings.question.confidence
    figures = shown_figures(declared_figures(member), settings.question)
    mode = cell.mode or settings.mode
    summary = summarise_cell(group.blocks.of(cell.name), mode, confidence)
    if cell.target.launch and summary["trials"] and summary["ranks"] is None:
        summary["warnings"] = (*summary["warnings"], NO_REPORTS)
    return Measurement(
        task=cell.task.name,
        case=cell.case.name,
        target=cell.name,
        adapter=cell.target.adapter,
        language=member.build.toolchain.language if member.build else cell.target.adapter,
        mode=mode,
        build_digest=member.build.digest if member.build else "",
        **(_made_by(member.build) if member.build else {}),
        tags=cell.target.tags,
        source_bytes=source_bytes(cell.target),
        **summary,
        metrics=metric_estimates(group.blocks.of(cell.name), figures, confidence),
    )


def declared_figures(member: Prepared) -> tuple[MetricInfo, ...]:
    """The figures that the target itself and plugins declare; the target's where both do."""
    if isinstance(member, Failed):
        return member.cell.target.metrics
    infos = (*member.adapter.metrics(), *member.cell.target.metrics)
    return tuple({info.name: info for info in infos}.values())


def shown_figures(declared: Sequence[MetricInfo], question: Question) -> tuple[MetricInfo, ...]:
    """The figures that a measurement has: those declared, the one that decides, the guarded."""
    asked = (*declared, *((question.figure,) if question.figure else ()), *question.guarded)
    found: dict[str, MetricInfo] = {}
    for info in asked:
        found.setdefault(info.name, info)
    return tuple(found.values())


def _made_by(build: Build) -> dict[str, Any]:
    facts = BuildFacts.of(build)
    return {
        "toolchain": facts.toolchain,
        "options": facts.options,
        "build_ns": facts.build_ns,
        "binary_bytes": binary_bytes(build),
    }


def failure_of(member: Prepared, group: Group) -> Failure | None:
    """The first thing that went wrong with a cell, or None."""
    if isinstance(member, Failed):
        return _preparation_failure(member.failure)
    name = member.cell.name
    first = group.first_failure.get(name)
    if first is None:
        return None
    if first.status is TrialStatus.WRONG_OUTPUT:
        return Failure("WRONG", f"wrong output: {first.message}", ExitCode.ANSWER_IS_NO)
    ended = Counter(record.trial.ok for record in group.blocks.of(name))
    bad = ended[False]
    count = f"{bad} of {ended.total()} trials" if bad else "warming up"
    note = ", given up" if group.given_up(name) else ""
    return Failure(
        f"{first.status.value} ({count}{note})", f"{count}: {first.message}", ExitCode.TRIAL
    )


def is_passed_over(member: Prepared, groups: Sequence[Group], origin: Mapping[str, Any]) -> bool:
    """Is it told that this member lacks its toolchain, and the run fine all the same?

    So where nobody chose it: who asks for every target does not ask for every toolchain. A run in
    which nothing could be measured is not fine.
    """
    lacks = isinstance(member, Failed) and isinstance(member.failure, ToolchainMissing)
    return (
        lacks
        and bool(origin.get(EVERY))
        and any(isinstance(other, Ready) for group in groups for other in group.members)
    )


def _preparation_failure(failure: HarnessError) -> Failure:
    words = {
        ExitCode.ADAPTER: "toolchain missing",
        ExitCode.BUILD: "build failed",
        ExitCode.TRIAL: "failed",
        ExitCode.USAGE: "configuration",
    }.get(failure.exit_code, type(failure).__name__)
    hint = f" ({failure.hint})" if failure.hint else ""
    return Failure(words, failure.message + hint, failure.exit_code)


def rankings_of(
    groups: Sequence[Group], question: Question, confidence: float
) -> Iterator[Ranking]:
    """The sets of each group whose cells are ranked; only what is right takes part.

    Those of all targets of a group come first, then those of each tag.
    """
    for group in groups:
        cells = [
            m.cell
            for m in group.members
            if isinstance(m, Ready) and m.right and m.cell.name not in group.first_failure
        ]
        if len(cells) > 1 and len(group.blocks):
            from harness.analysis import ranked_sets  # and with it numpy

            by_tag, names = alike(cells), tuple(cell.name for cell in cells)
            found = ranked_sets([names, *by_tag.values()], group.blocks, question)
            for tag, sets in zip((None, *by_tag), found, strict=True):
                yield Ranking(*cells[0].group_key, sets, confidence, tag)
