"""Which campaign was the last thing that was done here, where it was one and no run of its own."""

from __future__ import annotations

import contextlib
from pathlib import Path

from harness.errors import DataDamaged, UsageError
from harness.frozen import dataclass
from harness.optimise.journal import JOURNAL_NAME, read_events
from harness.project.config import Config
from harness.project.state_folder import campaign_state
from harness.system.store.run_file import StoredRun, find_run, read_run


@dataclass(frozen=True, slots=True)
class DoneLast:
    """The latest of the runs, and of the campaigns that were gone on with on this machine."""

    run: str | None = None
    """Its id; None: there is none."""
    campaign: str | None = None
    """Its name; None: there is none."""
    campaign_is_later: bool = False


def done_last(config: Config, results: Path) -> DoneLast:
    """What was done last here: a campaign that made the latest run is later than that."""
    campaigns, run = _gone_on(config), _latest(results)
    last = max(campaigns, key=lambda name: campaigns[name], default=None)
    if run is None or last is None:
        return DoneLast(run.id if run else None, last, campaign_is_later=last is not None)
    made_by = (run.plan.get("origin") or {}).get("campaign")
    if made_by in campaigns:
        return DoneLast(run.id, made_by, campaign_is_later=True)
    later = campaigns[last] > run.plan.get("started_at_ns", 0)
    return DoneLast(run.id, last, campaign_is_later=later)


def _latest(results: Path) -> StoredRun | None:
    try:
        return read_run(find_run(results, None))
    except UsageError:
        return None


def _gone_on(config: Config) -> dict[str, int]:
    """When each campaign had its latest event, of those that had one on this machine."""
    found: dict[str, int] = {}
    for name in config.campaigns:
        with contextlib.suppress(DataDamaged):
            # The machine's own copy: a journal that came by git was written elsewhere.
            events = read_events(campaign_state(config.root, name) / JOURNAL_NAME)
            if events:
                found[name] = events[-1].at_ns
    return found
