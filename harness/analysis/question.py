"""What a comparison is asked, as options of a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from harness.errors import UsageError
from harness.frozen import dataclass
from harness.model import Metric, MetricInfo, Noise
from harness.model.declaring import RunOption, confidence_level, declared, share, truth
from harness.model.families import each_confidence
from harness.model.guards import Guard, guards_in
from harness.stats.boundary import SignBoundary, sign_boundary

AUTO = "auto"
"""Wall or CPU time, whichever serves on this machine."""


def metric_named(value: Any, name: str) -> Metric | None:
    """Reads the name of a metric; `auto` is None. Whether there is one so called, the run says."""
    if value == AUTO or value is None or isinstance(value, Metric):
        return None if value == AUTO else value
    try:
        return Metric(value)
    except ValueError:
        known = ", ".join((AUTO, *(metric.value for metric in Metric)))
        raise UsageError(
            f"{name}: want one of {known}, or the name of a figure such as instructions,"
            f" got {value!r}"
        ) from None


LONG_NS = 10e9
"""Where each side takes as long, a verdict comes as soon as six unanimous blocks allow."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a comparison is asked."""

    metric: Metric | None = declared(
        None,
        RunOption(
            "metric",
            "What decides: wall, cpu, memory, or a figure of trials by its name, such as"
            " instructions, page_faults or one that the target declares; auto takes CPU time where"
            " wall time is disturbed.",
            metric_named,
        ),
    )
    """None: wall or CPU time, whichever serves here."""
    confidence: float = declared(
        0.95,
        RunOption(
            "confidence",
            "Of the intervals and the verdict.",
            confidence_level,
            kind=float,
            default="0.95",
            unit="a share",
        ),
    )
    threshold: float = declared(
        0.01,
        RunOption(
            "threshold",
            "Differences below this share are equivalent in practice.",
            share("a share above 0 and below 1"),
            kind=float,
            default="0.01",
            unit="a share or a text such as 1%",
        ),
    )
    """Differences below this share do not matter in practice."""
    precision: float | None = declared(
        None,
        RunOption(
            "precision",
            "Go on until the interval of the ratio (of a single target, its time) has at most this"
            " share on either side of its middle, such as 2%.",
            share("a share such as 2% or 0.02"),
            kind=float,
            unit="a share or a text such as 2%",
        ),
    )
    """Measured until the ratio's interval has at most this share on either side of its middle;
    None: until its sign is known."""
    noise: Noise | None = None
    """What identical builds were seen to differ by: pairs are then weighed by sign and size, and
    the confidence is shared by the two ends. None: by their signs alone."""
    fewest: int = 0
    """A weighed verdict is not sure before as many blocks, for the sake of its interval."""
    per_comparison: bool = declared(
        False,
        RunOption(
            "per_comparison",
            "Let the error level hold for each comparison by itself, not for the whole table.",
            truth,
            kind=bool,
            default="no-per-comparison",
        ),
    )
    guards: tuple[Guard, ...] = declared(
        (),
        RunOption(
            "guard",
            "A figure that must not get worse by more than a share or an amount, such as"
            " max_rss=5%, p95=2% or binary_bytes=50KiB; may be given again.",
            guards_in,
            several=True,
            unit="a text such as max_rss=5%, several of them, or a table of limits by name",
        ),
    )
    guarded: tuple[MetricInfo, ...] = ()
    """What the guards' figures are, where these are no times and no memory: found by the run."""
    figure: MetricInfo | None = None
    """What the metric is, where it is no time and no memory: the run finds it by its name."""

    tails: bool = declared(
        True,
        RunOption(
            "tails",
            "Hold a gain against the mean and the slow runs too: mixed where those are worse.",
            truth,
            kind=bool,
            default="tails",
        ),
    )

    confirm: bool = declared(
        False,
        RunOption(
            "confirm",
            "Once a gain is sure, measure on for as many blocks again: the ratio that is told is"
            " that of these alone, so that it does not flatter.",
            truth,
            kind=bool,
            default="no-confirm",
        ),
    )
    """Always in campaigns since the sixth edition of their rules, where points are logged."""

    of_all: float | None = None
    """The confidence that several comparisons share, where this is one of them: what each of them
    has to hold (not worse on any) is asked at it, since it costs no level of its own."""

    late: bool = True
    """Is the point of a gain that of blocks after it was sure, where a run went on for another
    reason? Not in campaigns: there `confirm` says so."""

    early: bool = True
    """May unanimous signs of long blocks be proof as soon as they can be? Not in campaigns."""

    def boundary_from(self, first_ns: Sequence[float], joined_at: int = 0) -> SignBoundary:
        """The boundary of the signs, chosen by the wall times of the first block's sides.

        How long a block takes says nothing of which side is faster, so that the level holds.
        """
        early = self.early and min(first_ns, default=0.0) >= LONG_NS
        return sign_boundary(self.confidence, joined_at, early=early)

    def shared_by(self, comparisons: int) -> Question:
        """The question that each of several comparisons is asked, for the level to hold for all.

        Then pairs are weighed by sign and size: signs alone would take more blocks for each
        comparison more. A precision asks for intervals of a width, and is followed by signs.
        """
        if self.per_comparison or comparisons < 2:
            return self
        each = each_confidence(self.confidence, comparisons)
        weighed = self.noise or (Noise() if self.precision is None else None)
        return replace(self, confidence=each, noise=weighed, of_all=self.confidence)
