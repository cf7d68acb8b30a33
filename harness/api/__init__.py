"""The Python API: what `import harness` hands out, and what the command line itself calls.

Each function does what the command of its name does, with the command's options as keyword
arguments, and gives a frozen value: `to_dict()` is the `result` of the command's JSON, and a
notebook shows it as a table. `docs/api.md` describes it all.

- `calls`      the functions
- `comparisons` two or more, side by side
- `sweeps`     many points in one run
- `gating`     a gate for pull requests
- `exchange`   runs for other tools, and figures of other tools
- `project`    the same where a `harness.toml` is, and the steps of a campaign
- `reporting`  pages for colleagues
- `searching`  the commit that made a target slower
- `documenting` what `help()` says of keyword arguments
- `one_call`   one call at a time, and how Ctrl-C ends it
"""

from typing import TYPE_CHECKING

from harness.on_demand import loaded_when_used

if TYPE_CHECKING:
    from harness.api.calls import (
        adapters,
        compare_stored,
        doctor,
        history,
        load,
        profile,
        resume,
        run,
        save_variant,
        try_variants,
    )
    from harness.api.comparisons import compare
    from harness.api.gating import ci
    from harness.api.one_call import Interrupted
    from harness.api.project import Project
    from harness.api.reporting import report, trends
    from harness.api.searching import bisect
else:
    __getattr__ = loaded_when_used(
        __name__,
        {
            "comparisons": "compare",
            "calls": "adapters compare_stored doctor history load profile resume run"
            " save_variant try_variants",
            "gating": "ci",
            "one_call": "Interrupted",
            "project": "Project",
            "reporting": "report trends",
            "searching": "bisect",
        },
    )

__all__ = [
    "Interrupted",
    "Project",
    "adapters",
    "bisect",
    "ci",
    "compare",
    "compare_stored",
    "doctor",
    "history",
    "load",
    "profile",
    "report",
    "resume",
    "run",
    "save_variant",
    "trends",
    "try_variants",
]
