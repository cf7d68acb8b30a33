"""Proposals and reflections as they are written in files: the forms of `harness next`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.campaign.templates import read_note, read_plan, read_thought
from harness.model import Proposal, Reflection

PLAN_FIELDS = ("title", "optimization")


def read_proposal(fields: Mapping[str, Any], source: str) -> Proposal:
    """A thought and its plan from one form; UsageError names what is wrong."""
    plan = read_plan({k: v for k, v in fields.items() if k in PLAN_FIELDS}, source)
    thought = read_thought({k: v for k, v in fields.items() if k not in PLAN_FIELDS}, source)
    return Proposal(
        title=plan.title,
        optimization=plan.optimization,
        bottleneck=thought.prediction.bottleneck,
        hypothesis=thought.hypothesis,
        options=tuple((o.name, o.pros, o.cons) for o in thought.options),
        chosen=thought.chosen,
        low=thought.prediction.low,
        high=thought.prediction.high,
        reasoning=thought.reasoning,
        risk=thought.risk,
        pattern=thought.pattern,
        reason=thought.reason,
    )


def read_reflection(fields: Mapping[str, Any], source: str) -> Reflection:
    """A reflection from its form."""
    note = read_note(fields, source)
    return Reflection(note.surprise, note.notes, note.why, note.lesson)
