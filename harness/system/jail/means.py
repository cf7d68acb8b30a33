"""What this machine's kernel lets a jail be made of, tried out by the launcher."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from harness.frozen import dataclass
from harness.system.process.calling import Call, StillRunningError, call

_PATIENCE_S = 20
_OF_TCP, _SCOPED = 4, 6
"""The versions of Landlock that know of TCP, and of signals."""


class Means(Enum):
    """How the launcher enforces a strict jail."""

    NAMESPACES = "namespaces"
    """A root of its own with nothing in it but what is shown, and namespaces of its own."""
    LANDLOCK = "landlock"
    """The machine's own root, of which the same may be opened, and a filter of system calls."""


@dataclass(frozen=True, slots=True)
class Found:
    """What can be made here, and why not what cannot."""

    best: Means | None
    problems: tuple[tuple[Means, str], ...] = ()
    """By which means no jail can be made, and what fails."""
    landlock_version: int = 0
    cpu_problem: str = ""
    """Why the CPU time of processes that nobody waits for is not known; empty: it is."""

    @property
    def why_not(self) -> str:
        """What keeps this machine from a strict jail, in words."""
        return "; ".join(f"{means.value}: {why}" for means, why in self.problems)


def weaknesses(found: Found) -> list[str]:
    """What a jail that is asked to be strict lacks on this machine, in words; empty: nothing."""
    if found.best is None:
        return [
            f"no strict jail can be made here ({found.why_not}): trials share the machine's files,"
            " processes and network with all others, and may leave what the next one finds"
        ]
    said = []
    if found.best is Means.LANDLOCK:
        said.append(
            f"the jail is made by Landlock alone ({found.why_not}): what is in it sees the"
            " machine's processes"
            + ("" if found.landlock_version >= _SCOPED else ", and can send them signals")
            + ("" if found.landlock_version >= _OF_TCP else ", and its network")
        )
    if found.cpu_problem:
        said.append(
            f"CPU time of processes that nobody waits for is not counted: {found.cpu_problem}"
            " (kernel.perf_event_paranoid)"
        )
    return said


NO_LAUNCHER = Found(None, ((Means.NAMESPACES, "the launcher in Python makes no jails"),))


def find_means(launcher: Sequence[str]) -> Found:
    """Ask a compiled launcher, which makes a jail of each kind to find out."""
    try:
        done = call(Call([*launcher, "--probe"], timeout_s=_PATIENCE_S))
    except (OSError, StillRunningError) as problem:
        return Found(None, ((Means.NAMESPACES, str(problem) or "it takes too long"),))
    lines = done.stdout.decode("utf-8", "replace").splitlines()
    said = dict(line.partition("\t")[::2] for line in lines)
    problems = tuple((means, said.get(means.value, "it was not tried")) for means in Means)
    failing = tuple((means, why) for means, why in problems if why)
    best = next((means for means, why in problems if not why), None)
    version = said.get("version", "0")
    known = max(0, int(version)) if version.lstrip("-").isdigit() else 0
    return Found(best, failing, known, said.get("cpu", "it was not tried"))
