"""From trials to what is said of them; pure.

`harness.stats` knows numbers; these rooms know what a trial and a block are:

- `pairs`     the figures of a block's two sides, and blocks of stored trials
- `judging`   Question, when to stop, comparisons
- `measuring` the fields of a Measurement, disturbed blocks
"""

from harness.summary.judging import Judge, Question, compare_cells, compare_hosts, sequential_rule
from harness.summary.measuring import disturbed, summarise_cell
from harness.summary.pairs import blocks_by_host

__all__ = [
    "Judge",
    "Question",
    "blocks_by_host",
    "compare_cells",
    "compare_hosts",
    "disturbed",
    "sequential_rule",
    "summarise_cell",
]
