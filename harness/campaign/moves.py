"""What can be done in a campaign, and when: the one table for commands and for advice; pure.

A command asks `permit` before it acts, `harness next` asks `allows` before it advises, so that
neither can say what the other does not.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterable, Mapping
from enum import Enum

from harness.campaign.gates import name_some
from harness.campaign.iteration import Outcome
from harness.campaign.scope import in_scope
from harness.campaign.state import State, Step
from harness.campaign.values import Terms
from harness.errors import NotAllowed
from harness.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Tree:
    """The working tree as a campaign sees it: without its records and the user's own files."""

    fingerprint: str
    changed: tuple[str, ...] = ()
    """The files that differ from the last kept state."""
    added: tuple[str, ...] = ()
    """Those of them that the last kept state does not have."""
    tested_commit: str = ""
    """The commit that keeps the code as it was last tested, where the code is other code now."""
    committed: bool = False
    """Is the iteration that is to be committed in the history already?"""
    cut_off: str = ""
    """The best variant of a race, which a kill kept out of the tree, or a part of it."""


class Move(Enum):
    """What can be done in a campaign that is under way, as it is typed."""

    PROFILE = "harness profile"
    THINK = "harness think"
    PLAN = "harness plan"
    TRY = "harness try"
    TEST = "harness test"
    BENCH = "harness bench"
    LOG = "harness log"
    GIVE_UP = "harness log --abandon"
    COMMIT = "harness commit"
    REVERT = "harness revert"
    DECIDE = "harness decide"
    SKIP = "harness skip"
    RESTORE = "harness restore"
    TAKE_BACK = "harness take-back"
    FINISH = "harness campaign finish"


Condition = Callable[[State, Tree, Move], None]
"""Raises NotAllowed where the tree is against a move."""


@dataclass(frozen=True, slots=True)
class Rule:
    """When a move is allowed."""

    steps: frozenset[Step]
    conditions: tuple[Condition, ...] = ()


def permit(move: Move, state: State, tree: Tree) -> None:
    """The move is allowed now; NotAllowed says why it is not, and what is allowed instead.

    Commands ask this before they act, and `harness next` before it advises: neither can say what
    the other does not.
    """
    rule = RULES[move]
    if state.step not in rule.steps:
        here = ", ".join(m.value for m in RULES if allows(m, state, tree))
        early = move is Move.FINISH and allows(Move.DECIDE, state, tree)
        ends = f' `{move.value} --exhausted "why"` ends it before its time.' if early else ""
        raise NotAllowed(
            f"`{move.value}` is not allowed now: the campaign {state.name!r} waits for"
            f" {state.step.value}",
            hint=f"Allowed: {here or 'nothing: it is finished'}.{ends} `harness next` says more.",
        )
    for condition in rule.conditions:
        condition(state, tree, move)


def allows(move: Move, state: State, tree: Tree) -> bool:
    """Is the move allowed now?"""
    # Asked of the same conditions that refuse it, so that advice and refusal cannot disagree.
    rule = RULES[move]
    if state.step not in rule.steps:
        return False
    try:
        for condition in rule.conditions:
            condition(state, tree, move)
    except NotAllowed:
        return False
    return True


def _demand_untouched(state: State, tree: Tree, move: Move) -> None:
    """The code is that of the last kept state: a thought comes before the change."""
    if tree.fingerprint == state.kept_tree:
        return
    raise NotAllowed(
        f"`{move.value}` wants the code of the last kept state, but these files differ:"
        f" {name_some(tree.changed)}",
        hint="harness restore keeps the change under a ref, says how to get it back, and restores"
        " the files; think before you change.",
    )


def _demand_no_code(state: State, tree: Tree, _: Move) -> None:
    """No code is in the way of the best variant."""
    if tree.fingerprint != state.kept_tree:
        raise NotAllowed(
            "there is code of this iteration already, where the best variant is to be put:"
            f" {name_some(tree.changed)}",
            hint="harness try --save NAME puts it aside as a variant; or harness test it. Files of"
            " variants belong outside of the project, or where git ignores them.",
        )


def _demand_whole(state: State, tree: Tree, move: Move) -> None:
    """The best variant of a race is in the tree as a whole, where one was taken."""
    if tree.cut_off:
        raise NotAllowed(
            f"`{move.value}` would speak of a part: the race was interrupted before its best"
            f" variant ({tree.cut_off[:12]}) was in the tree",
            hint="harness restore puts it there, and keeps what is there now under a ref.",
        )


def _demand_change(state: State, tree: Tree, _: Move) -> None:
    """Something is there to be tested."""
    if tree.fingerprint == state.kept_tree:
        raise NotAllowed(
            "there is nothing to test: the code is that of the last kept state",
            hint="Make the change that was planned, then harness test; or give the iteration up:"
            " harness log --abandon REASON.",
        )


def _demand_unforbidden(state: State, tree: Tree, _: Move) -> None:
    """No protected file changed, and none outside the campaign's paths."""
    bad = forbidden(tree.changed, state.agreed)
    if bad:
        raise NotAllowed(
            f"files changed that this campaign may not change: {name_some(bad)}",
            hint="harness restore restores them, and keeps the change under a ref.",
        )


def _demand_tested(state: State, tree: Tree, move: Move) -> None:
    """The code is the code that was tested (and, after a bench, measured)."""
    if tree.fingerprint == state.iterations[-1].tested_tree:
        return
    measured = state.step in (Step.LOG, Step.COMMIT)
    back = "harness restore brings back what was measured, or" if tree.tested_commit else "You can"
    raise NotAllowed(
        f"the code changed after it was {'measured' if measured else 'tested'}, so"
        f" `{move.value}` would speak of other code: {name_some(tree.changed)} differ from"
        " the last kept state",
        hint=f"{back} give up: harness log --abandon REASON, then harness revert."
        if measured
        else "Run harness test again.",
    )


