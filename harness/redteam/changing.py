"""Changes of a project's program, as acts."""

from __future__ import annotations

from harness.redteam.answers import numbers, total
from harness.redteam.techniques import Act
from harness.redteam.workshop import Workshop

N, PYTHON_N = 2000, 300
SEED = 7
"""Of the case."""


def _changed(file: str, n: int, swaps: tuple[tuple[str, str], ...]) -> Act:
    def act(workshop: Workshop) -> None:
        for old, new in swaps:
            if "@ANSWER@" in new:
                new = new.replace("@ANSWER@", f"{total(n, SEED):.12g}")
            workshop.swap(file, old, new.replace("@FIRST@", repr(numbers(1, SEED)[0])))

    return act


def c(*swaps: tuple[str, str]) -> Act:
    """Other text in place of some of the program in C.

    `@ANSWER@` and `@FIRST@` are the case's answer and its first number; see also `Workshop.named`.
    """
    return _changed("work.c", N, swaps)


def python(*swaps: tuple[str, str]) -> Act:
    """The same for the program in Python."""
    return _changed("work.py", PYTHON_N, swaps)


def julia(*swaps: tuple[str, str]) -> Act:
    """The same for the program in Julia."""
    return _changed("work.jl", N, swaps)


COMMENTED = c(("#include <stdlib.h>\n", "#include <stdlib.h>\n/* faster */\n"))
"""A comment more, and no other code."""


def variables(**values: str) -> Act:
    """Set variables of the environment in which every command is called from here on."""

    def act(workshop: Workshop) -> None:
        workshop.environment.update({k: workshop.named(v) for k, v in values.items()})

    return act


def both(*acts: Act) -> Act:
    """One after the other."""

    def act(workshop: Workshop) -> None:
        for each in acts:
            each(workshop)

    return act
