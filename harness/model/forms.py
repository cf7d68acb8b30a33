"""Thoughts, plans and reflections as they are written down: TOML, or JSON; pure.

The fields are those of the guide. Each reader raises UsageError, which names the source, the field
and the value seen.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, replace
from dataclasses import fields as dataclass_fields
from typing import Any, TypeVar

import msgspec
import msgspec.toml

from harness.errors import UsageError
from harness.model.proposals import Plan, Proposal, Reflection, Thought

_Form = TypeVar("_Form", bound=msgspec.Struct)


class _OptionForm(msgspec.Struct, forbid_unknown_fields=True):
    """[[options]]"""

    name: str
    pros: str
    cons: str


class _ThoughtForm(msgspec.Struct, forbid_unknown_fields=True):
    """A thought as it is written down, with its plan or without."""

    bottleneck: str
    hypothesis: str
    predicted_low: float
    predicted_high: float
    chosen: str = ""
    reasoning: str = ""
    risk: str = ""
    options: list[_OptionForm] = []
    pattern: str = ""
    reason: str = ""
    title: str = ""
    optimization: str = ""

    def to(self) -> Proposal:
        """The value that is written so, without the spaces around its texts."""
        return Proposal(
            title=self.title.strip(),
            optimization=self.optimization.strip(),
            bottleneck=self.bottleneck.strip(),
            hypothesis=self.hypothesis.strip(),
            options=tuple((o.name.strip(), o.pros.strip(), o.cons.strip()) for o in self.options),
            chosen=self.chosen.strip(),
            low=self.predicted_low,
            high=self.predicted_high,
            reasoning=self.reasoning.strip(),
            risk=self.risk.strip(),
            pattern=self.pattern.strip(),
            reason=self.reason.strip(),
        )


class _PlanForm(msgspec.Struct, forbid_unknown_fields=True):
    """A plan as it is written down."""

    title: str
    optimization: str


_PLAN_FIELDS = _PlanForm.__struct_fields__

_ReflectionForm = msgspec.defstruct(
    "_ReflectionForm",
    # The fields of a reflection themselves; those that may be left out are empty.
    [
        (f.name, str) if f.default is MISSING else (f.name, str, f.default)
        for f in dataclass_fields(Reflection)
    ],
    forbid_unknown_fields=True,
)


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


def read_proposal(fields: Mapping[str, Any], source: str) -> Proposal:
    """A thought and its plan from one form."""
    plan = read_plan(_plan_fields(fields), source)
    return replace(_read_proposal(fields, source)[0], optimization=plan.optimization)


def read_thought(fields: Mapping[str, Any], source: str) -> Thought:
    """A thought from its fields."""
    return _read_proposal(fields, source)[1]


def _read_proposal(fields: Mapping[str, Any], source: str) -> tuple[Proposal, Thought]:
    proposal = _convert(fields, _ThoughtForm, source).to()
    try:
        return proposal, proposal.thought()
    except ValueError as problem:
        raise UsageError(f"{source}: predicted_low, predicted_high: {problem}") from None


def read_plan(fields: Mapping[str, Any], source: str) -> Plan:
    """A plan from its fields."""
    form = _convert(fields, _PlanForm, source)
    return Plan(form.title.strip(), form.optimization.strip())


def read_plan_within(fields: Mapping[str, Any], source: str) -> Plan | None:
    """The plan that is written down with a thought; None where none is."""
    ours = _plan_fields(fields)
    return read_plan(ours, source) if any(ours.values()) else None


def _plan_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a plan in a form; what is changed is what was chosen or the hypothesis, where a
    title alone is given."""
    ours = {name: fields[name] for name in _PLAN_FIELDS if name in fields}
    if ours.get("title") and not ours.get("optimization"):
        said = (fields.get(name) for name in ("chosen", "hypothesis"))
        ours["optimization"] = next(filter(None, said), "")
    return ours


def read_reflection(fields: Mapping[str, Any], source: str) -> Reflection:
    """A reflection from its fields."""
    form = _convert(fields, _ReflectionForm, source)
    return Reflection(**{name: text.strip() for name, text in msgspec.structs.asdict(form).items()})


def _convert(fields: Mapping[str, Any], form: type[_Form], source: str) -> _Form:
    try:
        return msgspec.convert(fields, form)
    except msgspec.ValidationError as problem:
        known = ", ".join(f.name for f in msgspec.structs.fields(form))
        words = "; ".join(_misfits(fields, form)) or str(problem)
        raise UsageError(
            f"{source}: {words}", hint=f"Fields: {known}. `harness next` prints the template."
        ) from None


def _misfits(fields: Mapping[str, Any], form: type[_Form]) -> Iterator[str]:
    """All that is wrong with a form at once, so that it need not be sent once for each field."""
    wanted = {f.name: f for f in msgspec.structs.fields(form)}
    missing = [name for name, f in wanted.items() if f.required and name not in fields]
    if missing:
        yield f"missing: {', '.join(missing)}"
    unknown = [name for name in fields if name not in wanted]
    if unknown:
        yield f"no such field: {', '.join(unknown)}"
    for name, value in fields.items():
        if name in wanted:
            try:
                msgspec.convert(value, wanted[name].type)
            except msgspec.ValidationError as problem:
                yield f"{name}: {problem}"
