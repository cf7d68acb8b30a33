"""COMMIT and REVERT: an intent is written first, and whatever was interrupted is completed.

Each part finds out whether it was done already, so that a process that is killed between any two
of them is taken up by the next call.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from harness.campaign.agreed import Decision
from harness.campaign.events import Kind
from harness.campaign.gates import keep_reason
from harness.campaign.iteration import Iteration, Outcome
from harness.campaign.moves import Move, forbidden
from harness.errors import GitFailed, NotAllowed
from harness.optimise.campaign import Campaign
from harness.optimise.failures import remembered
from harness.optimise.restoring import undo_merge
from harness.optimise.standing import demand_active
from harness.optimise.steps import decide


class Then(Enum):
    """What follows a log in the same call."""

    COMMIT = "commit"
    REVERT = "revert"
    AUTO = "auto"
    """Whichever the result says."""
    PROFILE = "profile"
    """The same, and then the profile that the next thought rests on."""


def check_then(campaign: Campaign, then: Then, *, abandoned: bool) -> None:
    """NotAllowed where the result of the open iteration is against what is to follow its log."""
    state = campaign.state
    last = state.iterations[-1] if state.iterations else None
    if then in (Then.AUTO, Then.PROFILE) or last is None:
        return
    right = Then.COMMIT if last.outcome is Outcome.KEPT and not abandoned else Then.REVERT
    if then is not right:
        raise NotAllowed(
            f"--then {then.value} is against the result: {keep_reason(last)}",
            hint=f"--then {right.value}, or --then auto"
            + ("; --abandon REASON gives a gain up." if right is Then.COMMIT else "."),
        )


def close(campaign: Campaign) -> tuple[Iteration, Decision]:
    """Commit or revert the logged iteration, as its result says, and decide how the loop goes on.

    Nothing is left to choose in any of it; what was interrupted is completed.
    """
    last = campaign.state.iterations[-1]
    kept = last.outcome is Outcome.KEPT
    closed = commit(campaign) if kept else revert(campaign)
    return closed, decide(campaign)


@remembered(Move.COMMIT.value)
def commit(campaign: Campaign) -> Iteration:
    """COMMIT: one commit of the code and the logs, `optim iter N: title`."""
    demand_active(campaign)
    done = campaign.state.iterations
    again = bool(done) and done[-1].closed and done[-1].outcome is Outcome.KEPT
    if again and not campaign.tree().changed:
        return done[-1]
    tree = campaign.permit(Move.COMMIT)
    last = campaign.state.iterations[-1]
    state = campaign.state
    made = campaign.checkout.commit_of(last.number, state.place.base_commit)
    if made is None:
        if state.pending is not Kind.COMMITTING:
            campaign.append(Kind.COMMITTING, iteration=last.number)
        subject = f"optim iter {last.number}: {last.title}"
        message = campaign.message(subject, last.number)
        before = campaign.git.head()
        made = campaign.commit_records(message, tree.changed)
        made = _as_measured(campaign, tree.changed, (before, made), message)
    else:
        # The call that made it may have died, or met a full disk, before git wrote its index.
        campaign.git.align_index(campaign.git.diff_names(f"{made}^", made))
    fingerprint = campaign.checkout.fingerprint_at(made, state.untracked)
    if fingerprint != last.tested_tree:
        campaign.warnings.append(
            f"a git hook changed the code while it was committed ({made[:7]}): what is committed is"
            " not exactly what was measured"
        )
    campaign.append(Kind.COMMITTED, commit=made, tree=fingerprint)
    return campaign.state.iterations[-1]


def _as_measured(
    campaign: Campaign, changed: Sequence[str], commits: tuple[str, str], message: str
) -> str:
    """The commit of what was measured, made again without hooks where they changed the code.

    `commits`: the one before, and what the hooks have left. A hook may change files, or add
    commits of its own.
    """
    (before, made), last = commits, campaign.state.iterations[-1]
    checkout, untracked = campaign.checkout, campaign.state.untracked
    if checkout.fingerprint_at(made, untracked) == last.tested_tree:
        return made
    measured = checkout.tested(last.tested_tree, untracked)
    if not measured:
        return made
    campaign.git.move_branch(before)
    campaign.git.restore(measured, changed)
    campaign.warnings.append(
        f"a git hook changed the code while it was committed ({made[:7]}): it was committed again"
        " without hooks, as it was measured"
    )
    return campaign.commit_records(message, tuple(changed), hooks=False)


@remembered(Move.REVERT.value)
def revert(campaign: Campaign) -> Iteration:
    """REVERT: keep the attempt's code under refs/harness/attempts, then restore the kept state."""
    demand_active(campaign)
    done = campaign.state.iterations
    if done and done[-1].closed and done[-1].outcome is not Outcome.KEPT:
        return done[-1]
    campaign.permit(Move.REVERT)
    last = campaign.state.iterations[-1]
    if campaign.state.pending is not Kind.REVERTING:
        campaign.append(Kind.REVERTING, iteration=last.number)
    attempt, changed = _put_back(campaign, last.number)
    campaign.append(Kind.REVERTED, attempt=attempt)
    subject = f"optim log: iteration {last.number} reverted: {last.title}"
    try:
        campaign.commit_records(campaign.message(subject), changed)
    except GitFailed as refused:
        campaign.warnings.append(
            f"the records are not committed yet ({refused.message}); they go with the next commit"
        )
    return campaign.state.iterations[-1]


def _put_back(campaign: Campaign, iteration: int) -> tuple[str, tuple[str, ...]]:
    """Keep and restore the code; returns the attempt's commit and the restored paths.

    Protected files that changed are left for the user to restore: they are not the campaign's.
    """
    state, tree, checkout = campaign.state, campaign.tree(), campaign.checkout
    undo_merge(campaign, tree.changed)
    left = set(forbidden(tree.changed, state.agreed))
    changed = tuple(path for path in tree.changed if path not in left)
    attempt = ""
    if changed:
        attempt = checkout.keep_attempt(iteration, tree, state.untracked)
        campaign.git.restore(state.kept_commit, changed)
    # An interrupted call kept the whole attempt before it restored a part of it. What does not
    # follow this HEAD is of another campaign of the same name.
    head = campaign.git.head()
    mine = [c for c in checkout.attempts(iteration).values() if campaign.git.follows(c, head)]
    return next(iter(mine), attempt), changed
