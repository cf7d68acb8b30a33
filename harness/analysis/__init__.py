"""From trials to what is said of them; pure.

`harness.stats` knows numbers; these rooms know what a trial and a block are:

- `schedule`    who runs when, in blocks
- `blocks`      the figures of a block's two sides
- `kept`        the blocks of a run in little memory
- `question`    what a comparison is asked: Question
- `stop_rules`  when enough is measured
- `weighing`    pairs weighed by sign and size
- `weighed_rule` when a run that weighs them has measured enough
- `racing`      many variants against a reference, from which losers retire
- `screening`   which of many variants gain, each by itself
- `factorial`   the same, asked of mixes of them
- `mix_turns`   which mixes run in each block, and when enough is measured
- `race_rules`  what a race is run by
- `race_columns` the figures of a race, and the time that it goes by
- `ranking`     a table of several: when it is decided, and who is best in it
- `overall`     one implementation over several tasks
- `judged`      what the blocks say of a candidate and its reference
- `judging`     one candidate against its reference, followed block by block
- `readings`    how finely a metric is read, and what is read exactly
- `lost_blocks` blocks without a figure of a side, and what they leave of a verdict
- `comparing`   what all blocks say together: comparisons
- `guarding`    what the blocks of a comparison say of its guards
- `guarding_stored` the same of stored blocks, by columns
- `stored_pairs` the blocks and pairs of stored trials, by columns
- `comparing_stored` a comparison of each setting that the store has
- `summarising` the fields of a Measurement, disturbed blocks
"""

from typing import TYPE_CHECKING

from harness.on_demand import loaded_when_used

if TYPE_CHECKING:
    from harness.analysis.blocks import blocks_of
    from harness.analysis.comparing import compare_cells
    from harness.analysis.comparing_stored import StoredComparison, compare_settings
    from harness.analysis.factorial import Factorial, Halves
    from harness.analysis.gate_rule import GateRule
    from harness.analysis.guarding import with_guards
    from harness.analysis.judging import Judge
    from harness.analysis.kept import KeptBlocks
    from harness.analysis.mix_turns import MixTurns
    from harness.analysis.over_tasks import overall
    from harness.analysis.question import Question
    from harness.analysis.race_rules import GainSearch, RaceRules
    from harness.analysis.racing import Race, Rank, VariantStanding
    from harness.analysis.ranking import TableRule, ranked_sets
    from harness.analysis.screening import Screen
    from harness.analysis.stop_rules import ALL_SURE, SURE, sequential_rule
    from harness.analysis.stored_pairs import STATUSES, Machine, Setting, StoredPart
    from harness.analysis.summarising import (
        disturbed,
        is_of_times,
        metric_estimates,
        shared_notes,
        summarise_cell,
    )
    from harness.analysis.weighed_rule import Span, weighing_rule
else:
    __getattr__ = loaded_when_used(
        __name__,
        {
            "blocks": "blocks_of",
            "comparing": "compare_cells",
            "comparing_stored": "StoredComparison compare_settings",
            "factorial": "Factorial Halves",
            "mix_turns": "MixTurns",
            "gate_rule": "GateRule",
            "guarding": "with_guards",
            "judging": "Judge",
            "kept": "KeptBlocks",
            "over_tasks": "overall",
            "question": "Question",
            "race_rules": "GainSearch RaceRules",
            "racing": "Rank Race VariantStanding",
            "screening": "Screen",
            "ranking": "TableRule ranked_sets",
            "stored_pairs": "STATUSES Machine Setting StoredPart",
            "stop_rules": "ALL_SURE SURE sequential_rule",
            "weighed_rule": "Span weighing_rule",
            "summarising": "disturbed is_of_times metric_estimates shared_notes summarise_cell",
        },
    )

__all__ = [
    "ALL_SURE",
    "STATUSES",
    "SURE",
    "Factorial",
    "GainSearch",
    "GateRule",
    "Halves",
    "Judge",
    "KeptBlocks",
    "Machine",
    "MixTurns",
    "Question",
    "Race",
    "RaceRules",
    "Rank",
    "Screen",
    "Setting",
    "Span",
    "StoredComparison",
    "StoredPart",
    "TableRule",
    "VariantStanding",
    "blocks_of",
    "compare_cells",
    "compare_settings",
    "disturbed",
    "is_of_times",
    "metric_estimates",
    "overall",
    "ranked_sets",
    "sequential_rule",
    "shared_notes",
    "summarise_cell",
    "weighing_rule",
    "with_guards",
]
