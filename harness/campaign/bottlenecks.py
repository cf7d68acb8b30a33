"""What a bottleneck is, whatever it is called; pure."""

from __future__ import annotations

import re

_SUFFIX = re.compile(r"(\.(constprop|isra|part|cold|lto_priv)(\.\d+)*|@plt|\s*\[[.k]\])+$")
"""What compilers and profilers add to the name of a function that they cloned or marked."""

_ARGUMENTS = re.compile(r"\([^()]*\)$")

_WHOLE = frozenset({"main", "<module>", "_start", "__libc_start_main", "total", "top-level scope"})
"""Names of the whole program: what it does is done by what it calls."""

BY_FLOOR = "floor"
BY_WHOLE = "whole program"
"""Kinds of rows of a profile that are no part of the program's own work."""

WHOLE_PROGRAM = "the whole program"
"""The bottleneck of a rewrite of all of it, which the floor bounds."""

_KERNEL = re.compile(
    r"(\[kernel|asm_|irqentry_|sysvec_|__x64_sys_|do_syscall_|entry_syscall_|syscall_exit_)"
)


def identity(name: str) -> str:
    """The same for two names of one place: case, spaces, arguments and clones' suffixes go."""
    flat = " ".join(name.split()).lower()
    bare = _ARGUMENTS.sub("", _SUFFIX.sub("", flat)).strip()
    return bare or flat


def means_the_whole(name: str) -> bool:
    """Is it a name of the whole program in a profile, such as `main`?"""
    return identity(name) in _WHOLE


def holds_others(name: str) -> bool:
    """Is it a name for whatever runs below it: the whole program, or the kernel's way in?"""
    known = identity(name)
    return known in _WHOLE or _KERNEL.match(known) is not None
