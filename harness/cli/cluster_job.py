"""What the scheduler of a cluster starts on a node: `python -m harness.cli.cluster_job FOLDER N`.

No command of `harness`: people have `harness run --executor`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from harness.cluster.node import run_shards


def main() -> int:
    """Run the job whose folder and number are the arguments."""
    return run_shards(Path(sys.argv[1]), int(sys.argv[2]), lambda words: print(words, flush=True))


if __name__ == "__main__":
    sys.exit(main())
