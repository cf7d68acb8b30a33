"""Finds out where a campaign stands in git; `harness.campaign.standing` says what follows."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, count
from pathlib import Path

from harness.campaign.agreed import CampaignGit as Place
from harness.campaign.standing import Leftovers, Standing, before_step, refused
from harness.campaign.state import Step
from harness.errors import DataDamaged
from harness.optimise.archive import all_states
from harness.optimise.campaign import Campaign
from harness.optimise.retrieving import missing_records
from harness.optimise.trusting import check
from harness.project.workload import BASELINE_NAME, tag_name
from harness.system.git.writing import branch_ref
from harness.system.store.files import read_kept
from harness.system.store.seal import SEAL_NAME


def demand_active(campaign: Campaign) -> None:
    """NotAllowed, with the way there, where the campaign does not go on in this checkout.

    So it does where what decides beside the code has changed; see `trusting`.
    """
    way = before_step(campaign.state, standing(campaign))
    if way is not None:
        raise refused(way)
    check(campaign)


def standing(campaign: Campaign) -> Standing:
    """What git has of the campaign, and what is checked out; writes nothing."""
    git = campaign.git
    changes = git.changes()
    at = Standing(
        name=campaign.name,
        option=f" --campaign {campaign.name}" if len(campaign.config.campaigns) > 1 else "",
        branch=git.branch(),
        under_way=git.under_way(changes),
        conflicts=changes.conflicts,
        dirty=campaign.checkout.dirty(changes),
        scope=campaign.checkout.scope,
    )
    at = replace(at, missing=missing_records(campaign))
    if not campaign.started:
        return replace(at, leftovers=_leftovers(campaign), free_branch=_free_branch(campaign))
    state = campaign.state
    if state.step is Step.FINISHED:
        return replace(at, concluded=True) if concluded(campaign) else _ending(campaign, at)
    has_branch = git.has_branch(state.place.branch)
    other = has_branch and at.branch != state.place.branch
    ours = branch_ref(state.place.branch)
    return replace(
        at,
        has_branch=has_branch,
        elsewhere=campaign.checkout.in_the_way(ours, records=True) if other else (),
        has_kept=git.has_commit(state.kept_commit),
        complete=_start_is_complete(campaign),
        branch_at=_elsewhere(campaign, state.place.branch),
    )


def _ending(campaign: Campaign, at: Standing) -> Standing:
    """What stands between a finished campaign and its merge."""
    place = campaign.state.place
    ours, base = branch_ref(place.branch), branch_ref(place.base_branch)
    unfit, mending = _unfit_merge(campaign)
    here = place.base_branch if at.branch == place.branch else place.branch
    # What is merged already was merged by hand: its contents are their owner's.
    open_end = not campaign.git.is_ancestor(ours, base)
    left_out = campaign.checkout.left_out(place.base_commit, base, ours) if open_end else ()
    return replace(
        at,
        left_out=left_out,
        taken_in=campaign.git.common(base, ours) if left_out else "",
        base_at=_elsewhere(campaign, place.base_branch),
        branch_at=_elsewhere(campaign, place.branch),
        clashes=campaign.git.clash(base, ours),
        elsewhere=campaign.checkout.in_the_way(
            branch_ref(here),
            merge=not campaign.git.is_ancestor(base, ours),
            records=at.branch not in (place.branch, place.base_branch),
        ),
        unfit=unfit,
        mending=bool(mending) and at.branch == mending,
    )


def _unfit_merge(campaign: Campaign) -> tuple[str, str]:
    """How the test of what a merge would give ended before, and the branch that has its code
    already, where it is to be mended; empty where nobody knows, and where none has."""
    git, checkout, place = campaign.git, campaign.checkout, campaign.state.place
    commit = checkout.unfit()
    if not commit:
        return "", ""
    ours, base = branch_ref(place.branch), branch_ref(place.base_branch)
    words = git.message(commit).partition("\n\n")[2].partition("\n\n")[0]
    tips = {place.branch: git.resolve(ours), place.base_branch: git.resolve(base)}
    for branch, tip in tips.items():
        if all(git.is_ancestor(other, tip) for other in tips.values()):
            same = checkout.code_at(tip) == checkout.code_at(commit)
            return (words, branch) if same else ("", "")
    same = git.parents(commit) == (tips[place.base_branch], tips[place.branch])
    return (words if same else "", "")


def place_of(campaign: Campaign, base_branch: str, base_commit: str) -> Place:
    """The names that a campaign that begins here gives to its branch and tags."""
    config, name = campaign.config, campaign.name
    return Place(
        base_branch=base_branch,
        base_commit=base_commit,
        branch=tag_name("optimization", config, name),
        tag=tag_name("pre-optimization", config, name),
        post_tag=tag_name("post-optimization", config, name),
    )


def _leftovers(campaign: Campaign) -> Leftovers:
    """What lies in the way of a start; nothing where there is no commit to start from."""
    here = campaign.git.branch()
    for other in all_states(campaign.config).states:
        if other.name != campaign.name and other.place.branch == here:
            return Leftovers(campaign=other.name, its_base=other.place.base_branch)
    return Leftovers(names=tuple(_taken(campaign)))


def _free_branch(campaign: Campaign) -> str:
    """`before-NAME`, with a number where there is such a branch."""
    name = f"before-{campaign.name}"
    names = chain((name,), (f"{name}-{number}" for number in count(2)))
    return next(name for name in names if not campaign.git.has_branch(name))


def _taken(campaign: Campaign) -> Iterator[str]:
    """Branches, tags and records under the names that the campaign wants, and not its own."""
    git, head = campaign.git, campaign.git.head()
    place = place_of(campaign, "", head)
    ref = branch_ref(place.branch)
    if git.has_branch(place.branch) and git.resolve(ref) != head:
        yield f"a branch {place.branch!r}"
    for below in git.refs(f"{ref}/"):
        yield f"a branch {below.removeprefix('refs/heads/')!r}"
    measured = _baseline_commit(campaign.folder)
    if measured not in ("", head) and (campaign.folder / SEAL_NAME).exists():
        yield f"a baseline of the commit {measured[:12]} in {campaign.folder}"
    if git.tag(place.tag) is not None and not measured:
        yield f"a tag {place.tag!r}"
    if git.tag(place.post_tag) is not None:
        yield f"a tag {place.post_tag!r}"


def _baseline_commit(folder: Path) -> str:
    """The commit of the baseline in a folder; empty where there is none to be read."""
    with contextlib.suppress(DataDamaged, OSError, ValueError, TypeError, LookupError):
        return str(json.loads(read_kept(folder / BASELINE_NAME))["commit"])
    return ""


def _start_is_complete(campaign: Campaign) -> bool:
    """Are branch and first records there? Asked only while nothing came after the start."""
    git, branch = campaign.git, campaign.state.place.branch
    if len(campaign.events) > 1:
        return True
    return git.has_branch(branch) and (
        git.read_file(branch_ref(branch), git.below_top(campaign.journal.path)) is not None
    )


def concluded(campaign: Campaign) -> bool:
    """Is a finished campaign merged and its end tagged? A clone without its branch cannot say."""
    place, git = campaign.state.place, campaign.git
    if not (git.has_branch(place.branch) and git.has_branch(place.base_branch)):
        return True
    merged = git.is_ancestor(branch_ref(place.branch), branch_ref(place.base_branch))
    return merged and git.tag(place.post_tag) is not None


def _elsewhere(campaign: Campaign, branch: str) -> str:
    """Another worktree that has a branch checked out; empty: there is none."""
    found, top = campaign.git.worktree_of(branch), campaign.git.top
    return "" if found is None or found.resolve() == top.resolve() else str(found)
