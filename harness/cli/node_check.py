"""What `harness doctor --executor` has each node do: `python -m harness.cli.node_check REPEATS`.

No command of `harness`. The answer is one line of JSON on standard output.
"""

from __future__ import annotations

import json
import sys

from harness.system.machine.calibrated import time_the_same_work
from harness.system.machine.host import read_host


def main() -> int:
    """Do the work as often as the last word says."""
    host = read_host()
    found = {
        "kind": f"{host.cpu}, {host.cores} cores",
        "times": time_the_same_work(int(sys.argv[1])),
    }
    print(json.dumps({"found": found}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
