"""`harness bench --then`: the rest of an iteration in one call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from harness.campaign.exit_codes import answer_of_iteration
from harness.campaign.gates import result_words
from harness.campaign.iteration import Iteration
from harness.cli.campaign.common import closed_words, note_fields
from harness.cli.campaign.step_answers import (
    Part,
    of_a_look,
    of_a_test,
    of_the_next_profile,
)
from harness.cli.shared.base import Answer
from harness.errors import UsageError
from harness.model.forms import read_reflection
from harness.model.jsonable import jsonable
from harness.optimise.completing import Rest, Went, complete

if TYPE_CHECKING:
    from harness.campaign.port import Workbench
    from harness.model.proposals import Reflection
    from harness.optimise import Campaign


def note_ahead(options: Mapping[str, Any]) -> Reflection | None:
    """The entry that the command line gives ahead of the result; None where it gives none."""
    fields, source = note_fields(options)
    if not fields:
        return None
    if not options["then"]:
        raise UsageError(
            f"{next(iter(fields))} belongs to the entry, which a look alone does not write",
            hint="--then auto writes it and ends the iteration; or harness log, after the result.",
        )
    return read_reflection({"surprise": "", **fields}, source)


def complete_in_campaign(
    campaign: Campaign, workbench: Workbench, rest: Rest, *, strict: bool
) -> Answer:
    """Go through the rest of the iteration, and say how far that went."""
    went = complete(campaign, workbench, rest)
    parts = [of_a_test(went.test)] if went.test is not None else []
    if went.bench is not None:
        parts.append(of_a_look(campaign, went.bench, strict=strict))
    last = parts[-1] if parts else Part("", {})
    result = {"test": jsonable(went.test), **last.result}
    text = "\n\n".join(part.text for part in parts)
    if went.iteration is None:
        code, error = answer_of_iteration(None, went.waits) or (last.exit_code, last.error)
        return Part(text, result, code, error).answer(campaign)
    whole = _closed(went, went.iteration, Part(text, result), last)
    if went.profiled is not None:
        whole = whole.with_part(of_the_next_profile(campaign, went.profiled))
    return whole.answer(campaign)


def _closed(went: Went, iteration: Iteration, whole: Part, last: Part) -> Part:
    """The whole with how the iteration ended: 0 where it was kept, unless a flag is in the way."""
    words = [f"iteration {iteration.number}: {result_words(iteration)}"]
    assert went.decision is not None
    followed = closed_words(iteration, went.decision, words)
    result = {**whole.result, "iteration": iteration.number, "outcome": iteration.outcome.value}
    code, error = answer_of_iteration(iteration.outcome, "") or (last.exit_code, last.error)
    text = "\n\n".join(filter(None, [whole.text, "\n".join(words)]))
    return Part(text, {**result, **followed}, code, error)
