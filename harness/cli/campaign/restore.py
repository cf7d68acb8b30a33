"""`harness restore`: put back what the campaign wants here; what was there is kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from harness.cli.campaign.common import answered, campaign_options, opened
from harness.cli.shared.base import Answer, command

if TYPE_CHECKING:
    from harness.optimise import Restored


@command(epilog="Example: harness restore")
@campaign_options
def restore_command(**options: Any) -> Answer:
    """Restore the code that the campaign waits for; what was there is kept under a ref.

    Between iterations that is the last kept state, after a measurement what was measured, and
    within an iteration only the files that it may not change. The answer says how to get the code
    back. Records that are missing come back from the commit that has them. Where a merge is in the
    way the branch goes back to before it, so that the other branch keeps what it changed. Files of
    yours that git did not know at the start are left alone.
    """
    from harness.optimise import restore

    with opened(options) as campaign:
        done = restore(campaign)
        return answered(
            campaign,
            "\n".join(_words(done)),
            {
                "restored": list(done.paths),
                "records": list(done.records),
                "ref": done.ref,
                "commit": done.commit,
                "way_back": done.way_back,
            },
        )


def _words(done: Restored) -> Iterator[str]:
    """What was put back, and how to get back what was there."""
    if done.records:
        yield f"records put back: {', '.join(done.records)}"
    if done.paths:
        yield f"restored {', '.join(done.paths)}"
        yield f"kept as {done.ref}; to get it back: {done.way_back}"
    elif not done.records:
        yield "the branch has its later commits again"
