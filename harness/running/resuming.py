"""Goes on with a run that was interrupted: what was stored counts, torn blocks do not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from harness.analysis.schedule import Block, Design
from harness.errors import NotAllowed, UsageError
from harness.model import TrialRecord
from harness.running.cells import Group
from harness.system.store.rows import from_row


def resume_groups(
    groups: Sequence[Group], rows: Iterable[Mapping[str, Any]], design: Design
) -> None:
    """Give groups the whole blocks that an earlier call stored, with the failures in them.

    Raises NotAllowed where a target has been built anew from something else since.
    """
    records = [from_row(row) for row in rows]
    for group in groups:
        cell = group.members[0].cell
        own = [r for r in records if (r.task, r.case) == cell.group_key]
        _same_builds(group, own)
        _replay(group, own, design)
        if own:
            group.stopped = group.rule(group.blocks) if group.blocks else None


def refuse_new_settings(given: Sequence[str]) -> None:
    """UsageError where something is asked of a resumed run that its stored settings decide.

    `given` names it as the caller did; nothing is ignored silently.
    """
    if given:
        raise UsageError(
            "a run that is resumed goes on with its own settings,"
            f" which {', '.join(given)} cannot change",
            hint="Begin a new run for other settings, or leave that out.",
        )


def _same_builds(group: Group, records: Sequence[TrialRecord]) -> None:
    now = {m.cell.name: m.build.digest for m in group.members if m.build is not None}
    for record in records:
        digest = now.get(record.target, record.build_digest)
        if digest != record.build_digest:
            raise NotAllowed(
                f"{record.target} is not what it was when the run began: its build was"
                f" {record.build_digest[:12]} and is {digest[:12]}",
                hint="Restore its sources and options, or begin a new run.",
            )


def _replay(group: Group, records: Sequence[TrialRecord], design: Design) -> None:
    """Walk through the blocks as they were measured.

    A block is whole when every member that still ran has its trials in it; a member that was given
    up within the block may lack the rest of them.
    """
    of_block: dict[int, list[TrialRecord]] = {}
    for record in records:
        if record.warmup:
            group.note(record)
        else:
            of_block.setdefault(record.block, []).append(record)
    for number in sorted(of_block):
        expected = [m.cell.name for m in group.running]
        block: Block = {}
        for record in of_block[number]:
            block.setdefault(record.target, []).append(record)
            group.note(record)
        group.next_block = number + 1
        found = Counter({name: len(trials) for name, trials in block.items()})
        times = 2 if design is Design.MIRRORED else 1
        if all(found[name] == times or group.given_up(name) for name in expected):
            group.blocks.append(block)
