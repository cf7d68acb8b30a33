"""Where a campaign stands in the repository, and what has to happen before it goes on here; pure.

The commands refuse with what this says, and `harness next` advises it: one answer for both.
"""

from __future__ import annotations

import shlex

from harness.campaign.advice import Advice
from harness.campaign.gates import name_some
from harness.campaign.scope import touched
from harness.campaign.state import State, Step
from harness.errors import NotAllowed
from harness.frozen import dataclass

ABORT = {
    "merge": "git merge --abort",
    "rebase": "git rebase --abort",
    "am": "git am --abort",
    "cherry-pick": "git cherry-pick --abort",
    "revert": "git revert --abort",
    "conflict": "git reset --quiet",
}
"""How each thing that git can be in the middle of is given up."""


@dataclass(frozen=True, slots=True)
class Leftovers:
    """What lies in the way of a start."""

    names: tuple[str, ...] = ()
    """Branches, tags and records that have the names that the campaign wants."""
    campaign: str = ""
    """Another campaign, whose branch is checked out."""
    its_base: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """What git has of a campaign, and what is checked out."""

    name: str
    branch: str | None
    """What is checked out; None: no branch."""
    option: str = ""
    """` --campaign NAME` where commands need it."""
    under_way: str = ""
    """What git is in the middle of, such as a merge; empty: nothing."""
    conflicts: tuple[str, ...] = ()
    dirty: tuple[str, ...] = ()
    """Tracked files in scope that differ from HEAD, records left out."""
    elsewhere: tuple[str, ...] = ()
    """Those outside of the scope that the branch to be checked out or merged would overwrite, and
    the records that a switch would."""
    scope: tuple[str, ...] = ()
    leftovers: Leftovers = Leftovers()
    """Asked only before the start."""
    free_branch: str = ""
    """A name for a branch that there is none of yet."""
    has_branch: bool = True
    has_kept: bool = True
    """Is the commit of the last kept state here?"""
    complete: bool = True
    """Was the start carried out to its end?"""
    branch_at: str = ""
    """Another worktree that has the campaign's branch checked out."""
    base_at: str = ""
    """Another worktree that has the base branch checked out."""
    concluded: bool = False
    """Is a finished campaign merged and tagged?"""
    clashes: bool = False
    """Would the merge of a finished campaign end in conflicts?"""
    unfit: str = ""
    """How the test of what a merge would give ended already; empty: it passed, or was not run."""
    missing: tuple[str, ...] = ()
    """Records that are not here, and that a commit has."""
    left_out: tuple[str, ...] = ()
    """Files that lack what the base branch changed, although it was merged into ours."""
    taken_in: str = ""
    """The commit of the base branch that was merged into ours last."""
    mending: bool = False
    """Is what failed its test in the history of the branch that is checked out?"""

    def command(self, words: str) -> str:
        return f"harness {words}{self.option}"

    @property
    def _own(self) -> str:
        """Pathspecs of the campaign's dirty files; empty where they are all that there are."""
        return "".join(f" {shlex.quote(f':/{p}')}" for p in touched(self.dirty, self.scope))

    def commit(self, message: str) -> str:
        """The command that commits the campaign's dirty files."""
        subject = f"--message {shlex.quote(message)}"
        return f"git commit {subject} --{self._own}" if self._own else f"git commit --all {subject}"

    @property
    def put_away(self) -> str:
        """The command that puts away what a switch or a merge would overwrite."""
        only = "" if self.elsewhere or not self._own else f" --{self._own}"
        return f"git stash push{only}"


def refused(way: Advice) -> NotAllowed:
    """The error for a command that is refused because `way` has to be done first."""
    other = f"; or {way.instead}" if way.instead else ""
    return NotAllowed(way.why, hint=f"{way.line}{other}")


def no_branch(at: Standing) -> Advice:
    """What has to happen where a campaign is to start and no branch is checked out."""
    return Advice(
        "BRANCH",
        "no branch is checked out, so there is none to merge into at the end",
        f"git switch --create {shlex.quote(at.free_branch)}",
        instead="git switch main",
    )


