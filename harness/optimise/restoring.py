"""`harness restore`: what of the code is not wanted now is kept under a ref, then put back."""

from __future__ import annotations

from dataclasses import dataclass

from harness.campaign.moves import Move, restorable
from harness.errors import GitFailed
from harness.optimise.campaign import Campaign
from harness.system.git.writing import Source


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored, and where the code lies that was there."""

    paths: tuple[str, ...]
    ref: str
    commit: str

    @property
    def way_back(self) -> str:
        """The command that brings the code back."""
        return f"git cherry-pick --no-commit {self.ref}"


def restore(campaign: Campaign) -> Restored:
    """Keep the code that differs from what the campaign wants here, then restore that.

    Records and the user's own files are no part of it. Whatever was committed by hand is undone by
    a further commit: the history is not rewritten.
    """
    campaign.demand_active()
    tree = campaign.permit(Move.RESTORE)
    state, checkout = campaign.state, campaign.checkout
    wanted = restorable(state, tree)
    paths = wanted.paths or checkout.differing_from(wanted.source, state.untracked)
    # From here on a kill loses nothing: the same code finds the ref that keeps it.
    ref, commit = checkout.keep_aside(Source(wanted.source, paths))
    campaign.git.restore(wanted.source, paths)
    done = Restored(paths, ref, commit)
    if not {*paths}.isdisjoint(campaign.git.changes().tracked):  # HEAD has it otherwise
        subject = f"optim: restore {len(paths)} files; what they were is {ref}"
        try:
            campaign.commit_records(campaign.message(subject), paths)
        except GitFailed as refused:
            campaign.warnings.append(f"the restored files are not committed: {refused.message}")
    return done
