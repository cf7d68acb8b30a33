"""`harness restore`: what of the code is not wanted now is kept under a ref, then put back."""

from __future__ import annotations

from dataclasses import replace

from harness.campaign.moves import Move, allows, restorable
from harness.errors import GitFailed
from harness.frozen import dataclass
from harness.optimise.campaign import Campaign
from harness.optimise.checkout import RECORDS
from harness.optimise.retrieving import put_records_back
from harness.optimise.standing import demand_active
from harness.system.git.writing import Source, branch_ref


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored, and where the code lies that was there."""

    paths: tuple[str, ...]
    ref: str
    """Empty where no code was put aside."""
    commit: str
    records: tuple[str, ...] = ()
    """Records that were missing and are here again."""

    @property
    def way_back(self) -> str:
        """The command that brings the code back; empty where none was put aside."""
        return f"git cherry-pick --no-commit {self.ref}" if self.ref else ""


def restore(campaign: Campaign) -> Restored:
    """Put back the records that are missing, keep the code that differs from what the campaign
    wants here, then restore that.

    The user's own files are no part of it. Whatever was committed by hand is undone by a further
    commit; a branch that was reset goes forward to where it was, and one that another was merged
    into goes back to before that, with its commits under a ref.
    """
    records = put_records_back(campaign)
    if records:
        campaign.load(recover=True)
        if campaign.started:
            campaign.warnings += campaign.records.refresh(campaign.events, campaign.state)
    if records and not campaign.active:
        return Restored((), "", "", records)
    demand_active(campaign)
    forward = _go_forward(campaign)
    state = campaign.state
    if (records or forward) and not allows(Move.RESTORE, state, campaign.tree()):
        return Restored((), "", "", records)
    return replace(_restore_code(campaign), records=records)


def _go_forward(campaign: Campaign) -> bool:
    """Let a branch that a `git reset` took back have its later commits again."""
    git, ref = campaign.git, f"{RECORDS}/{campaign.name}"
    newest, head = git.ref(ref), git.head()
    if newest in ("", head) or not git.is_ancestor(head, newest):
        return False
    if git.is_ancestor(campaign.state.kept_commit, newest):
        files = git.diff_names(head, newest)
        own = [path for path in files if campaign.checkout.is_record(path)]
        git.move_branch(newest)
        git.align_index(own)
        return True
    return False


def _restore_code(campaign: Campaign) -> Restored:
    tree = campaign.permit(Move.RESTORE)
    state, checkout = campaign.state, campaign.checkout
    wanted = restorable(state, tree)
    paths = wanted.paths or checkout.differing_from(wanted.source, state.untracked)
    undone = undo_merge(campaign, paths)
    # From here on a kill loses nothing: the same code finds the ref that keeps it.
    ref, commit = checkout.keep_aside(Source(wanted.source, paths))
    campaign.git.restore(wanted.source, paths)
    done = Restored(paths, ref, commit)
    if tree.cut_off == wanted.source:  # the code of the open iteration, which no commit has yet
        checkout.mark_taken(len(state.iterations), wanted.source)
        return done
    if undone or not {*paths}.isdisjoint(campaign.git.changes().tracked):  # HEAD has it otherwise
        subject = f"optim: restore {len(paths)} files; what they were is {ref}"
        try:
            campaign.commit_records(campaign.message(subject), paths)
        except GitFailed as refused:
            campaign.warnings.append(f"the restored files are not committed: {refused.message}")
    return done


def undo_merge(campaign: Campaign, paths: tuple[str, ...]) -> bool:
    """Undo a merge into the campaign's branch whose changes are about to be taken back, if any."""
    place = campaign.state.place
    base = branch_ref(place.base_branch) if campaign.git.has_branch(place.base_branch) else ""
    ref = campaign.checkout.undo_merge(paths, (campaign.state.kept_commit, base))
    if ref:
        campaign.warnings.append(
            f"{place.branch} is where it was before the merge; what it was is {ref}"
        )
    return bool(ref)
