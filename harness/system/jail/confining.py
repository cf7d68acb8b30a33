"""One command's jail: what was asked for, what this machine can do, and what the launcher is told.

The same command is asked for hundreds of times in a run, each time with another seed maybe: the
policy is made once for all commands that name the same paths.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from harness.frozen import dataclass
from harness.model import Command
from harness.model.jails import Jail
from harness.system.jail.grounds import Grounds
from harness.system.jail.means import NO_LAUNCHER, Found, Means, find_means
from harness.system.jail.policy import UnwritableError, policy
from harness.system.jail.view import Tool, may_name_a_path, view_of_command, view_of_tool

_MOST_KEPT = 256


@dataclass(frozen=True, slots=True)
class Confined:
    """How one command is confined."""

    level: Jail = Jail.NONE
    """What is enforced, which may be less than what was asked for."""
    means: Means | None = None
    policy: str = ""

    @property
    def has_own_root(self) -> bool:
        """Are the trial's places found by other names inside?"""
        return self.means is Means.NAMESPACES


class Confining:
    """Says how commands are confined on this machine, by one launcher."""

    def __init__(self, launcher: Sequence[str] | None) -> None:
        """`launcher`: the command that starts a compiled one; None: there is none."""
        self._launcher = launcher
        self._found: Found | None = None
        self._kept: dict[object, Confined] = {}

    @property
    def found(self) -> Found:
        """What jails this machine can make; tried out when it is first asked for."""
        if self._found is None:
            self._found = find_means(self._launcher) if self._launcher else NO_LAUNCHER
        return self._found

    def of_command(
        self, asked: Jail, command: Command, program: Path, place: tuple[Grounds, Path]
    ) -> Confined:
        """The jail of a target's command; `place`: the grounds, and the folder of all trials."""
        if asked is not Jail.STRICT:
            return Confined(asked)
        grounds, scratch = place
        target = command.target
        whose = (target.name, target.root, target.jail, target.sources) if target else None
        named = (w for w in (*command.argv[1:], *command.env.values()) if may_name_a_path(w))
        key = (program, tuple(named), command.reads, command.profile, whose, scratch, grounds)
        if key not in self._kept:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            self._kept[key] = self._strict(
                lambda means: policy(view_of_command(command, program, grounds), means, scratch)
            )
        return self._kept[key]

    def of_tool(self, tool: Tool, grounds: Grounds) -> Confined:
        """The strict jail of a tool that is called for a target."""
        view = view_of_tool(tool, grounds)
        return self._strict(lambda means: policy(view, means, None))

    def entering(self, confined: Confined) -> tuple[str, ...]:
        """What stands before a program's words so that it is executed in a jail."""
        return (*(self._launcher or ()), "--enter", confined.policy)

    def _strict(self, write: Callable[[Means], str]) -> Confined:
        means = self.found.best
        if means is None:
            return Confined(Jail.PRIVATE)
        try:
            return Confined(Jail.STRICT, means, write(means))
        except UnwritableError:
            return Confined(Jail.PRIVATE)
