"""Drives a campaign: the pure state machine of `harness.campaign` with git, journal and workbench.

`open_campaign` finds a campaign; the functions of `steps`, `keeping` and `lifecycle` are its
commands; `advice.next_action` says which one is due.
"""

from typing import TYPE_CHECKING

from harness.on_demand import loaded_when_used

if TYPE_CHECKING:
    from harness.optimise.abandoning import Abandoned, abandon
    from harness.optimise.advice import next_action
    from harness.optimise.campaign import Campaign, active_campaign, open_campaign
    from harness.optimise.keeping import Then, check_then, close, commit, revert
    from harness.optimise.lifecycle import Finished, demand_startable, finish, start
    from harness.optimise.restoring import Restored, restore
    from harness.optimise.steps import (
        BenchOptions,
        bench_candidate,
        check_candidate,
        decide,
        log,
        plan,
        run_profile,
        skip,
        think,
    )
    from harness.optimise.taking_back import TakenBack, ToTakeBack, take_back

else:
    __getattr__ = loaded_when_used(
        __name__,
        {
            "abandoning": "Abandoned abandon",
            "advice": "next_action",
            "campaign": "Campaign active_campaign open_campaign",
            "keeping": "Then check_then close commit revert",
            "lifecycle": "Finished demand_startable finish start",
            "restoring": "Restored restore",
            "steps": "BenchOptions bench_candidate check_candidate decide log"
            " plan run_profile skip think",
            "taking_back": "TakenBack ToTakeBack take_back",
        },
    )

__all__ = [
    "Abandoned",
    "BenchOptions",
    "Campaign",
    "Finished",
    "Restored",
    "TakenBack",
    "Then",
    "ToTakeBack",
    "abandon",
    "active_campaign",
    "bench_candidate",
    "check_candidate",
    "check_then",
    "close",
    "commit",
    "decide",
    "demand_startable",
    "finish",
    "log",
    "next_action",
    "open_campaign",
    "plan",
    "restore",
    "revert",
    "run_profile",
    "skip",
    "start",
    "take_back",
    "think",
]
