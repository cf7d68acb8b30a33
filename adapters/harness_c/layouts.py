"""Layouts: one program linked in several orders, and trials that take turns among them.

Where functions lie in memory can change a program's speed by more than an optimisation does, and
any edit moves them. Link order alone was worth up to 10 % (Mytkowicz, Diwan, Hauswirth and Sweeney,
"Producing Wrong Data Without Doing Anything Obviously Wrong!", ASPLOS 2009). Several layouts turn
that bias into visible noise.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

LAYOUTS = 8
"""How many; layout 0 is the order in which the sources are named, without padding."""
CODE_ALIGNMENT = 16
MOST_PADDING = 4096


def order_of(objects: Sequence[str], layout: int) -> list[str]:
    """The object files in the order of a layout, the same whenever it is asked for."""
    ordered = list(objects)
    if layout > 0:
        random.Random(layout).shuffle(ordered)
    return ordered


def padding_source(layout: int) -> str:
    """C source of code that nothing executes, to be linked first: it moves all that follows.

    It serves programs of a single source file, whose order cannot be changed. Compilers put `main`
    into a section of its own, which linkers place before the others.
    """
    steps = MOST_PADDING // CODE_ALIGNMENT
    size = CODE_ALIGNMENT * random.Random(f"padding {layout}").randrange(1, steps)
    sections = (r".section .text.startup,\"ax\",@progbits", ".text")
    return "".join(f'__asm__("{section}\\n.skip {size}, 0x90\\n");\n' for section in sections)


def layout_of(pad_bytes: int) -> int:
    """The layout of a trial, from the padding that was drawn for its environment.

    By the padding's size, not by its lowest bits: those decide how the stack is aligned.
    """
    return pad_bytes // (MOST_PADDING // LAYOUTS) % LAYOUTS


def program_in(program: Path, layout: int) -> Path:
    """Where a layout of `program` lies; the name stays, since a program may look at its own."""
    return program.parent / f"layout-{layout}" / program.name if layout > 0 else program
