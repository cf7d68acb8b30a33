"""What a look shows beside its verdict: the figures that flags rest on, stored with it; pure."""

from __future__ import annotations

from dataclasses import field

from harness.frozen import dataclass

KNOWN_INPUTS = "known-inputs"
"""The flag of a change that is faster on the case's own values alone; it is not kept, and told."""


@dataclass(frozen=True, slots=True)
class Flag:
    """What a human should look at, in a sentence with the figures that were seen."""

    name: str
    sentence: str
    note: bool = False
    """It is told for the record and casts no doubt: more threads are a fair gain."""

    @property
    def line(self) -> str:
        """As it stands in logs and answers."""
        return f"{'note' if self.note else 'FLAG'} {self.name}: {self.sentence}"


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """What who worked has said to a flag, once the change was looked at."""

    flag: Flag
    reason: str


@dataclass(frozen=True, slots=True)
class SideSeen:
    """What one side of a look was seen to do, as the medians of its timed trials.

    `setup_ns` and the fields below are of its build alone, and do not follow from trials.
    """

    wall_ns: float
    cpu_ns: float
    waited_ns: float
    """The least wall time less CPU time of a trial, since any trial may wait for a busy CPU; below
    zero where more than one CPU was at work."""
    threads: float | None = None
    """How many ran or waited for a CPU at once; None: it was not counted."""
    left_behind: int = 0
    """The trials that left processes behind, which were killed."""
    outputs: int = 0
    """How many different outputs they gave."""
    instructions: float | None = None
    """None: they were not counted."""
    setup_ns: int = 0
    """What its `setup` took; 0 where there is none."""
    unforced_ns: float | None = None
    """The least wall time less CPU time, and less the time in which some task of the machine waited
    for a CPU: a busy machine is no sign of waiting. None: it is not known, as before there was
    edition 2 of the flags."""


@dataclass(frozen=True, slots=True)
class CaseEvidence:
    """What one case of a look shows of the last kept state and the candidate."""

    before: SideSeen
    after: SideSeen
    draws: int = 0
    """How many different values were drawn for its blocks."""
    spread: float | None = None
    """The longest CPU time of the last kept state over the shortest one, by draw; None: of fewer
    than four draws nothing is said."""
    slope: float | None = None
    """How the candidate's time follows that of the last kept state from draw to draw: 1 where both
    grow alike, 0 where it does not depend on what was drawn."""
    adapter: str = ""
    input_bytes: int = 0
    """The declared inputs of the target."""
    tolerance_used: float | None = None
    """The share of the tolerance that the candidate's output needs against the baseline's; None:
    nothing was compared by a tolerance."""
    relative_error: float | None = None
    """How far the candidate's output is from the baseline's, relatively; None: it was not asked,
    as before there was edition 2 of the flags."""
    known_gain: float | None = None
    """What the candidate gains at least on the case's own values, where it gains nothing on drawn
    ones; None: no more there either, or not asked."""


@dataclass(frozen=True, slots=True)
class ChangeSeen:
    """What the change is, as text."""

    literals_only: tuple[str, ...] = ()
    """The files that changed, where numbers and texts in them are all that did."""


@dataclass(frozen=True, slots=True)
class Flagged:
    """The flags of a look, and the edition of the rules that gave them."""

    flags: tuple[Flag, ...] = ()
    rules: int = 0
    """0: the look is of before there were any."""
    change: ChangeSeen = field(default_factory=ChangeSeen)
