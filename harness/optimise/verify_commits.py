"""The commits that events speak of: are they here, and what is in them?"""

from __future__ import annotations

from collections.abc import Iterator

from harness.campaign.events import Event
from harness.campaign.iteration import Outcome
from harness.campaign.state import State
from harness.errors import GitFailed, UsageError
from harness.frozen import dataclass
from harness.optimise.campaign import Campaign
from harness.optimise.verification import Verification


def commit_problems(
    campaign: Campaign, event: Event, after: State, found: Verification
) -> Iterator[str]:
    """The commit is there, is this iteration's, and holds the code that was measured."""
    iteration = after.iterations[-1]
    if iteration.outcome is not Outcome.KEPT:
        yield f"iteration {iteration.number} was committed as {iteration.outcome.value!r}"
    told = _Told(
        commit=event.value("commit", str),
        subject=f"optim iter {iteration.number}: ",
        tree=iteration.tested_tree,
        named=f" of iteration {iteration.number}",
        not_that=f"that of iteration {iteration.number}",
        code="the code that was tested and measured",
    )
    yield from _problems_of(campaign, after, told, found)


def taken_back_problems(
    campaign: Campaign, event: Event, after: State, found: Verification
) -> Iterator[str]:
    """The commit is there, and holds the code that was left; what was taken back was kept."""
    number = event.value("iterations", tuple[int, ...])[0]
    told = _Told(
        commit=after.kept_commit,
        subject=f"optim: take back iteration {number}: ",
        tree=after.kept_tree,
        named=f", without iteration {number},",
        not_that=f"the one without iteration {number}",
        code="the code that was left and tested",
    )
    yield from _problems_of(campaign, after, told, found)


@dataclass(frozen=True, slots=True)
class _Told:
    """A commit as an event speaks of it."""

    commit: str
    subject: str
    """How its message begins, behind the campaign's own prefix."""
    tree: str
    """The fingerprint of the code in it."""
    named: str
    not_that: str
    code: str


def _problems_of(
    campaign: Campaign, after: State, told: _Told, found: Verification
) -> Iterator[str]:
    git, commit = campaign.git, told.commit
    short = commit[:12]
    if not git.is_repository() or not git.has_commit(commit):
        found.unchecked.append(f"commit {short}{told.named} is not here")
        return
    found.count("commits")
    if not git.message(commit).startswith(f"{after.agreed.commit_prefix}{told.subject}"):
        yield f"commit {short} is not {told.not_that}"
    if campaign.checkout.fingerprint_at(commit, after.untracked) != told.tree:
        yield f"commit {short} does not hold {told.code}"
    if not _is_history(campaign, commit):
        found.unchecked.append(f"commit {short} is not part of what is checked out")


def _is_history(campaign: Campaign, commit: str) -> bool:
    try:
        return campaign.git.is_ancestor(commit, "HEAD")
    except (GitFailed, UsageError):
        return False


def check_attempt(campaign: Campaign, event: Event, after: State, found: Verification) -> None:
    """A ref here keeps the code of what was reverted."""
    attempt = event.value("attempt", str)
    if not attempt:
        return
    number = after.iterations[-1].number
    known = campaign.checkout.attempts(number) if campaign.git.is_repository() else {}
    if attempt in known.values() and campaign.git.has_commit(attempt):
        found.count("attempts")
    else:
        found.unchecked.append(
            f"no ref here keeps the attempt of iteration {number} ({attempt[:12]}):"
            " git fetch origin 'refs/harness/*:refs/harness/*'"
        )