def before_start(at: Standing) -> Advice | None:
    """What has to happen before the campaign can start; None: nothing."""
    aborted = _aborted(at)
    if aborted is not None:
        return aborted
    if at.branch is None:
        return no_branch(at)
    if at.missing:
        return _retrieve(at, instead=at.command("campaign abandon"))
    left = at.leftovers
    if left.campaign:
        return Advice(
            "SWITCH",
            f"{at.branch!r} is the branch of the campaign {left.campaign!r}: another campaign"
            " starts from the branch that it is merged into",
            _switch(at, left.its_base),
        )
    if left.names:
        return Advice(
            "ABANDON",
            f"there is {', '.join(left.names)} already, from another campaign of this name;"
            " what is there is kept under other names",
            at.command("campaign abandon"),
        )
    if at.dirty:
        return Advice(
            "CLEAN",
            f"a campaign starts from a clean tree; changed: {name_some(at.dirty)}",
            at.commit(f"Before the campaign {at.name}"),
            instead=at.put_away,
        )
    return None


def before_step(state: State, at: Standing) -> Advice | None:
    """What has to happen before a started campaign goes on in this checkout; None: nothing."""
    place = state.place
    if state.step is Step.FINISHED:
        return None
    aborted = _aborted(at)
    if aborted is not None:
        return aborted
    # Git refuses to switch branches in the middle of a merge, so that comes before all else; then
    # what no branch can bring back.
    if not at.has_kept:
        return Advice(
            "ABANDON",
            f"the commit of the last kept state, {state.kept_commit[:12]}, is not in this"
            " repository any more",
            at.command("campaign abandon"),
            instead="git fetch, where another repository has it",
        )
    if not at.complete:
        return _complete(state, at)
    if at.branch == place.branch:
        return _retrieve(at) if at.missing else None
    if not at.has_branch:
        return Advice(
            "BRANCH",
            f"the branch {place.branch!r} of the campaign {at.name!r} is gone",
            f"git branch {shlex.quote(place.branch)} {state.kept_commit[:12]}",
            instead=at.command("campaign abandon"),
        )
    return _back(state, at)


def _retrieve(at: Standing, instead: str = "") -> Advice:
    """Records come back from the commit that has them."""
    why = f"records are missing here, and a commit has them: {name_some(at.missing)}"
    return Advice("RESTORE", why, at.command("restore"), instead=instead)


def _back(state: State, at: Standing) -> Advice:
    """The way to the campaign's branch."""
    branch = state.place.branch
    if at.branch_at:
        return Advice(
            "SWITCH",
            f"the campaign {at.name!r} lives on the branch {branch!r}, which is checked out in"
            f" {at.branch_at}",
            f"cd {shlex.quote(at.branch_at)}",
        )
    return Advice(
        "SWITCH",
        f"the campaign {at.name!r} lives on the branch {branch!r};"
        f" {at.branch or 'no branch'} is checked out",
        _switch(at, branch),
    )


def after_finish(state: State, at: Standing) -> Advice | None:
    """What is left to do of a finished campaign; None: nothing."""
    result = state.ending.result if state.ending else None
    if at.missing and not at.under_way:
        return _retrieve(at)
    if at.concluded or (result is not None and not result.correct):
        return None
    place, ours = state.place, f"refs/heads/{state.place.branch}"
    if at.under_way == "merge" and at.branch == place.base_branch:
        return _complete_merge(state, at)
    aborted = _aborted(at)
    if aborted is not None:
        return aborted
    if at.branch not in (place.branch, place.base_branch):
        return _back(state, at)
    if at.unfit and at.mending:
        return _mend(at)
    if at.dirty or at.elsewhere:
        dirty = name_some((*at.dirty, *at.elsewhere))
        return Advice(
            "CLEAN",
            f"files differ from HEAD, which the merge may not overwrite: {dirty}",
            at.put_away,
        )
    if at.left_out:
        return _put_in(state, at)
    if at.base_at:
        there = shlex.quote(at.base_at)
        return Advice(
            "MERGE",
            f"{place.base_branch} is checked out in {at.base_at}, so it is merged into there",
            f"git -C {there} merge {ours}",
        )
    if at.unfit:
        return _take_in(state, at)
    if at.clashes:
        switch = "" if at.branch == place.base_branch else f"{_switch(at, place.base_branch)} && "
        return Advice(
            "MERGE",
            f"{place.base_branch} changed meanwhile, and the merge wants a hand",
            f"{switch}git merge --no-edit {ours}",
            instead=at.command("campaign finish --no-merge"),
        )
    return Advice("FINISH", "it is not merged and tagged yet", at.command("campaign finish"))


