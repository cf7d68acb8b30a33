"""Flags of the compiler or interpreter, tried one after the other on the last kept state.

They are written into the target's `flags_file`, which a campaign may change where `harness.toml` is
protected. What is kept stays; what brings nothing, or changes the output, is reverted by the loop.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.errors import UsageError
from harness.hookspecs import Runner, hookimpl
from harness.model import Brief, Proposal


@dataclass(frozen=True, slots=True)
class Flags:
    """Flags that are tried together, with what they are expected to give."""

    flags: tuple[str, ...]
    high: float
    why: str
    risk: str

    @property
    def title(self) -> str:
        return f"flags {' '.join(self.flags)}"


_ROUNDING = "another order of operations changes the last digits"
_PORTABLE = "the program then runs on this kind of CPU alone"

LISTS: Mapping[str, tuple[Flags, ...]] = {
    "c": (
        Flags(("-O3",), 1.6, "more inlining and vectors", "larger code"),
        Flags(("-ffast-math",), 2.5, "sums may be reordered into vectors", _ROUNDING),
        Flags(("-march=native",), 1.6, "wider vectors", _PORTABLE),
        Flags(("-ffast-math", "-march=native"), 3.0, "wider vectors for sums too", _ROUNDING),
        Flags(("-flto",), 1.15, "inlining across files", "longer builds"),
        Flags(("-funroll-loops",), 1.15, "fewer branches", "larger code"),
    ),
    "julia": (
        Flags(("-O3",), 1.15, "more passes of the compiler", "longer compilation"),
        Flags(("--check-bounds=no",), 1.4, "no checks in inner loops", "errors go unseen"),
        Flags(("--math-mode=fast",), 1.4, "sums may be reordered into vectors", _ROUNDING),
    ),
    "python": (
        Flags(("-O",), 1.05, "no assertions", "errors go unseen"),
        Flags(("-X", "frozen_modules=on"), 1.05, "a faster start", "none that is known"),
    ),
}
"""The flags to try, by adapter, the most promising ones first."""


def _next(brief: Brief) -> Flags | None:
    adapter = brief.target.adapter
    if adapter not in LISTS:
        raise UsageError(
            f"no list of flags for the adapter {adapter!r}; there are lists for {', '.join(LISTS)}",
            hint="Use --proposer patches, or --agent.",
        )
    return next((f for f in LISTS[adapter] if f.title not in brief.tried), None)


@hookimpl
def harness_propose(brief: Brief, runner: Runner) -> Proposal | None:
    """The next flags that were not tried yet."""
    del runner
    if brief.flags_file is None:
        raise UsageError(
            f"the target {brief.target.name!r} has no flags_file to write flags into",
            hint='Add flags_file = "program.flags" to the target (an empty file will do), and'
            " commit both, before the campaign starts.",
        )
    found = _next(brief)
    if found is None or not brief.bottlenecks or brief.problem:
        return None
    return Proposal(
        title=found.title,
        optimization=f"{found.why}: {' '.join(found.flags)} in {brief.flags_file}",
        bottleneck=brief.bottlenecks[0][0],
        hypothesis="the compiler is not allowed to do all that it could",
        options=(
            (found.title, found.why, found.risk),
            ("change the code", "more to gain", "needs somebody who understands it"),
        ),
        chosen=f"{found.title}: it is next in the list",
        low=0.98,
        high=max(0.98, min(found.high, brief.bound())),
        reasoning=found.why,
        risk=found.risk,
    )


@hookimpl
def harness_implement(brief: Brief, proposal: Proposal, problem: str, runner: Runner) -> bool:
    """Add the flags to the file, one per line; a build that fails is not repaired."""
    del runner
    found = next(f for f in LISTS[brief.target.adapter] if f.title == proposal.title)
    if problem or brief.flags_file is None:
        return False
    path = brief.root / brief.flags_file
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("".join(f"{line}\n" for line in (*lines, *found.flags)), encoding="utf-8")
    return True
