"""The binomial law by its terms: importing scipy, which has it, takes longer than a short run."""

from __future__ import annotations

import math

_HALVINGS = 60
"""After these a share is known to the last bit that matters."""


def at_most(k: int, n: int, share: float) -> float:
    """P(Binomial(n, share) <= k), for 0 <= k < n.

    The terms on that side of `k` are added on which they fall, until they add nothing; the first is
    exp(ln C(n, k) + k ln p + (n - k) ln(1 - p)), and each further one follows from the one before.
    """
    if share <= 0:
        return 1.0
    if share >= 1:
        return 0.0
    odds = share / (1 - share)
    if k < (n + 1) * share:
        term, total = _term(k, n, share), 0.0
        while total + term > total:
            total += term
            term *= k / ((n - k + 1) * odds)
            k -= 1
        return min(total, 1.0)
    k += 1
    term, total = _term(k, n, share), 0.0
    while total + term > total:
        total += term
        term *= (n - k) * odds / (k + 1)
        k += 1
    return max(1.0 - total, 0.0)


def share_for(k: int, n: int, probability: float) -> float:
    """The share p with P(Binomial(n, p) <= k) = `probability`, for 0 <= k < n."""
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if at_most(k, n, middle) > probability:  # the larger the share, the less of it
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _term(k: int, n: int, share: float) -> float:
    ways = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    return math.exp(ways + k * math.log(share) + (n - k) * math.log1p(-share))
