"""The current tree against its baseline: correctness first, then time, phase by phase.

- `plan`     what is asked
- `measure`  builds all sides and measures them, interleaved
- `stored`   the weaker comparison with stored trials, where the baseline can no longer be built
- `phases`   phases side by side
- `startup`  what a target takes before its work begins
- `scale`    from the fast case to the full one
"""

from harness.bench.measure import run_bench
from harness.bench.plan import BenchPlan
from harness.bench.stored import run_stored

__all__ = ["BenchPlan", "run_bench", "run_stored"]
