"""Blocks: who runs when, so that whatever drifts hits every build alike; pure.

A block is one round in which every build runs, in random order. In the mirrored design each build
runs twice, the second half in the reverse order of the first (A B B A), so that a linear drift
within the block cancels (Kalibera & Jones, ISMM 2013, on why repetition belongs to the level where
the variation is; Box, Hunter & Hunter, Statistics for Experimenters, ch. 4, on randomised blocks).
"""

from __future__ import annotations

import hashlib
import random
import struct
from collections.abc import Callable, Sequence
from enum import Enum
from functools import lru_cache
from typing import TypeAlias, TypeVar

from harness.model import TrialRecord

Cell = TypeVar("Cell")


Block: TypeAlias = dict[str, list[TrialRecord]]
"""One block: the trials of each build by its name, in the order in which they ran."""

StopRule: TypeAlias = Callable[[Sequence[Block]], str | None]
"""Asked after every block; answers why no further block is wanted, or None to go on."""


class Design(Enum):
    """The order of builds within a block."""

    PAIRED = "paired"
    """Every build once, in an order drawn afresh for every block."""
    MIRRORED = "mirrored"
    """Every build twice: a drawn order, then the same order backwards."""


def block_order(cells: Sequence[Cell], design: Design, seed: int, block: int) -> list[Cell]:
    """The order of one block; the same for the same arguments, so that a run can be resumed."""
    order = list(cells)
    if len(order) > 1:
        random.Random(f"{seed}:{block}").shuffle(order)
    return order + order[::-1] if design is Design.MIRRORED else order


def fixed_blocks(count: int) -> StopRule:
    """Stop after `count` blocks."""

    def rule(blocks: Sequence[Block]) -> str | None:
        told = "the one block is measured" if count == 1 else f"all {count} blocks are measured"
        return told if len(blocks) >= count else None

    return rule


MOST_PADDING = 4096
"""No trial gets as many bytes of padding."""

_STRATA = 8
_EIGHT = struct.Struct("<8Q")
_FINEST = MOST_PADDING // _STRATA**2


def padding_bytes(seed: int, block: int) -> int:
    """How much padding the environment of a block's trials gets, from 0 to `MOST_PADDING` - 1.

    The size of the environment moves the stack, and with it alignments that can change a
    program's speed by more than an optimisation does (Mytkowicz et al., ASPLOS 2009); drawing it
    afresh turns that bias into visible noise. All builds of a block have the same: what both sides
    share cancels in their ratio. Any eight blocks from a multiple of eight on have one padding in
    each eighth of the range, and 64 one in each 64th (a stratified sample, nested), so that the
    layouts which go by it take turns evenly.
    """
    many, few = divmod(block, _STRATA)
    eighth = _shuffled(f"{seed}:pad:{many}")[few]
    finer = _shuffled(f"{seed}:pad:{many // _STRATA}:{eighth}")[many % _STRATA]
    drawn = hashlib.blake2b(b"%d:%d:pad" % (seed, block), digest_size=8).digest()
    return (eighth * _STRATA + finer) * _FINEST + int.from_bytes(drawn, "little") % _FINEST


@lru_cache(maxsize=64)  # the same for eight blocks, or for 64
def _shuffled(seed: str) -> tuple[int, ...]:
    # Numbers without a pattern, in an order of size that is as good as drawn: a generator of random
    # numbers takes ten times as long to be made, between two trials.
    drawn = _EIGHT.unpack(hashlib.blake2b(seed.encode(), digest_size=_EIGHT.size).digest())
    return tuple(sorted(range(_STRATA), key=drawn.__getitem__))
