"""The page of a run: the answer in sentences, tables, pictures, doubts, how to repeat it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from harness.model import Measurement
from harness.pages.drawn_trials import TrialFacts, trial_facts
from harness.pages.run_parts import (
    host_grid,
    phase_picture,
    ratio_picture,
    result_grid,
    spread_picture,
    time_picture,
    toolchain_grid,
    works_of,
)
from harness.pages.scaling import scaling_parts
from harness.pages.stored_sweep import swept_document
from harness.pages.unproved import code_of, not_proved
from harness.render.documents import (
    Chapter,
    Commands,
    Document,
    Grid,
    Part,
    Points,
    Words,
)
from harness.render.explaining import headline
from harness.render.rank_table import HEADERS as RANK_HEADERS
from harness.render.rank_table import bindings, rank_rows
from harness.render.standings import ranking_line
from harness.render.sweep import sweep_sentences
from harness.render.units import show_ns_estimate
from harness.running.reading_back import checked_report
from harness.running.reports import Report
from harness.running.selecting import RESUMABLE
from harness.system.store.run_file import StoredRun
from harness.system.store.runs import making_sense

MOST_WORKS = 4
"""Tasks with their cases that have pictures of their own: a sweep has a hundred."""
MOST_SENTENCES = 8


def run_document(stored: StoredRun, about: tuple[str, ...] = ()) -> Document:
    """A stored run as a page; `about` are sentences on why it is this run.

    DataDamaged where its trials cannot be read.
    """
    report = checked_report(stored)
    with making_sense(stored.folder):
        facts, sweep = trial_facts(stored), swept_document(stored)
        works = works_of(report, facts)
        drawn = [] if sweep else works[:MOST_WORKS]
        return Document(
            title=_title(report, works),
            subtitle=_subtitle(stored, report, facts),
            summary=(*about, *_summary(stored, report, facts, sweep)),
            sections=(
                Chapter("Scaling", tuple(scaling_parts(stored, report, sweep))),
                Chapter("Results", tuple(_results(report, facts, drawn))),
                Chapter("Phases", tuple(_phases(report, drawn))),
                Chapter("Ranks", tuple(_ranks(report))),
                Chapter("Over the run", tuple(_over_time(facts, drawn))),
                Chapter("What this does not prove", _doubts(stored, report, facts)),
                Chapter("Machine and toolchains", tuple(_surroundings(stored, report))),
                Chapter("To repeat it", tuple(_again(stored, report))),
            ),
        )


def _title(report: Report, works: list[tuple[str, str]]) -> str:
    tasks = list(dict.fromkeys(task for task, _ in works))
    targets = list(dict.fromkeys(m.target for m in report.run.measurements))
    if 0 < len(targets) <= 2:
        return " and ".join(targets)
    return ", ".join(tasks[:4]) + (" and more" if len(tasks) > 4 else "") or f"Run {report.run.id}"


def _subtitle(stored: StoredRun, report: Report, facts: TrialFacts) -> str:
    begun = datetime.fromtimestamp(report.run.started_at_ns / 1e9, UTC)
    return (
        f"Run {stored.id}, begun {begun:%Y-%m-%d %H:%M} UTC on {report.run.host.cpu};"
        f" {facts.timed} timed trial{'s' * (facts.timed != 1)}."
    )


def _summary(
    stored: StoredRun, report: Report, facts: TrialFacts, sweep: Mapping[str, Any]
) -> Iterator[str]:
    if not stored.finished:
        yield f"This run was not finished. {facts.timed} trials of it are stored; none was judged."
        return
    if sweep:
        lines = [line for each in sweep_sentences(sweep) for line in each if "\n" not in line]
        yield from (f"{line}." for line in lines[:MOST_SENTENCES])
        yield _outputs(report, facts)
        return
    for c in report.run.comparisons[:MOST_SENTENCES]:
        yield f"{headline(c)}, on {c.task} {c.case}."
    ranked = (*report.run.rankings, *report.run.rankings_by_tag)
    several = len(report.run.rankings) > 1
    yield from (f"{ranking_line(r, named=several)}." for r in ranked[:MOST_SENTENCES])
    if len(report.run.comparisons) > MOST_SENTENCES:
        yield f"{len(report.run.comparisons) - MOST_SENTENCES} comparisons more are in the table."
    compared = {
        (c.task, c.case, n) for c in report.run.comparisons for n in (c.reference, c.candidate)
    }
    for m in report.run.measurements:
        if m.key not in compared and m.wall_ns is not None:
            yield (
                f"{m.target} takes {show_ns_estimate(m.wall_ns)} of wall time on {m.task} {m.case}"
                f" (median of {m.trials} trial{'s' * (m.trials != 1)})."
            )
    yield _outputs(report, facts)


def _outputs(report: Report, facts: TrialFacts) -> str:
    if report.failures:
        return "Not all went well: " + "; ".join(
            f"{key[2]}: {failure.words}" for key, failure in report.failures.items()
        )
    if not facts.timed:
        return "Nothing was measured."
    checked = facts.timed - facts.unchecked
    if not checked:
        return "No output was checked."
    which = checked if facts.unchecked else "all"
    return f"The outputs of {which} timed trials were checked and are right."


def _results(report: Report, facts: TrialFacts, works: list[tuple[str, str]]) -> Iterator[Part]:
    if report.run.measurements:
        yield result_grid(report)
    every = works_of(report, facts)
    if len(every) > len(works):
        which = (
            f"pictures are of the first {len(works)}" if works else "none has pictures of its own"
        )
        yield Words(f"There are {len(every)} cases: {which}; the table has all of them.")
    for task, case in works:
        found = [c for c in report.run.comparisons if (c.task, c.case) == (task, case)]
        if found:
            yield ratio_picture(task, case, found)
        series = facts.of_work(task, case)
        if series:
            yield spread_picture(task, case, series)


def _over_time(facts: TrialFacts, works: list[tuple[str, str]]) -> Iterator[Part]:
    for task, case in works:
        if any(len(each.times_ns) > 1 for each in facts.of_work(task, case).values()):
            yield time_picture(task, case, facts)


def _phases(report: Report, works: list[tuple[str, str]]) -> Iterator[Part]:
    pictures = [
        picture
        for task, case in works
        if (picture := phase_picture(task, case, _reference_first(report, task, case)))
    ]
    yield from pictures


def _ranks(report: Report) -> Iterator[Part]:
    rows = rank_rows(report.run.measurements)
    if rows:
        yield Grid.of("What ranks take", RANK_HEADERS, rows)
        yield Points(tuple(f"{line}." for line in bindings(report.run.measurements)))


def _reference_first(report: Report, task: str, case: str) -> list[Measurement]:
    """The measurements of some work: the reference, then the fastest of the others."""
    references = {c.reference for c in report.run.comparisons if (c.task, c.case) == (task, case)}
    own = [m for m in report.run.measurements if (m.task, m.case) == (task, case)]

    def rank(m: Measurement) -> tuple[bool, float]:
        return m.target not in references, m.wall_ns.point if m.wall_ns else float("inf")

    return sorted(own, key=rank)


def _doubts(stored: StoredRun, report: Report, facts: TrialFacts) -> tuple[Part, ...]:
    return (Points(not_proved(stored, report, facts)),)


def _surroundings(stored: StoredRun, report: Report) -> Iterator[Part]:
    yield host_grid(report.run.host)
    made = toolchain_grid(report)
    if made is not None:
        yield made
    code = code_of(stored)
    if code:
        rows = [(name, commit, "yes" if changed else "no") for name, commit, changed in code]
        yield Grid.of("The code", ("target", "commit", "with changes beside it"), rows)


def _again(stored: StoredRun, report: Report) -> Iterator[Part]:
    command = [str(word) for word in stored.plan.get("command", ())]
    if not command or command[0].startswith("-") or "/" in command[0]:
        yield Words("The run was made by a Python program, through `import harness`.")
    lines = []
    commits = list(dict.fromkeys(commit for _, commit, _ in code_of(stored)))
    if len(commits) == 1:
        lines.append(f"git checkout {commits[0]}")
    if command and not command[0].startswith("-") and "/" not in command[0]:
        lines.append(shlex.join(["harness", *command]))
    if not stored.finished and stored.plan.get("origin", {}).get("kind") in RESUMABLE:
        lines.append(f"harness run --resume {stored.id}")
    lines.append(f"harness report {stored.id} -o report.html")
    yield Commands(tuple(lines))
    yield Words(
        f"The orders of the blocks were drawn with the seed {report.run.seed} (--seed). Every trial"
        f" is kept in {stored.id}/trials.parquet, which any reader of Parquet opens."
        if stored.finished
        else "Every trial is kept in the folder of the run."
    )
