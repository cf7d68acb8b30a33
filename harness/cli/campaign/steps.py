"""`harness profile`, `test` and `bench` within a campaign: gated, and recorded as its events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from harness.cli.campaign.common import workbench
from harness.cli.shared.base import Answer
from harness.errors import UsageError
from harness.model.durations import parse_duration_ns
from harness.project.config import Config

if TYPE_CHECKING:
    pass


_OF_EVERY_STEP = ("campaign", "config_path", "as_json", "quiet", "verbose", "executor")
_OF_A_LOOK = (
    *("validate_full", "budget", "again", "strict", "then", "style"),
    *("file", "surprise", "notes", "why", "lesson"),
)
"""Options of `harness bench` that a campaign leaves open; it settles all others: a look is not
tuned until it pleases, and none is passed over in silence."""


def _refuse_others(names: Sequence[str], hint: str) -> None:
    """UsageError where the command line says anything besides these."""
    context = click.get_current_context(silent=True)
    if context is None:
        return
    for parameter in context.command.params:
        name = parameter.name or ""
        said = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if said and name not in (*_OF_EVERY_STEP, *names):
            raise UsageError(
                f"{max(parameter.opts, key=len)} is not the command line's to say in a campaign",
                hint=hint,
            )


def profile_in_campaign(config: Config, name: str | None) -> Answer | None:
    """Profile the last kept state for the campaign; None where it does not wait for that."""
    from harness.campaign.state import Step
    from harness.cli.campaign.step_answers import of_a_profile
    from harness.optimise import active_campaign, run_profile

    campaign = active_campaign(config, name)
    waits = (Step.PROFILE, Step.THINK, Step.FINISH)
    if campaign is None or campaign.state.step not in waits:
        return None
    with campaign.locked(), workbench(campaign) as bench:
        return of_a_profile(campaign, run_profile(campaign, bench)).answer(campaign)


def test_in_campaign(config: Config, name: str | None, *, full: bool) -> Answer | None:
    """Test the current tree for the campaign; None where no campaign is active here."""
    from harness.cli.campaign.step_answers import of_a_test
    from harness.optimise import active_campaign, check_candidate

    campaign = active_campaign(config, name)
    if campaign is None:
        return None
    _refuse_others(("full", "given", "at"), "harness.toml settles it; --full is yours.")
    with campaign.locked(), workbench(campaign) as bench:
        return of_a_test(check_candidate(campaign, bench, full=full)).answer(campaign)


test_in_campaign.__test__ = False  # type: ignore[attr-defined]


def bench_in_campaign(config: Config, name: str | None, options: dict[str, Any]) -> Answer | None:
    """Measure the current tree for the campaign; None where no campaign is active here.

    `options`: `validate_full`, `budget` (a duration or None), `again`, `strict`, `then`, and the
    fields of an entry.
    """
    from harness.cli.campaign.completed_answers import complete_in_campaign, note_ahead
    from harness.cli.campaign.step_answers import of_a_look
    from harness.optimise import BenchOptions, Then, active_campaign, bench_candidate
    from harness.optimise.completing import Rest

    campaign = active_campaign(config, name)
    if campaign is None:
        return None
    _refuse_others(
        _OF_A_LOOK, "harness.toml settles it; --budget, --validate-full and --again are yours."
    )
    budget = options.get("budget")
    wanted = BenchOptions(
        full=bool(options.get("validate_full")),
        budget_ns=parse_duration_ns(budget, "--budget") if budget else None,
        again=bool(options.get("again")),
    )
    then = Then(options["then"]) if options.get("then") else None
    note, strict = note_ahead(options), bool(options.get("strict"))
    with campaign.locked(), workbench(campaign) as bench:
        # The same call twice measures once; the number of events tells which of the two this was.
        events = len(campaign.events)
        if then is not None:
            return complete_in_campaign(campaign, bench, Rest(then, note, wanted), strict=strict)
        outcome = bench_candidate(campaign, bench, wanted)
        part = of_a_look(campaign, outcome, strict=strict)
        stored, look = len(campaign.events) == events, campaign.state.looks
        if stored:
            part = part.after(f"nothing was measured: this is the stored result of look {look}")
        return part.answer(campaign, {"stored": stored})
