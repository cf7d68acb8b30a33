"""How sure each look has to be, so that a campaign seldom keeps a change for nothing; pure.

*Since the third edition* the share of kept changes that are no gain is held down, at
`false_keep_rate` in the mean, by e-LOND (Xu & Ramdas, AISTATS 2024): attempt t is kept where its
evidence, an e-value, reaches 1 / level with

    level = false_keep_rate * weight(t) * (kept before it + 1),

whatever the attempts have to do with one another. A kept change earns level for those that follow.
Evidence that holds at every look costs nothing to be looked at again: only another candidate is
another attempt. Half of the weight is shared equally by the attempts that a campaign may make, so
that the last one is not starved, and half goes as 1 / (t (t + 1)), so that the first ones, which
find the large gains, are cheap.

*By the first two editions*, which hold down the probability of any false keep: every bench is a
look, a re-bench as well, and each could call nothing a gain. Look k may do so with probability
total_level * w_k, where the weights sum to 1, so that by Bonferroni's inequality the probability of
any false keep in the campaign is at most total_level, however many looks are taken and whatever the
results so far made the user do (alpha spending: Lan & DeMets, Biometrika 1983).

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


_EVEN = 0.5
"""The share of the weight that all attempts get alike."""


def attempt_weight(attempt: int, most: int) -> float:
    """The weight of an attempt, from 1; over any number of attempts they sum to 1 at most."""
    if attempt < 1 or most < 1:
        raise ValueError(f"attempts are counted from 1, got attempt {attempt} of {most}")
    even = _EVEN / most if attempt <= most else 0.0
    return even + (1 - _EVEN) / (attempt * (attempt + 1))


def attempt_level(attempt: int, kept: int, terms: Terms) -> float:
    """The level of either end of an attempt's interval, after `kept` changes were kept."""
    return terms.false_keep_rate * attempt_weight(attempt, terms.max_iterations) * (kept + 1)


def attempt_confidence(attempt: int, kept: int, terms: Terms) -> float:
    """The confidence of an attempt's interval, both of whose ends have its level."""
    return 1 - 2 * attempt_level(attempt, kept, terms)


def final_confidence(terms: Terms) -> float:
    """The confidence of the interval of the last comparison, which keeps nothing."""
    return 1 - (terms.false_keep_rate if terms.weighs else terms.total_level)
