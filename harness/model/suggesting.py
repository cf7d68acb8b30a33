"""What somebody may have meant who wrote a name that is not known."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(word: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The known name that is most like the word; None where none is alike by `cutoff` (0 to 1)."""
    import difflib  # here, because most commands meet no unknown name

    return next(iter(difflib.get_close_matches(word, list(known), n=1, cutoff=cutoff)), None)


def did_you_mean(word: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """`Did you mean 'x'?`, or nothing where no known name is like the word."""
    near = nearest(word, known, cutoff)
    return f"Did you mean {near!r}?" if near else ""
