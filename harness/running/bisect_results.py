"""What a search for the commit that made a target slower gave."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from harness.analysis.bisection import Speed
from harness.errors import AnswerIsNo, ExitCode
from harness.frozen import dataclass
from harness.model import Comparison, Estimate, Metric
from harness.model.jsonable import jsonable
from harness.render.tables import as_html, layout
from harness.render.units import count_of, show_share, show_speed_up

SHORT = 12
"""Letters of a commit's id in names."""


class NoAnswer(AnswerIsNo):
    """Two commits cannot be compared: they compute different things, or no block has both."""


@dataclass(frozen=True, slots=True)
class CommitAnswer:
    """What is known of a commit, against the good one."""

    commit: str
    speed: Speed
    ratio: tuple[float, float, float] = (0.0, 1.0, 1.0)
    """The low end, point and high end of its speed-up over the good commit; below 1 is slower."""
    confidence: float = 0.0
    """Of the interval; 0: there is none."""
    metric: Metric = Metric.WALL
    blocks: int = 0
    why: str = ""
    """Why it was skipped, or why its comparison ended."""

    @classmethod
    def of(cls, commit: str, speed: Speed, comparison: Comparison) -> CommitAnswer:
        """A comparison's answer."""
        ratio = comparison.ratio
        return cls(
            commit,
            speed,
            (ratio.low, ratio.point, min(ratio.high, 1e9)),
            ratio.confidence,
            comparison.metric,
            comparison.blocks,
            comparison.stopped_because,
        )

    @property
    def estimate(self) -> Estimate | None:
        """Its speed-up over the good commit; None where it was skipped."""
        if not self.confidence:
            return None
        low, point, high = self.ratio
        return Estimate("median ratio", point, low, high, self.confidence)

    @property
    def shown(self) -> str:
        """Its speed-up in words, or why there is none."""
        return self.why if self.estimate is None else show_speed_up(self.estimate)

    @property
    def because(self) -> str:
        """The same in brackets."""
        return f" ({' '.join(self.shown.split())[:200]})"


@dataclass(frozen=True, slots=True, repr=False)
class BisectResult:
    """The commit that made a target slower, or those of which one did."""

    target: str
    case: str | None
    good: str
    bad: str
    found: str | None
    """None where several commits are left that could not be told apart."""
    suspects: tuple[str, ...]
    """The commits that are left, the oldest first."""
    subjects: Mapping[str, str]
    """The first line of each commit's message."""
    answers: tuple[CommitAnswer, ...]
    before: str
    """The last commit before the suspects, which is as fast as the good one."""
    parents: tuple[str, ...]
    """Those of the last suspect: more than one where it is a merge."""
    confidence: float
    """Of the whole search."""
    most: int
    """How many comparisons the error level was shared by."""
    commits: int

    @property
    def exit_code(self) -> ExitCode:
        """What `harness bisect` answers its shell."""
        return ExitCode.UNDECIDED if self.found is None else ExitCode.FINE

    @property
    def ok(self) -> bool:
        """Was the one commit found?"""
        return self.found is not None

    @property
    def next_actions(self) -> tuple[str, ...]:
        """Look at it, measure it against the commit before, and search within a merge."""
        case = ["--case", self.case] if self.case else []
        if self.found is None:
            ends = [commit[:SHORT] for commit in (self.before, self.suspects[-1])]
            again = ["harness", "bisect", self.target, *ends]
            return (shlex.join([*again, *case, "--budget", "5m"]),)
        pair = [f"{self.target}@{commit[:SHORT]}" for commit in (self.before, self.found)]
        steps = [
            f"git show {self.found[:SHORT]}",
            shlex.join(["harness", "compare", *pair, *case]),
        ]
        if len(self.parents) > 1:
            inside = [self.before[:SHORT], self.parents[1][:SHORT]]
            steps.append(shlex.join(["harness", "bisect", self.target, *inside, *case]))
        return tuple(steps)

    def table(self, style: str = "plain") -> str:
        """A row per commit that was looked at, the oldest first."""
        rows = [
            [
                answer.commit[:SHORT],
                answer.speed.value,
                " ".join(answer.shown.split())[:100],
                str(answer.blocks) if answer.blocks else "-",
                self.subjects.get(answer.commit, "")[:60],
            ]
            for answer in self.answers
        ]
        return layout(["commit", "found", "speed-up over good", "blocks", "subject"], rows, style)

    def sentence(self) -> str:
        """The answer in words, with its error level."""
        sure = (
            f" The error level of the whole search is {show_share(1 - self.confidence)}, shared by"
            f" {count_of(self.most, 'comparison')}."
        )
        if self.found is None:
            names = ", ".join(commit[:SHORT] for commit in self.suspects[:12])
            return (
                f"One of {len(self.suspects)} commits made {self.target} slower, and they could not"
                f" be told apart: {names}.{sure}"
            )
        merge = ""
        if len(self.parents) > 1:
            merge = " It is a merge: the commits that it brought in were not searched."
        return (
            f"{self.found[:SHORT]} made {self.target} slower: {self.subjects.get(self.found, '')}."
            f"{merge}{sure}"
        )

    def to_dict(self) -> dict[str, Any]:
        """The `result` of `harness bisect --json`."""
        return {
            "target": self.target,
            "case": self.case,
            "good": self.good,
            "bad": self.bad,
            "found": self.found,
            "suspects": list(self.suspects),
            "before": self.before,
            "is_merge": len(self.parents) > 1,
            "confidence": self.confidence,
            "comparisons": sum(a.speed is not Speed.SKIPPED for a in self.answers),
            "most_comparisons": self.most,
            "commits": self.commits,
            "answers": jsonable(self.answers),
        }

    def __str__(self) -> str:
        return f"{self.table()}\n\n{self.sentence()}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return as_html(self.sentence(), self.table("html"))
