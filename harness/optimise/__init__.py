"""Drives a campaign: the pure state machine of `harness.campaign` with git, journal and workbench.

`open_campaign` finds a campaign; the functions of `steps`, `keeping` and `lifecycle` are its
commands; `advice.next_action` says which one is due.
"""

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

__all__ = [
    "Abandoned",
    "BenchOptions",
    "Campaign",
    "Finished",
    "Restored",
    "Then",
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
    "think",
]
