"""`verify` beside a command that is at work: what it reads half done is no damage."""

from __future__ import annotations

import time
from pathlib import Path

from harness.campaign.port import Workbench
from harness.errors import NotAllowed
from harness.optimise.campaign import Campaign
from harness.optimise.verification import Verification
from harness.optimise.verify import verify
from harness.project.state_folder import lock_of
from harness.system.process.touching import touched_everything
from harness.system.store.lock import holder_of, is_held

_READINGS = 4
_PAUSE_S = 0.3
"""Between two readings: a command renders its logs and makes its commit meanwhile."""


def verified_beside(
    campaign: Campaign, bench: Workbench, against: Path | None = None
) -> Verification:
    """The same as `verify`, with no lock held: what does not fit is read again while others write.

    Raises NotAllowed where something does not fit and a command is at work all along: what that
    has written cannot be told from damage before it ends.
    """
    for reading in range(_READINGS):
        if reading:
            time.sleep(_PAUSE_S)
            touched_everything()
            campaign.load()
        known, was_busy = len(campaign.events), _is_busy(campaign)
        found = verify(campaign, bench, against)
        if found.ok or not (was_busy or _is_busy(campaign) or _went_on(campaign, known)):
            return found
    at_work = holder_of(lock_of(campaign.config.root)) or "another harness"
    raise NotAllowed(
        f"this cannot be verified now: {at_work} is at work here, and what it writes does not fit"
        " together yet",
        hint="Nothing is known to be damaged. Verify again when it has ended.",
    )


def _is_busy(campaign: Campaign) -> bool:
    return is_held(lock_of(campaign.config.root))


def _went_on(campaign: Campaign, known: int) -> bool:
    """Has the journal more events than were known?"""
    return len(campaign.journal.read_all()) != known
