"""Where the time goes, as a campaign remembers it: its bottlenecks, each with its bound."""

from __future__ import annotations

from harness.campaign.bottlenecks import BY_FLOOR, BY_WHOLE
from harness.frozen import dataclass
from harness.model import Floor
from harness.model.profiles import bound_of, shares_overlap


@dataclass(frozen=True, slots=True)
class ProfileRow:
    """A bottleneck and the share of the time that it takes, 0 to 1."""

    name: str
    share: float
    by: str = "phase"
    """`phase`, `function`, `floor` (a part of it) or `whole program`."""
    limit: float | None = None
    """What the floor leaves of any speed-up; None: it is not known, or this is a part of it."""
    high: float | None = None
    """The most that the share may be as far as the profile tells; None: it does not say."""

    @property
    def bound(self) -> float:
        """Amdahl's bound: the speed-up if all of this were gone, as far as the floor allows."""
        return bound_of(self.share, self.limit)

    @property
    def farthest(self) -> float:
        """The bound were the share as large as it may be: no prediction below it is refused."""
        return bound_of(max(self.share, self.high or 0.0), self.limit)

    @property
    def is_part(self) -> bool:
        """Is it a part of the program's own work, which a change may be about?"""
        return self.by not in (BY_FLOOR, BY_WHOLE)


@dataclass(frozen=True, slots=True)
class ProfileOutcome:
    """Where the time goes, as the campaign remembers it."""

    case: str
    rows: tuple[ProfileRow, ...]
    """Phases by share, then functions by what they take themselves; shares include callees."""
    tool: str = "phases"
    wall_ns: float | None = None
    cpu_share: float | None = None
    """CPU time / wall time: far below 1 is waiting, far above it is threads; None: other programs
    kept the CPUs too busy to tell."""
    notes: tuple[str, ...] = ()
    report: str = ""
    """Where the whole profile lies on the machine that made it."""
    floor: Floor | None = None
    """What an empty program takes there; None: it is not known."""
    place: str = ""
    """The node and job that made it; empty: this machine."""

    @property
    def overlaps(self) -> bool:
        """Do rows hold others, such as a function those that it calls? Shares then have no sum."""
        return shares_overlap(row.share for row in self.rows if row.by != BY_WHOLE)

    def row(self, name: str) -> ProfileRow | None:
        """The row of that name, or None."""
        return next((row for row in self.rows if row.name == name), None)
