"""`harness.ci`: a gate for pull requests."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from harness.api.documenting import documented
from harness.api.one_call import Interrupted, measuring
from harness.errors import UsageError
from harness.project.finding import required_config
from harness.running.gate_keywords import CiOptions, gate_settings
from harness.running.implementations import tagged
from harness.running.keywords import check_keywords, config_of
from harness.running.naming import TargetSpec, name_of
from harness.running.selecting import Selection, configured_cells

if TYPE_CHECKING:
    from harness.project.config import Config
    from harness.running.cells import Cell
    from harness.running.gate_base import Base
    from harness.running.gate_results import CiResult
    from harness.system.git.writing import Git


@documented(CiOptions)
def ci(*targets: TargetSpec, **options: Unpack[CiOptions]) -> CiResult:
    """Say whether the working tree made a target slower than it is at its merge base.

    Both builds of each target (those named, or all) run interleaved, under one error level, with
    the workload and the configuration of now on both sides. What cannot be concerned by the change
    is skipped, and what is one program on both sides is not measured. Raises UsageError where there
    is no commit to compare with (the hint says what to do), and Interrupted after Ctrl-C.
    """
    from harness.pages.made_pages import format_of
    from harness.running.gate_base import find_base
    from harness.system.git.writing import Git

    check_keywords("ci", options, CiOptions)
    config = required_config(config_of(options))
    page = Path(options["report"]) if options.get("report") is not None else None
    if page is not None:
        format_of(page, None)  # refused, where it is none, before anything is measured
    cells = _cells(config, targets, options)
    git = Git(config.root)
    base = find_base(git, options.get("base"), os.environ)
    found = _compared(git, base, cells, config, options)
    if found.interrupted:
        raise Interrupted(found)
    if page is not None:
        _write(found, page, options)
    return found


def _cells(config: Config, targets: tuple[TargetSpec, ...], options: CiOptions) -> list[Cell]:
    names = tuple(map(name_of, targets))
    for name in names:
        if "@" in name:
            raise UsageError(
                f"{name}: a gate compares the working tree with its merge base",
                hint="`base` names another revision; `harness compare` takes any two.",
            )
        config.target(name)
    selection = Selection(names=names, task=options.get("task"), case=options.get("case"))
    return tagged(configured_cells(config, selection), options.get("tag"))


def _compared(
    git: Git, base: Base, cells: list[Cell], config: Config, options: CiOptions
) -> CiResult:
    from harness.running.gate_changes import Concerns, changed_files
    from harness.running.gate_results import CiResult, GateRow, GateStatus, worst_first

    settings = gate_settings(options)
    changed, changes = changed_files(git, base.commit), git.changes()
    concerns = Concerns(config, git, changed)
    asked = [cell for cell in cells if concerns.touched(cell.target)]
    why = "nothing that a target depends on has changed"
    rows = [GateRow(*c.key, GateStatus.UNTOUCHED, why) for c in cells if c not in asked]
    report = None
    if asked:
        from harness.running.gate import Gate

        with (
            measuring(config, options, settings, apart=True) as session,
            Gate.opened(session, base, settings, options.get("case")) as gate,
        ):
            more, report = gate.run(asked)
            if options.get("locate") and not (report is not None and report.interrupted):
                from harness.profiling.locating import located

                more = located(gate, more, asked)
            rows += more
    return CiResult(
        base=base,
        head=git.head(),
        dirty=(*changes.tracked, *changes.untracked),
        changed=changed,
        rows=worst_first(rows),
        threshold=settings.question.threshold,
        confidence=settings.question.confidence,
        report=None if report is None else report.as_stored(),
        require_decision=options.get("require_decision", False),
        per_comparison=settings.question.per_comparison,
    )


def _write(found: CiResult, page: Path, options: CiOptions) -> None:
    """The page; where nothing can draw its pictures, with their figures and a word of it."""
    from harness.api.reporting import made_by
    from harness.pages.made_pages import PageResult, format_of, undrawn, write_page
    from harness.pages.of_gate import gate_document
    from harness.running.listening import listener_of

    document, style = gate_document(found), format_of(page, None)
    lacks = undrawn(document, style)
    if lacks and (progress := options.get("progress")) is not None:
        listener_of(progress).remark(f"{page} {lacks}")
    write_page(PageResult(document, made_by()), page, style)
