"""What trials of one block share, so that they do not differ by what was drawn for each of them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from harness.model.environment import PAD

HASH_SEEDS = ("PYTHONHASHSEED", "PERL_HASH_SEED")
"""Variables that say how an interpreter scatters what it keeps by hash; drawn anew by each process,
they would differ between the sides of a block. A number from 0 to 4095, of the block."""

PAGE_BYTES = 4096


def padded(argv: Sequence[str], env: dict[str, str], pad_bytes: int) -> dict[str, str]:
    """The environment with padding, so that the stack lies where `pad_bytes` alone says.

    Linux puts all arguments and variables above the stack, and so their lengths move it; two sides
    in folders with names of other lengths would differ by that. The padding makes up for it: all
    of them together are `pad_bytes` longer than a whole number of pages.
    """
    env[PAD] = padding(pad_bytes, taken_bytes(argv, env))
    return env


def taken_bytes(argv: Sequence[str], env: Mapping[str, str]) -> int:
    """What the arguments and variables take above the stack, with the pointers to them."""
    texts = (*argv, argv[0], *env, *env.values())
    return sum(len(os.fsencode(text)) for text in texts) + 9 * len(argv) + 10 * len(env)


def padding(pad_bytes: int, taken: int) -> str:
    """What makes `taken` bytes as many as `pad_bytes` more than a whole number of pages."""
    return "x" * (pad_bytes + -taken % PAGE_BYTES)
