"""How sure each look has to be, so that a whole campaign seldom keeps a change for nothing; pure.

Every bench is a look, a re-bench as well, and each could call nothing a gain. Look k may do so with
probability total_level * w_k, where the weights sum to 1, so that by Bonferroni's inequality the
probability of any false keep in the campaign is at most total_level, however many looks are taken
and whatever the results so far made the user do (alpha spending: Lan & DeMets, Biometrika 1983).

The weights are equal over the looks that a campaign can be expected to take, two an iteration, and
hold a tenth back for those beyond, which get 6 / (pi^2 k^2) of it.
"""

from __future__ import annotations

import math

from harness.campaign.values import Terms

_LOOKS_AN_ITERATION = 2
_PLANNED_SHARE = 0.9


def planned_looks(terms: Terms) -> int:
    """The looks among which most of the level is shared out equally."""
    return _LOOKS_AN_ITERATION * terms.max_iterations


def weight(look: int, planned: int) -> float:
    """The share of the total level that look number `look`, from 1, may spend."""
    if look < 1 or planned < 1:
        raise ValueError(f"looks are counted from 1, got look {look} of {planned}")
    if look <= planned:
        return _PLANNED_SHARE / planned
    beyond = look - planned
    return (1 - _PLANNED_SHARE) * 6 / (math.pi**2 * beyond**2)


def confidence_of(look: int, terms: Terms) -> float:
    """The confidence of the interval that look number `look` has to decide with.

    The interval is two-sided and only its lower end can keep a change, so the true rate of false
    keeps is about half of what is spent.
    """
    return 1 - terms.total_level * weight(look, planned_looks(terms))
