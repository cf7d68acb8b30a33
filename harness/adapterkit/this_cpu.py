"""The kind of CPU that a build is made for, where that is the one that it is made on."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
_FACTS = re.compile(r"^(?:model name|flags|Features|CPU part)\s*:.*$", re.MULTILINE)
_ASKED = re.compile(r"native|[-/]xhost\b|\bhost$", re.IGNORECASE)
"""How a compiler is told to make programs for the machine that it runs on: `-march=native` and
`-mcpu=native` (GCC, Clang), `-C target-cpu=native` (rustc), `-xHost` (Intel), `-tp=host` (NVIDIA).
A word too many costs a build more; one too few, a program that another node cannot run."""


def kind_of_cpu() -> str:
    """Model and flags of this machine's CPUs, each once; `unknown` where the kernel says nothing.

    The words are the kernel's own: `-march=native` depends on nothing else.
    """
    try:
        facts = _FACTS.findall(CPUINFO.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return "unknown"
    return repr(sorted(set(facts)))


def kind_asked_for(words: Iterable[str]) -> tuple[str, ...]:
    """What a build's digest holds of the CPU: nothing, unless one of a compiler's words asks for
    the machine's own."""
    return (kind_of_cpu(),) if any(_ASKED.search(word) for word in words) else ()
