"""Is the output right? Tolerances by kind, and the agreement of outputs with what was expected.

`agree` checks one declared output of one run, `agree_all` every output of a task, and
`equivalent_over_seeds` a stochastic output that was run with several seeds on both sides.
Everything here is pure: values in, an Agreement out. `docs/correctness.md` gives the rules.
"""

from typing import TYPE_CHECKING

from harness.on_demand import loaded_when_used

if TYPE_CHECKING:
    from harness.correctness.agreement import agree, agree_all
    from harness.correctness.declared import default_tolerance, tolerances_of
    from harness.correctness.equivalence import equivalent_over_seeds
    from harness.correctness.printed import PrintedArray, PrintedFloat
else:
    __getattr__ = loaded_when_used(
        __name__,
        {
            "agreement": "agree agree_all",
            "declared": "default_tolerance tolerances_of",
            "equivalence": "equivalent_over_seeds",
            "printed": "PrintedArray PrintedFloat",
        },
    )

__all__ = [
    "PrintedArray",
    "PrintedFloat",
    "agree",
    "agree_all",
    "default_tolerance",
    "equivalent_over_seeds",
    "tolerances_of",
]
