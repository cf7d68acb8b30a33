"""The forms that `harness next` prints for the step that is due, for a person to fill in; pure.

`harness.model.forms` reads them back.
"""

from __future__ import annotations

import json
import math
import shlex

from harness.campaign.bottlenecks import WHOLE_PROGRAM
from harness.campaign.state import State
from harness.campaign.stopping import worthwhile
from harness.render.floor_line import floor_words


def thought_template(state: State) -> str:
    """The form of a thought, with the largest bottleneck that is open filled in."""
    rows = [name for name in worthwhile(state) if not state.is_skipped(name)]
    row = state.profile.row(rows[0]) if state.profile and rows else None
    others = (
        [r.name for r in state.profile.rows if r.name not in state.skipped] if state.profile else []
    )
    known = WHOLE_PROGRAM in others and WHOLE_PROGRAM not in state.skipped
    name = row.name if row else WHOLE_PROGRAM if known else next(iter(others), "total")
    found = state.profile.row(name) if state.profile else None
    row = found if found and found.share >= state.agreed.min_share else None
    reason = "" if row else 'reason = "<why it is attacked, although it is small>"\n'
    bound = ""
    if row:
        whole = math.isinf(row.bound)
        said = "the whole program: no bound" if whole else f"all of it gone: {row.bound:.2f}x"
        bound = f"  # {said}"
    low, high = _example(row.bound if row else math.inf)
    floor = (
        f"# {floor_words(state.profile.floor)}\n" if state.profile and state.profile.floor else ""
    )
    rewrite = (
        f"# a rewrite of all of it: bottleneck = {json.dumps(WHOLE_PROGRAM)}\n"
        if known and name != WHOLE_PROGRAM
        else ""
    )
    return (
        f"{floor}{rewrite}"
        f"bottleneck = {json.dumps(name, ensure_ascii=False)}{bound}\n"
        'hypothesis = "<what limits it, and why>"\n'
        f"predicted_low = {low:g}  # speed-up of the whole program over the last kept state\n"
        f"predicted_high = {high:g}\n"
        f'{reason}title = "<of the plan: brief>"\noptimization = "<what is changed, and why>"\n'
        "# where it helps: chosen, reasoning, risk, pattern (such as 8.3), and two or three\n"
        "# [[options]] with name, pros, cons\n"
        f'{IN_ONE_LINE}harness think "<what limits it, and why>" --bottleneck'
        f' {shlex.quote(name)} --predict {low:g}..{high:g} --title "<of the plan>"'
        f"{'' if row else ' --reason <why>'}\n"
    )


IN_ONE_LINE = "# the same in one line: "
"""What stands in the form of a thought before the call that needs none."""


def _example(bound: float) -> tuple[float, float]:
    """An interval that Amdahl's bound allows: 1.2 to 1.5 where there is room for it."""
    room = min(0.5, bound - 1)
    low, high = 1 + 0.4 * room, 1 + math.floor(1000 * room) / 1000
    return round(min(low, high), 3), high


def plan_template() -> str:
    """The form of a plan."""
    return 'title = "<brief title>"\noptimization = "<what is changed and why>"\n'


def note_template(*, surprised: bool) -> str:
    """The form of a note; with the postmortem where one is due."""
    form = 'surprise = "<what was unexpected>"\nnotes = "<observations, what to try next>"\n'
    if not surprised:
        return form
    return form + 'why = "<what explains the discrepancy>"\nlesson = "<what it teaches>"\n'
