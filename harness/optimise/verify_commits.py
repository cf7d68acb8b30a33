"""The commits that events speak of: are they here, and what is in them?"""

from __future__ import annotations

from collections.abc import Iterator

from harness.campaign.events import Event
from harness.campaign.iteration import Outcome
from harness.campaign.state import State
from harness.errors import GitFailed, UsageError
from harness.optimise.campaign import Campaign
from harness.optimise.verification import Verification


def commit_problems(
    campaign: Campaign, event: Event, after: State, found: Verification
) -> Iterator[str]:
    """The commit is there, is this iteration's, and holds the code that was measured."""
    commit = event.value("commit", str)
    iteration = after.iterations[-1]
    if iteration.outcome is not Outcome.KEPT:
        yield f"iteration {iteration.number} was committed as {iteration.outcome.value!r}"
    git = campaign.git
    if not git.is_repository() or not git.has_commit(commit):
        found.unchecked.append(f"commit {commit[:12]} of iteration {iteration.number} is not here")
        return
    found.count("commits")
    subject = f"{after.agreed.commit_prefix}optim iter {iteration.number}: "
    if not git.message(commit).startswith(subject):
        yield f"commit {commit[:12]} is not that of iteration {iteration.number}"
    code = campaign.checkout.fingerprint_at(commit, after.untracked)
    if code != iteration.tested_tree:
        yield f"commit {commit[:12]} does not hold the code that was tested and measured"
    if not _is_history(campaign, commit):
        found.unchecked.append(f"commit {commit[:12]} is not part of what is checked out")


def taken_back_problems(
    campaign: Campaign, event: Event, after: State, found: Verification
) -> Iterator[str]:
    """The commit is there, and holds the code that was left; what was taken back was kept."""
    commit, numbers = after.kept_commit, event.value("iterations", tuple[int, ...])
    git = campaign.git
    if not git.is_repository() or not git.has_commit(commit):
        found.unchecked.append(f"commit {commit[:12]}, without iteration {numbers[0]}, is not here")
        return
    found.count("commits")
    subject = f"{after.agreed.commit_prefix}optim: take back iteration {numbers[0]}: "
    if not git.message(commit).startswith(subject):
        yield f"commit {commit[:12]} is not the one without iteration {numbers[0]}"
    if campaign.checkout.fingerprint_at(commit, after.untracked) != after.kept_tree:
        yield f"commit {commit[:12]} does not hold the code that was left and tested"
    if not _is_history(campaign, commit):
        found.unchecked.append(f"commit {commit[:12]} is not part of what is checked out")


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
