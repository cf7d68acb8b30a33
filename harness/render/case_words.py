"""What several cases say together: one set of words for comparisons, benches, campaigns; pure."""

from __future__ import annotations

from collections.abc import Sequence

from harness.model import Verdict

_NAMED = 5
"""More cases than these are counted, not named."""


def words_of_cases(found: Sequence[tuple[str, Verdict]], together: Verdict) -> str:
    """The verdict on all cases (see `families`), with the names of those that make it.

    Better is what is better on one and not worse on any; one that is worse, or mixed, decides.
    """
    worse, mixed = _names(found, Verdict.SLOWER), _names(found, Verdict.MIXED)
    better, unsure = _names(found, Verdict.FASTER), _names(found, Verdict.UNDECIDED)
    if worse or mixed:
        bad = (f"worse on {worse}" if worse else "", f"mixed on {mixed}" if mixed else "")
        return ", ".join(filter(None, bad))
    if together is Verdict.FASTER:
        return f"better on {better} and not worse on any"
    if together is Verdict.EQUIVALENT:
        return "the same on all"
    if better and unsure:
        return f"better on {better}, and not sure not to be worse on {unsure}"
    return "not sure to be better"


def _names(found: Sequence[tuple[str, Verdict]], verdict: Verdict) -> str:
    names = [name for name, said in found if said is verdict]
    if len(names) <= _NAMED:
        return ", ".join(names)
    return f"{', '.join(names[:_NAMED])} and {len(names) - _NAMED} others"
