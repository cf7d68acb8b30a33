"""The current tree against its baseline: correctness first, then time, phase by phase.

- `asking`     what baseline, test and bench are asked for and give
- `settings`   what a bench is asked
- `measure`    builds all sides and measures them, interleaved
- `from_store` the weaker comparison with stored trials, where the baseline can no longer be built
- `phases`     phases side by side
- `startup`    what a target takes before its work begins
- `scale`      from the fast case to the full one
- `doubts`     what casts doubt on a bench
"""

from harness.bench.from_store import run_stored
from harness.bench.measure import run_bench
from harness.bench.settings import BenchSettings

__all__ = ["BenchSettings", "run_bench", "run_stored"]
