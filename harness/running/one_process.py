"""What is said of functions that were compared within one process: it rests on that one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.analysis import Question
from harness.analysis.comparing import compare_cells
from harness.analysis.schedule import Block
from harness.model import Comparison

ONE_PROCESS = (
    "it rests on one process: one layout of memory, one state of its heap, and another may say"
    " something else"
)
"""Georges, Buytaert and Eeckhout, OOPSLA 2007; Kalibera and Jones, ISMM 2013."""


def compared_in_process(
    names: Sequence[str], blocks: Sequence[Block], question: Question, stopped_because: str
) -> Comparison | None:
    """The second of two functions against the first, judged as trials are, with what it rests on.

    None where no block has a pair.
    """
    reference, candidate = names
    found = compare_cells(reference, [candidate], blocks, question, stopped_because)
    if not found:
        return None
    because = "; ".join(filter(None, (found[0].metric_because, ONE_PROCESS)))
    return replace(found[0], metric_because=because)
