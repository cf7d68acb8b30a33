"""Which commit made it slower: a search by halves over commits, some of which say nothing; pure.

Every comparison is against the first, good state. What is asked of each commit has an error level
that is a share of the whole search's, so that the commit it ends at is wrong no more often than
that: a chain of answers is right where every one of them is (Bonferroni).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import field
from enum import Enum

from harness.frozen import dataclass


class Speed(Enum):
    """What is known of a commit."""

    GOOD = "as fast as the good one"
    SLOW = "slower than the good one"
    UNDECIDED = "undecided"
    SKIPPED = "skipped"
    """It does not build, does not run, or computes something else."""


def most_comparisons(commits: int) -> int:
    """How many comparisons a search over as many commits makes at most: one to begin with."""
    return max(0, math.ceil(math.log2(max(1, commits)))) + 1


@dataclass(frozen=True, slots=True)
class Search:
    """How far a search is: commits from the one after the good one to the bad one."""

    commits: tuple[str, ...]
    answers: Mapping[str, Speed] = field(default_factory=dict)

    @property
    def comparisons(self) -> int:
        """How many commits were compared so far; those that were skipped were not."""
        return sum(answer is not Speed.SKIPPED for answer in self.answers.values())

    @property
    def suspects(self) -> tuple[str, ...]:
        """Those of which one made it slower: after the last good one, up to the first slow one."""
        places = range(len(self.commits))
        slow = [at for at in places if self.answers.get(self.commits[at]) is Speed.SLOW]
        end = min(slow, default=len(self.commits) - 1)
        good = [at for at in range(end) if self.answers.get(self.commits[at]) is Speed.GOOD]
        return self.commits[max(good, default=-1) + 1 : end + 1]

    @property
    def found(self) -> str | None:
        """The commit that made it slower, once it is the only one that is left."""
        left = self.suspects
        return left[0] if len(left) == 1 and self.answers.get(left[0]) is Speed.SLOW else None

    @property
    def next(self) -> str | None:
        """The commit to look at now; None where nothing more can be found out.

        The middle of the suspects, or what is nearest to it of those that have no answer.
        """
        left = self.suspects
        if len(left) < 2 or self.comparisons >= most_comparisons(len(self.commits)):
            return None
        middle = (len(left) - 2) / 2
        open_ones = [at for at in range(len(left) - 1) if left[at] not in self.answers]
        nearest = min(open_ones, key=lambda at: (abs(at - middle), at), default=None)
        return None if nearest is None else left[nearest]

    def with_answer(self, commit: str, answer: Speed) -> Search:
        """The search after one more answer."""
        return Search(self.commits, {**self.answers, commit: answer})


def of_answers(commits: Sequence[str], answers: Mapping[str, Speed]) -> Search:
    """A search with what is known of its commits; what is known of others does not count."""
    return Search(tuple(commits), {c: a for c, a in answers.items() if c in set(commits)})
