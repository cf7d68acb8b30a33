"""A comparison that was made on several hosts, as values."""

from __future__ import annotations

from harness.frozen import dataclass
from harness.model.estimates import Estimate
from harness.model.results import Comparison, Verdict

ENOUGH_HOSTS = 5
"""Of fewer hosts nothing is said of others: the scatter of two or three is hardly known, and where
a change does nothing, four fall on one side once in eight times."""
SURE_TO_DIFFER = 0.01


@dataclass(frozen=True, slots=True)
class OnHost:
    """One comparison on one host."""

    host: str
    kind: str
    """Its CPU."""
    comparison: Comparison


@dataclass(frozen=True, slots=True)
class OverKind:
    """The same comparison on all hosts of one kind."""

    kind: str
    hosts: int
    ratio: Estimate | None
    """The typical speed-up of such hosts; None: of one host nobody can say."""
    verdict: Verdict
    """What holds for hosts of this kind that were not seen; undecided where too few were."""
    differ: float | None
    """Cochran's p: how likely hosts that are alike would be as far apart; None: one host, or one
    whose interval is open."""

    @property
    def enough(self) -> bool:
        """Were enough hosts seen to speak of others?"""
        return self.hosts >= ENOUGH_HOSTS

    @property
    def heterogeneous(self) -> bool:
        """Are the hosts surely not alike?"""
        return self.differ is not None and self.differ < SURE_TO_DIFFER


@dataclass(frozen=True, slots=True)
class AcrossHosts:
    """A candidate against a reference, on several hosts."""

    task: str
    case: str
    candidate: str
    reference: str
    hosts: tuple[OnHost, ...]
    kinds: tuple[OverKind, ...]
    """Each kind of host by itself, the one with the most hosts first."""

    @property
    def verdict(self) -> Verdict:
        """What holds for hosts not seen, of every kind that was; undecided where kinds disagree."""
        said = {kind.verdict for kind in self.kinds}
        return said.pop() if len(said) == 1 else Verdict.UNDECIDED
