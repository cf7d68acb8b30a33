"""`harness profile`, `test` and `bench` within a campaign: gated, and recorded as its events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from harness.cli.campaign.common import answered, workbench
from harness.cli.shared.base import Answer
from harness.errors import UsageError
from harness.model.durations import parse_duration_ns
from harness.project.config import Config

if TYPE_CHECKING:
    pass


_SETTLED = (
    *(
        "trials",
        "max_trials",
        "seed",
        "cpus",
        "jail",
        "metric",
        "confidence",
        "threshold",
        "results",
    ),
)
"""Options of `harness bench` that a campaign settles: a look is not tuned until it pleases."""


_ROWS = 5
"""The rows of a profile in the answer of a step."""


def _refuse(names: Sequence[str]) -> None:
    """UsageError where the command line itself says one of these."""
    context = click.get_current_context(silent=True)
    if context is None:
        return
    given = [n for n in names if context.get_parameter_source(n) is ParameterSource.COMMANDLINE]
    if given:
        raise UsageError(
            f"--{given[0].replace('_', '-')} is not the command line's to say in a campaign",
            hint="harness.toml settles it; --budget, --validate-full and --again are yours.",
        )


def profile_in_campaign(config: Config, name: str | None) -> Answer | None:
    """Profile the last kept state for the campaign; None where it does not wait for that."""
    from harness.campaign.patterns import fitting
    from harness.campaign.state import Step
    from harness.campaign.status import profile_table
    from harness.model.jsonable import jsonable
    from harness.optimise import active_campaign, run_profile

    campaign = active_campaign(config, name)
    waits = (Step.PROFILE, Step.THINK, Step.FINISH)
    if campaign is None or campaign.state.step not in waits:
        return None
    with campaign.locked(), workbench(campaign) as bench:
        outcome = run_profile(campaign, bench)
        found = fitting(outcome)
        names = "; ".join(f"{p.number} {p.name}" for p, _ in found)
        fits = f"\npatterns that fit (`harness think` says more): {names}" if found else ""
        text = profile_table(campaign.state, _ROWS) + fits
        return answered(campaign, text, jsonable(outcome))


def test_in_campaign(config: Config, name: str | None, *, full: bool) -> Answer | None:
    """Test the current tree for the campaign; None where no campaign is active here."""
    from harness.cli.campaign.step_answers import of_a_test
    from harness.optimise import active_campaign, check_candidate

    campaign = active_campaign(config, name)
    if campaign is None:
        return None
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
    _refuse(_SETTLED)
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
