"""What a node does of a campaign: `python -m harness.cli.campaign.node_step --config FILE WORK`.

No command of `harness`: people have `executor = "slurm"` in `[campaigns.NAME]`. The answer is one
line of JSON on standard output.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from harness.campaign.events import builtins
from harness.campaign.port import BenchRequest
from harness.campaign.wrongs import Counterexample
from harness.errors import HarnessError
from harness.optimise.conditions import Cases, Conditions
from harness.optimise.workbench import LocalWorkbench
from harness.project.config import load_config


def main() -> int:
    """Do the work of the last word, with the configuration of the second one."""
    try:
        answer = {"found": builtins(_done(Path(sys.argv[2]), json.loads(sys.argv[3])))}
    except HarnessError as problem:
        answer = {
            "error": type(problem).__name__,
            "message": problem.message,
            "hint": problem.hint,
        }
    print(json.dumps(answer), flush=True)
    return 0


def _done(config: Path, asked: Mapping[str, Any]) -> object:
    conditions = msgspec.convert(asked["conditions"], Conditions)
    bench = LocalWorkbench(load_config(config), asked["campaign"], None, conditions)
    values = asked["values"]
    if asked["method"] in ("bench", "merged"):
        request = msgspec.convert(values["request"], BenchRequest)
        look = bench.bench if asked["method"] == "bench" else bench.merged
        return look(request, Cases(values["cases"]))
    if asked["method"] == "first_wrong":
        shown = msgspec.convert(values["shown"], Counterexample)
        return bench.first_wrong(values["states"], shown, values["tries"])
    if asked["method"] == "test":
        return bench.test(full=values["full"])
    return bench.profile() if asked["method"] == "profile" else bench.baseline()


if __name__ == "__main__":
    sys.exit(main())
