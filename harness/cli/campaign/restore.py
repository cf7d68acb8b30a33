"""`harness restore`: put back what the campaign wants here; what was there is kept."""

from __future__ import annotations

from typing import Any

from harness.cli.campaign.opening import answered, campaign_options, opened
from harness.cli.shared.base import Answer, command


@command(epilog="Example: harness restore")
@campaign_options
def restore_command(**options: Any) -> Answer:
    """Restore the code that the campaign waits for; what was there is kept under a ref.

    Between iterations that is the last kept state, after a measurement what was measured, and
    within an iteration only the files that it may not change. The answer says how to get the code
    back. Records and files of yours that git did not know at the start are left alone.
    """
    from harness.optimise import restore

    with opened(options) as campaign:
        done = restore(campaign)
        return answered(
            campaign,
            f"restored {', '.join(done.paths)}\nkept as {done.ref}; to get it back:"
            f" {done.way_back}",
            {
                "restored": list(done.paths),
                "ref": done.ref,
                "commit": done.commit,
                "way_back": done.way_back,
            },
        )
