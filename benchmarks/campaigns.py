"""Every recorded campaign measured again: the plain first version against the optimised one.

    python benchmarks/campaigns.py [--case CASE] [--budget 300s]

Each pair of targets NAME-plain and NAME of harness.toml runs interleaved by `harness compare`; the
outputs of both are compared trial by trial. Prints one table, by language; exits with 1 where an
output is wrong or an optimised program is not faster.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

from rig import rig

from harness.model import Estimate
from harness.project.config import Config, load_config
from harness.render.tables import layout
from harness.render.units import show_bytes, show_ns, show_ratio, show_ratio_estimate

ROOT = Path(__file__).resolve().parent.parent
HEADERS = (
    *("target", "language", "case", "plain", "optimised", "speed-up (wall)", "speed-up (CPU)"),
    *("peak memory", "output", "asked for"),
)


def pairs(config: Config) -> dict[str, str]:
    """Optimised target by plain one, for every campaign that has both."""
    targets = [campaign.target for campaign in config.campaigns.values()]
    return {f"{name}-plain": name for name in targets if f"{name}-plain" in config.targets}


def compare(plain: str, optimised: str, case: str, budget: str) -> dict[str, Any]:
    """The result of `harness compare` as its JSON envelope."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "harness", "compare", plain, optimised, "--json"),
            *("--case", case, "--budget", budget, "--max-trials", "15"),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=False,
    )
    envelope: dict[str, Any] = json.loads(done.stdout)
    return envelope


def read_estimate(stored: dict[str, Any]) -> Estimate:
    """An estimate from JSON, which has no infinity: an interval without an upper end has null."""
    return Estimate(**{**stored, "high": math.inf if stored["high"] is None else stored["high"]})


def row(envelope: dict[str, Any], optimised: str, case: str, wanted: float | None) -> list[str]:
    """A row of the table; what went wrong stands in its output column."""
    result = envelope["result"] or {}
    sides = result.get("measurements", [])
    if envelope["result"] is None or "comparison" not in result or len(sides) != 2:
        return [optimised, "-", case, *["-"] * 5, str(envelope["error"]), "-"]
    evidence = result["comparison"]["evidence"]
    ratios = [show_ratio_estimate(read_estimate(evidence[metric])) for metric in ("wall", "cpu")]
    walls = [show_ns(side["wall_ns"]["point"]) for side in sides]
    memory = " -> ".join(show_bytes(side["max_rss_bytes"]) for side in sides)
    right = all(side["output_ok"] for side in sides)
    asked = show_ratio(wanted) if wanted else "-"
    return [
        *(optimised, sides[1]["language"], case, *walls, *ratios),
        *(memory, "ok" if right else "WRONG", asked),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--case", help="otherwise each campaign's full case")
    parser.add_argument("--budget", default="300s", help="for each pair (%(default)s)")
    given = parser.parse_args()
    config = load_config(ROOT / "harness.toml")
    campaigns = {c.target: c for c in config.campaigns.values()}
    rows, fine = [], True
    for plain, optimised in pairs(config).items():
        campaign = campaigns[optimised]
        case = given.case or campaign.full_case or campaign.case
        assert case is not None
        envelope = compare(plain, optimised, case, given.budget)
        rows.append(row(envelope, optimised, case, campaign.target_speedup))
        fine &= bool(envelope["ok"])
    print(rig())
    print(layout(HEADERS, rows))
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