def _demand_tested_if_kept(state: State, tree: Tree, move: Move) -> None:
    """Refuse to keep other code than was measured; a failure may be logged with any code."""
    if state.iteration is not None and state.iteration.outcome is Outcome.KEPT:
        _demand_tested(state, tree, move)


def _demand_committable(state: State, tree: Tree, move: Move) -> None:
    """The code is what was measured, unless it was committed before a kill."""
    if not tree.committed:
        _demand_unforbidden(state, tree, move)
        _demand_tested(state, tree, move)


def _demand_uncommitted(state: State, tree: Tree, _: Move) -> None:
    if tree.committed:
        raise NotAllowed(
            f"iteration {len(state.iterations)} is committed already, by a command that was"
            " interrupted: what is in the history cannot be given up",
            hint="Complete it: harness commit. Then git revert, if it has to go.",
        )


def _demand_right(state: State, _: Tree, move: Move) -> None:
    """Nothing is known to be wrong with the last kept state."""
    if state.wrong is not None:
        raise NotAllowed(
            f"`{move.value}` would build on what is wrong: the last kept state, on"
            f" {state.wrong.shown.words}",
            hint=f"{Move.TAKE_BACK.value} takes back the iteration that brought it in, and keeps"
            " the others.",
        )


def _demand_kept(state: State, _: Tree, move: Move) -> None:
    """Something was kept that can be taken back."""
    if not state.kept:
        raise NotAllowed(
            f"`{move.value}`: no iteration is kept, so there is nothing to take back",
            hint="`harness next` says what is due.",
        )


def _demand_restorable(state: State, tree: Tree, _: Move) -> None:
    if not restorable(state, tree):
        raise NotAllowed(
            "there is nothing to restore: the code is what the campaign wants here",
            hint="`harness next` says what is due.",
        )


_BETWEEN = frozenset({Step.PROFILE, Step.THINK})
_OPEN = frozenset({Step.PLAN, Step.IMPLEMENT, Step.BENCHMARK})
_MEASURED = frozenset({Step.LOG, Step.COMMIT})

RULES: Mapping[Move, Rule] = {
    Move.PROFILE: Rule(_BETWEEN | {Step.FINISH}, (_demand_untouched,)),
    Move.THINK: Rule(frozenset({Step.THINK}), (_demand_right, _demand_untouched)),
    Move.PLAN: Rule(frozenset({Step.PLAN})),
    Move.TRY: Rule(frozenset({Step.IMPLEMENT}), (_demand_no_code,)),
    Move.TEST: Rule(
        frozenset({Step.IMPLEMENT, Step.BENCHMARK}),
        (_demand_whole, _demand_change, _demand_unforbidden),
    ),
    Move.BENCH: Rule(frozenset({Step.BENCHMARK}), (_demand_unforbidden, _demand_tested)),
    Move.LOG: Rule(frozenset({Step.LOG}), (_demand_tested_if_kept,)),
    Move.GIVE_UP: Rule(_OPEN | _MEASURED, (_demand_uncommitted,)),
    Move.COMMIT: Rule(frozenset({Step.COMMIT}), (_demand_committable,)),
    Move.REVERT: Rule(frozenset({Step.REVERT})),
    Move.DECIDE: Rule(_BETWEEN | {Step.DECIDE}),
    Move.SKIP: Rule(_BETWEEN | {Step.DECIDE}),
    Move.RESTORE: Rule(
        _BETWEEN | _OPEN | _MEASURED | {Step.DECIDE, Step.FINISH, Step.FINISHED},
        (_demand_restorable,),
    ),
    Move.TAKE_BACK: Rule(_BETWEEN | {Step.DECIDE, Step.FINISH}, (_demand_kept, _demand_untouched)),
    Move.FINISH: Rule(frozenset({Step.FINISH}), (_demand_untouched,)),
}
"""The one table of what is allowed in which state."""


@dataclass(frozen=True, slots=True)
class Restoring:
    """What `harness restore` would do."""

    source: str
    """The commit whose files are wanted."""
    paths: tuple[str, ...] = ()
    """The files to be restored; empty: all that differ from the source."""

    def __bool__(self) -> bool:
        return bool(self.source)


def restorable(state: State, tree: Tree) -> Restoring:
    """The files that differ from what the campaign wants now, and where they come from.

    The result is false where nothing differs.

    An open iteration keeps its work: only files that it may not change go back. What was measured
    comes back from the commit that keeps it. Between iterations the last kept state is wanted.
    """
    bad = tuple(forbidden(tree.changed, state.agreed))
    if tree.cut_off and not bad:
        return Restoring(tree.cut_off)
    if tree.tested_commit and (
        state.step in _MEASURED
        or (state.step is Step.BENCHMARK and tree.fingerprint == state.kept_tree)
    ):
        return Restoring(tree.tested_commit)
    if state.step in _OPEN:
        return Restoring(state.kept_commit if bad else "", bad)
    if state.step in _MEASURED or tree.fingerprint == state.kept_tree:
        return Restoring("")
    return Restoring(state.kept_commit, tree.changed)


def forbidden(changed: Iterable[str], terms: Terms) -> list[str]:
    """The changed files that are protected, or outside the campaign's paths or its scope."""
    return [
        path
        for path in changed
        if _matches(path, terms.protect)
        or (terms.paths and not _matches(path, terms.paths))
        or not in_scope(path, terms.scope)
    ]


def _matches(path: str, patterns: Iterable[str]) -> bool:
    return any(
        path == pattern.rstrip("/")
        or path.startswith(pattern.rstrip("/") + "/")
        or fnmatch.fnmatchcase(path, pattern)
        for pattern in patterns
    )
