"""`harness take-back`: a kept iteration that is wrong goes, the others stay."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from harness.cli.campaign.common import answered, campaign_options, opened, spoken, workbench
from harness.cli.shared.base import Answer, command

if TYPE_CHECKING:
    from harness.optimise import TakenBack


@command(epilog="Example: harness take-back")
@click.argument("iteration", type=click.IntRange(1), required=False)
@click.option("--given", help="Values that it is wrong on, as JSON: '{\"seed\": 12}'.")
@click.option("--case", "case", help="The case that it is wrong on; else the campaign's.")
@click.option("--reason", callback=spoken, help="Why; where the harness did not find it itself.")
@campaign_options
def take_back_command(
    iteration: int | None, *, given: str | None, case: str | None, reason: str, **options: Any
) -> Answer:
    """Take back the kept iteration that made the output wrong; the other gains stay.

    Without ITERATION it is found: the kept states are run, by halving, on the input that a test, a
    look or the end found the output wrong on, or on --given. Its change is taken out of the last
    kept state where that applies and what is left is right; otherwise the code goes back to before
    it, and the answer says what is lost. What is left is tested before it is committed, and the
    campaign goes on from there; `harness campaign finish` measures it anew.
    """
    from harness.campaign.wrongs import Counterexample
    from harness.model.jsonable import jsonable
    from harness.optimise import ToTakeBack, take_back

    with opened(options) as campaign:
        shown = None
        if given is not None or case is not None:
            shown = Counterexample(case or campaign.state.agreed.case, given or "")
        with workbench(campaign) as bench:
            done = take_back(campaign, bench, ToTakeBack(iteration, reason, shown))
        return answered(campaign, "\n".join(_words(done)), jsonable(done))


def _words(done: TakenBack) -> Iterator[str]:
    yield f"iteration {done.iterations[0]} ({done.title}) is taken back: {done.reason}"
    if done.lost:
        yield "its change alone could not be taken out, so the code is that of before it:"
        yield from done.lost
    else:
        yield "the other kept iterations stay"
    yield f"tested, and committed as {done.commit[:12]}"