def _complete_merge(state: State, at: Standing) -> Advice:
    """A merge into the base branch waits for its conflicts, or for its commit."""
    files = name_some(at.conflicts) or "none is left"
    how = f"resolve the conflicts in the files (records as {state.place.branch} has them)"
    return Advice(
        "MERGE",
        f"the merge is under way; in conflict: {files}",
        "git commit --all --no-edit",
        first=how if at.conflicts else "",
        instead="git merge --abort",
    )


def _take_in(state: State, at: Standing) -> Advice:
    """The merged state is mended on the campaign's branch, so that its base stays whole."""
    place = state.place
    switch = "" if at.branch == place.branch else f"{_switch(at, place.branch)} && "
    return Advice(
        "MERGE",
        f"merged with {place.base_branch} the code is not right or slower, so {place.base_branch}"
        f" was left as it was: {at.unfit}",
        f"{switch}git merge --no-edit {shlex.quote(f'refs/heads/{place.base_branch}')}",
        instead=at.command("campaign abandon"),
    )


def _put_in(state: State, at: Standing) -> Advice:
    """Advise a commit that puts back what the base branch changed and a merge undid."""
    place = state.place
    switch = "" if at.branch == place.branch else f"{_switch(at, place.branch)} && "
    files = " ".join(shlex.quote(f":/{path}") for path in at.left_out)
    change = f"git diff --binary {place.base_commit[:12]} {at.taken_in[:12]} -- {files}"
    subject = shlex.quote(f"Put back what {place.base_branch} changed")
    return Advice(
        "MERGE",
        f"{place.base_branch} was merged into {place.branch} and its change was undone there, so"
        f" that {place.base_branch} would lose what it changed in {name_some(at.left_out)}",
        f"{switch}{change} | git apply --3way && git commit --quiet --message {subject}",
        instead=f"git switch {place.base_branch} && git merge --no-edit"
        f" refs/heads/{place.branch}, where it is to be lost",
    )


def _mend(at: Standing) -> Advice:
    """Advise to repair the merged state, which is checked out here, by hand."""
    return Advice(
        "REPAIR",
        f"what {at.branch} has is not right or slower: {at.unfit}",
        at.commit(f"Mend the merge of the campaign {at.name}"),
        first="change the code until `harness test` passes",
        instead=at.command("campaign finish --no-merge"),
    )


def _aborted(at: Standing) -> Advice | None:
    """Advise to end what git has under way here: until then nothing can be committed."""
    if not at.under_way:
        return None
    return Advice(
        "GIT",
        f"a {at.under_way} is under way in this checkout",
        ABORT[at.under_way],
        instead="complete it by hand",
    )


def _complete(state: State, at: Standing) -> Advice:
    """An interrupted start is completed from the branch that it began on, or from its own."""
    place = state.place
    if at.branch in (place.base_branch, place.branch) and not at.branch_at:
        why = f"the start of {at.name!r} was interrupted"
        return Advice("START", why, at.command("campaign start"))
    return Advice(
        "SWITCH",
        f"the start of {at.name!r} was interrupted, and {at.branch or 'no branch'} is checked out",
        _switch(at, place.base_branch),
    )


def _switch(at: Standing, branch: str) -> str:
    """The command that checks a branch out; changes are put away, since git may refuse them."""
    put_away = f"{at.put_away} && " if at.dirty or at.elsewhere else ""
    return f"{put_away}git switch {shlex.quote(branch)}"
