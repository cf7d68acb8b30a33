"""Is a state of the code right on values that are given? The baseline's build tells what is right.

This is how a wrong output is shown again, and how the first wrong one of several states is found.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import replace

from harness.baseline.again import baseline_side, named_the_baselines
from harness.baseline.agreeing import BuiltWorkload, Expected, agrees
from harness.baseline.check import TestReport
from harness.baseline.sides import Side, current_side, side_at
from harness.baseline.store import Baseline
from harness.campaign.wrongs import Counterexample, FirstWrong
from harness.errors import TrialFailed, UsageError
from harness.frozen import dataclass
from harness.model import Agreement, Case, Output
from harness.model.given_values import given_words
from harness.project.workload import Workload
from harness.running import check_outputs
from harness.running.drawing import case_given
from harness.running.session import Session

_LONGER = 3
"""What showed at the n-th try is looked for as many times n before a state is called right."""


@dataclass(frozen=True, slots=True)
class Teller:
    """Knows what is right for a case on given values."""

    session: Session
    workload: Workload
    case: Case
    given: str
    expected: Expected

    def agrees(self, side: Side) -> tuple[Agreement, BuiltWorkload]:
        """Build a side, run it there and check it; not ending well is wrong as well.

        Raises BuildFailed where it does not build.
        """
        adapter, build = self.session.orchestrator.build(side.target)
        ready = BuiltWorkload(self.session.orchestrator, adapter, build)
        try:
            found = self._checked(ready)
        except TrialFailed as failure:
            found = Agreement(ok=False, summary=f"it does not end well: {failure.message}")
        if found.ok:
            return found, ready
        return replace(found, summary=given_words(self.given, found.summary)), ready

    def _checked(self, ready: BuiltWorkload) -> Agreement:
        task = self.workload.task
        if not self.given:
            return agrees(ready, task, self.case, self.expected)
        actual = ready.output(task, self.case)
        try:
            return check_outputs(ready.adapter, task, self.expected.main, actual)
        finally:
            ready.discard(actual)


@dataclass(frozen=True, slots=True)
class GivenCheck:
    """What is to be right, and on which values."""

    workload: Workload
    baseline: Baseline
    shown: Counterexample


@contextlib.contextmanager
def _teller(session: Session, told: GivenCheck) -> Iterator[Teller]:
    """What is right there: the stored outputs of the case's own values, else the baseline's now."""
    workload, baseline, shown = told.workload, told.baseline, told.shown
    case = _case(workload, shown.case)
    if not shown.given:
        yield Teller(session, workload, case, "", baseline.expected(case))
        return
    case = case_given(case, shown.given)
    with named_the_baselines(), baseline_side(session, workload, baseline) as side:
        adapter, build = session.orchestrator.build(side.target)
        sealed = BuiltWorkload(session.orchestrator, adapter, build)
        right: Output = sealed.output(workload.task, case)
    try:
        yield Teller(session, workload, case, shown.given, Expected(right, {}))
    finally:
        sealed.discard(right)


def _case(workload: Workload, name: str) -> Case:
    found = next((case for case in workload.cases if case.name == name), None)
    if found is None:
        known = ", ".join(case.name for case in workload.cases)
        raise UsageError(f"there is no case {name!r} here", hint=f"There are: {known}.")
    return found


def check_given(session: Session, told: GivenCheck, at: str = "") -> TestReport:
    """Check the working tree, or a commit, on given values; raises BuildFailed, UsageError."""
    with _teller(session, told) as teller:
        workload = told.workload
        state = side_at(session, workload, at, at) if at else current_side(session, workload)
        with state as side:
            found, ready = teller.agrees(side)
        where = replace(found, summary=found.summary or "agrees")
    return TestReport(told.shown.case, where, ready.build, side.commit, told.baseline.warnings)


def first_wrong(
    session: Session, told: GivenCheck, states: Sequence[str], tries: int
) -> FirstWrong:
    """Find the first of these commits, the oldest first, that is wrong there, by halving.

    What is before them is right. The newest is run up to `tries` times before it is called right.
    """
    with _teller(session, told) as teller:

        def problem(index: int) -> str:
            with side_at(session, told.workload, states[index], f"state {index + 1}") as side:
                found, _ = teller.agrees(side)
            return "" if found.ok else found.summary

        high, needed, said = len(states) - 1, 1, ""
        while not said and needed <= tries:
            said = problem(high)
            needed += not said
        if not said:
            return FirstWrong(None)
        # What did not show at once is looked for longer before a state is called right.
        tries, low = 1 if needed == 1 else _LONGER * needed, -1
        while high - low > 1:
            middle = (low + high) // 2
            found = next(filter(None, (problem(middle) for _ in range(tries))), "")
            low, high, said = (low, middle, found) if found else (middle, high, said)
    return FirstWrong(high, said)
