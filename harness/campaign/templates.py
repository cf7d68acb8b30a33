"""What thoughts, plans and notes are written in: TOML with the guide's fields, or JSON; pure.

`harness next` prints the template of the step that is due; `--file` reads it back.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
import msgspec.toml

from harness.campaign.state import State
from harness.campaign.stopping import worthwhile
from harness.campaign.values import LogNote, Option, Plan, Prediction, Thought
from harness.errors import UsageError

_Form = TypeVar("_Form", bound=msgspec.Struct)


class OptionForm(msgspec.Struct, forbid_unknown_fields=True):
    """[[options]]"""

    name: str
    pros: str
    cons: str


class ThoughtForm(msgspec.Struct, forbid_unknown_fields=True):
    """A thought as it is written down."""

    bottleneck: str
    hypothesis: str
    chosen: str
    predicted_low: float
    predicted_high: float
    reasoning: str
    risk: str
    options: list[OptionForm]
    pattern: str = ""
    reason: str = ""
    title: str = ""
    """This and the next: the plan, where it is written down with the thought."""
    optimization: str = ""


class PlanForm(msgspec.Struct, forbid_unknown_fields=True):
    """A plan as it is written down."""

    title: str
    optimization: str


class NoteForm(msgspec.Struct, forbid_unknown_fields=True):
    """What follows a result, as it is written down."""

    surprise: str
    notes: str = ""
    why: str = ""
    lesson: str = ""


def read_fields(text: str, source: str) -> dict[str, Any]:
    """TOML, or JSON where it begins with a brace; UsageError names the source and the place."""
    text = text.removeprefix("\ufeff")  # some editors put a mark before a text in UTF-8
    try:
        data = json.loads(text) if text.lstrip().startswith("{") else msgspec.toml.decode(text)
        json.dumps(data, ensure_ascii=False, allow_nan=False, default=str).encode("utf-8")
    except (ValueError, RecursionError, msgspec.DecodeError) as problem:
        raise UsageError(
            f"{source}: neither TOML nor JSON of ordinary texts and numbers:"
            f" {str(problem).partition(';')[0]}",
            hint="`harness next` prints the template. Long texts stand in three quotes.",
        ) from None
    if not isinstance(data, dict):
        raise UsageError(f"{source}: want fields, got {type(data).__name__}")
    return data


def read_thought(fields: Mapping[str, Any], source: str) -> Thought:
    """A thought from its fields; UsageError names the field and the value seen."""
    form = _convert(fields, ThoughtForm, source)
    try:
        prediction = Prediction(form.bottleneck.strip(), form.predicted_low, form.predicted_high)
    except ValueError as problem:
        raise UsageError(f"{source}: predicted_low, predicted_high: {problem}") from None
    return Thought(
        hypothesis=form.hypothesis.strip(),
        options=tuple(Option(o.name.strip(), o.pros.strip(), o.cons.strip()) for o in form.options),
        chosen=form.chosen.strip(),
        prediction=prediction,
        reasoning=form.reasoning.strip(),
        risk=form.risk.strip(),
        pattern=form.pattern.strip(),
        reason=form.reason.strip(),
    )


def read_plan(fields: Mapping[str, Any], source: str) -> Plan:
    """A plan from its fields."""
    form = _convert(fields, PlanForm, source)
    return Plan(form.title.strip(), form.optimization.strip())


def read_plan_within(fields: Mapping[str, Any], source: str) -> Plan | None:
    """The plan that is written down with a thought; None where none is."""
    ours = {name: fields[name] for name in PlanForm.__struct_fields__ if name in fields}
    return read_plan(ours, source) if any(ours.values()) else None


def read_note(fields: Mapping[str, Any], source: str) -> LogNote:
    """A note from its fields."""
    form = _convert(fields, NoteForm, source)
    return LogNote(
        *(getattr(form, name).strip() for name in ("surprise", "notes", "why", "lesson"))
    )


def _convert(fields: Mapping[str, Any], form: type[_Form], source: str) -> _Form:
    try:
        return msgspec.convert(fields, form)
    except msgspec.ValidationError as problem:
        known = ", ".join(f.name for f in msgspec.structs.fields(form))
        raise UsageError(
            f"{source}: {problem}", hint=f"Fields: {known}. `harness next` prints the template."
        ) from None


def thought_template(state: State) -> str:
    """The form of a thought, with the largest bottleneck that is open filled in."""
    rows = [name for name in worthwhile(state) if not state.is_skipped(name)]
    row = state.profile.row(rows[0]) if state.profile and rows else None
    others = (
        [r.name for r in state.profile.rows if r.name not in state.skipped] if state.profile else []
    )
    name = row.name if row else next(iter(others), "total")
    reason = "" if row else 'reason = "<why it is attacked, although it is small>"\n'
    bound = f"  # all of it gone: {row.bound:.2f}x" if row else ""
    low, high = _example(row.bound if row else math.inf)
    return (
        f"bottleneck = {json.dumps(name, ensure_ascii=False)}{bound}\n"
        'hypothesis = "<what limits it, and why>"\n'
        'chosen = "<which option, and why>"\n'
        f"predicted_low = {low:g}  # speed-up of the whole program over the last kept state\n"
        f"predicted_high = {high:g}\n"
        'reasoning = "<why so much>"\n'
        'risk = "<what could go wrong>"\n'
        f'{reason}pattern = ""  # such as 8.3, or empty\n'
        'title = "<of the plan: brief>"\noptimization = "<what is changed, and why>"\n'
        '[[options]]\nname = "<A>"\npros = "<pro>"\ncons = "<con>"\n'
        '[[options]]\nname = "<B>"\npros = "<pro>"\ncons = "<con>"\n'
    )


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
