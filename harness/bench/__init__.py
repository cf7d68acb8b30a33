"""The current tree against its baseline: correctness first, then time, phase by phase.

- `plan`     what is asked
- `measure`  builds all sides and measures them, interleaved
- `stored`   the weaker comparison with stored trials, where the baseline can no longer be built
- `phases`   phases side by side
- `startup`  what a target takes before its work begins
- `scale`    from the fast case to the full one
"""

from harness.bench.from_store import run_stored
from harness.bench.measure import run_bench
from harness.bench.settings import BenchSettings

__all__ = ["BenchSettings", "run_bench", "run_stored"]
