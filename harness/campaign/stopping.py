"""When to stop: the guide's criteria, each decided from events with its reason; pure."""

from __future__ import annotations

from collections.abc import Callable

from harness.campaign.agreed import Decision
from harness.campaign.bottlenecks import BY_FLOOR, BY_WHOLE, holds_others
from harness.campaign.profile_values import ProfileOutcome, ProfileRow
from harness.campaign.state import State
from harness.model.profiles import bound_of
from harness.render.units import show_beside

Rule = Callable[[State, int], str | None]
"""Answers why the loop ends now (given the state and the time in ns), or None."""


def decision_by_rules(state: State, at_ns: int, exhausted: str = "") -> Decision:
    """Go on or stop, by the first rule that says so.

    `exhausted` is the reason for which the user sees nothing more to try, or empty.
    """
    for name, rule in _RULES:
        reason = rule(state, at_ns)
        if reason is not None:
            return Decision(True, name, reason)
    if exhausted:
        return Decision(True, "exhausted", exhausted)
    return Decision(False, "none", _why_go_on(state))


def _target(state: State, _: int) -> str | None:
    target = state.agreed.target_speedup
    ratio = state.over_baseline
    if target is None or ratio is None or ratio.low < target:
        return None
    point, low, high = (
        state.agreed.shown(each, target) for each in (ratio.point, ratio.low, ratio.high)
    )
    return (
        f"the target of {target:g}x is reached: {point} over the baseline"
        f" [{low.removesuffix('x')}, {high.removesuffix('x')}]"
    )


def near_the_target(state: State) -> str:
    """That the target is reached but for the width of the chained interval; empty: it is not."""
    target, kept = state.agreed.target_speedup, state.kept
    bench = kept[-1].bench if kept else None
    ratio = state.over_baseline
    if target is None or bench is None or ratio is None or not bench.fast.chained:
        return ""
    if not ratio.low < target <= ratio.point:
        return ""
    return (
        f"the target of {target:g}x is reached by the middle of the chained figure,"
        f" {show_beside(ratio.point, target)}, and not yet by its low end,"
        f" {show_beside(ratio.low, target)}:"
        " go on, or end the loop, and finish measures it directly; "
    )


def _iterations(state: State, _: int) -> str | None:
    cap = state.agreed.max_iterations
    return f"{cap} iterations are done, the cap" if len(state.iterations) >= cap else None


def _time(state: State, at_ns: int) -> str | None:
    budget = state.agreed.time_budget_ns
    spent = at_ns - state.started_at_ns
    if budget is None or spent < budget:
        return None
    return f"the time budget of {budget / 6e10:.3g} min is spent ({spent / 6e10:.3g} min)"


def _diminishing(state: State, _: int) -> str | None:
    """Only iterations with a valid measurement count: a failure says nothing of what is left."""
    terms = state.agreed
    closed = (i for i in state.iterations if i.closed and i.result is not None)
    last = [i.bench.reach for i in closed if i.bench is not None][-terms.patience :]
    limit = 1 + terms.min_gain
    if len(last) < terms.patience or any(reach >= limit for reach in last):
        return None
    ends = ", ".join(terms.shown(reach, limit, 3) for reach in last)
    return (
        f"the last {terms.patience} measured iterations each gave less than {terms.min_gain:.0%}"
        f" (upper ends {ends})"
    )


def _all_skipped(state: State, _: int) -> str | None:
    worth = worthwhile(state)
    if state.profile is None or not worth or any(not state.is_skipped(name) for name in worth):
        return None
    return f"every bottleneck of {state.agreed.min_share:.0%} or more is skipped: " + ", ".join(
        worth
    )


def worthwhile(state: State) -> list[str]:
    """The bottlenecks of the last profile that are large enough to be attacked.

    The whole program is one of them where nothing is known of its parts; the floor is none.
    """
    if state.profile is None:
        return []
    rows = [row for row in state.profile.rows if row.share >= state.agreed.min_share]
    large = [row.name for row in rows if row.is_part]
    if not any(row.is_part for row in state.profile.rows):
        large = [row.name for row in rows if row.by == BY_WHOLE]
    parts = [name for name in large if not holds_others(name)]
    return parts if parts and state.skipped and state.agreed.rules > 1 else large


ONLY_START_UP = (
    "hardly more than start-up is left, which no change to the program's work makes less"
)


def attackable(profile: ProfileOutcome, min_share: float) -> ProfileRow | None:
    """The first row that a change may be about, and that all of it gone would be a gain of.

    None where hardly more than start-up is left.
    """
    if profile.floor is not None and not profile.floor.told:
        return None
    least = bound_of(min_share)
    rows = (row for row in profile.rows if row.by != BY_FLOOR and row.share >= min_share)
    return next((row for row in rows if row.bound >= least), None)


def _why_go_on(state: State) -> str:
    target = state.agreed.target_speedup
    goal = f", the target is {target:g}x" if target else ""
    left = state.agreed.max_iterations - len(state.iterations)
    so_far = state.agreed.shown(state.cumulative, target or 1.0)
    return f"{so_far} so far{goal}; {left} iterations are left"


_RULES: tuple[tuple[str, Rule], ...] = (
    ("target reached", _target),
    ("iteration cap", _iterations),
    ("time budget", _time),
    ("diminishing returns", _diminishing),
    ("all bottlenecks skipped", _all_skipped),
)
