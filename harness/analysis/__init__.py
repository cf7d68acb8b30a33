"""From trials to what is said of them; pure.

`harness.stats` knows numbers; these rooms know what a trial and a block are:

- `schedule`    who runs when, in blocks
- `blocks`      the figures of a block's two sides
- `comparing`   Question, when to stop, comparisons
- `summarising` the fields of a Measurement, disturbed blocks
"""

from harness.analysis.blocks import Machine, Setting, Stored, blocks_of
from harness.analysis.comparing import (
    ALL_SURE,
    SURE,
    Judge,
    Question,
    StoredComparison,
    compare_cells,
    compare_settings,
    sequential_rule,
)
from harness.analysis.summarising import (
    disturbed,
    is_of_times,
    metric_estimates,
    shared_notes,
    summarise_cell,
)

__all__ = [
    "ALL_SURE",
    "SURE",
    "Judge",
    "Machine",
    "Question",
    "Setting",
    "Stored",
    "StoredComparison",
    "blocks_of",
    "compare_cells",
    "compare_settings",
    "disturbed",
    "is_of_times",
    "metric_estimates",
    "sequential_rule",
    "shared_notes",
    "summarise_cell",
]
