"""Profiles counted up, compared, explained and exported; pure.

- `spots`     stacks to rows: self and total shares by function or by line; phases to rows
- `changes`   what moved between two profiles
- `slowed`    which function took the time that a program takes more
- `remarks`   what the method says about a profile
- `bounding`  the floor's rows, and the limit that it sets to bounds
- `exports`   collapsed stacks and speedscope
- `flame`     a flame graph as one SVG file
- `json_form` reports to JSON and back
"""

from typing import TYPE_CHECKING

from harness.on_demand import loaded_when_used

if TYPE_CHECKING:
    from harness.profiles.bounding import floor_of, with_floor
    from harness.profiles.changes import ShareChange, enough_trials, share_changes
    from harness.profiles.exports import collapsed, speedscope
    from harness.profiles.flame import flame_graph
    from harness.profiles.json_form import report_from_json, report_to_json
    from harness.profiles.remarks import (
        CaseShares,
        advise_cases,
        crowded_share,
        profile_advice,
        waiting_is_unclear,
    )
    from harness.profiles.spots import count_spots, phase_spots, worth_showing
else:
    __getattr__ = loaded_when_used(
        __name__,
        {
            "changes": "ShareChange enough_trials share_changes",
            "exports": "collapsed speedscope",
            "flame": "flame_graph",
            "bounding": "floor_of with_floor",
            "json_form": "report_from_json report_to_json",
            "remarks": "CaseShares advise_cases crowded_share profile_advice waiting_is_unclear",
            "spots": "count_spots phase_spots worth_showing",
        },
    )

__all__ = [
    "CaseShares",
    "ShareChange",
    "advise_cases",
    "collapsed",
    "count_spots",
    "crowded_share",
    "enough_trials",
    "flame_graph",
    "floor_of",
    "phase_spots",
    "profile_advice",
    "report_from_json",
    "report_to_json",
    "share_changes",
    "speedscope",
    "waiting_is_unclear",
    "with_floor",
    "worth_showing",
]
