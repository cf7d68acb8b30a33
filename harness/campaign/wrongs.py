"""A kept state that turns out to be wrong: what shows it, and which iteration is to blame; pure."""

from __future__ import annotations

import shlex

from harness.campaign.values import BenchOutcome, TestOutcome
from harness.frozen import dataclass
from harness.model.given_values import given_in


@dataclass(frozen=True, slots=True)
class Counterexample:
    """A case, and the values of what is drawn, on which an output is wrong."""

    case: str
    given: str = ""
    """As a JSON object; empty: the case's own values."""

    @property
    def words(self) -> str:
        """It as a part of a sentence."""
        return f"{self.case}, given {self.given}" if self.given else self.case

    def command(self, commit: str = "") -> str:
        """What shows again that the output is wrong, of the code of now or of a commit."""
        given = f" --given {shlex.quote(self.given)}" if self.given else ""
        at = f" --at {commit[:12]}" if commit else ""
        return f"harness test --case {shlex.quote(self.case)}{given}{at}"


@dataclass(frozen=True, slots=True)
class KnownWrong:
    """What is known to be wrong with the last kept state."""

    shown: Counterexample
    problem: str
    iteration: int = 0
    """The kept iteration that brought it in; 0: not known yet."""


@dataclass(frozen=True, slots=True)
class FirstWrong:
    """Which of several states of the code, the oldest first, is the first to be wrong."""

    index: int | None
    """None: the newest one is right there, however often it was tried."""
    problem: str = ""
    """What is wrong with that one, in words."""


def wrong_in_look(outcome: BenchOutcome) -> tuple[Counterexample, str] | None:
    """What a look shows to be wrong, and how; None: nothing."""
    case = next((case for case in outcome.results if not case.correct), None)
    if case is None:
        return None
    return Counterexample(case.case, given_in(case.problem)), case.problem


def wrong_in_test(outcome: TestOutcome) -> tuple[Counterexample, str]:
    """What a test that did not pass shows to be wrong, and how."""
    return Counterexample(outcome.case, given_in(outcome.summary)), outcome.summary
