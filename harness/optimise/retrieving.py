"""Records that a git command or a hand took away, found in the branch's commits and put back."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from harness.campaign.events import Kind
from harness.campaign.values import BenchOutcome
from harness.errors import DataDamaged
from harness.optimise.campaign import Campaign
from harness.optimise.checkout import RECORDS
from harness.optimise.journal import JOURNAL_NAME
from harness.optimise.records import RENDERED
from harness.system.store.files import read_kept, storage_errors, write_atomically


def missing_records(campaign: Campaign) -> tuple[str, ...]:
    """The records that a commit of this campaign has and that are not here, or are other ones.

    Where they are rendered or copied from elsewhere anyway (logs, journal), they are none, unless
    nothing else says that there is a campaign.
    """
    return tuple(sorted(_wanted(campaign)))


def put_records_back(campaign: Campaign) -> tuple[str, ...]:
    """Write the missing records again as their commits have them; returns their paths."""
    top, found = campaign.git.top, _wanted(campaign)
    for path, commit in found.items():
        content = campaign.git.read_file(commit, path)
        if content is None:
            raise DataDamaged(f"{path}: missing, and {commit[:12]} has it no more")
        whole = top / path
        with storage_errors(whole.parent):
            whole.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(whole, content)
    return tuple(sorted(found))


def _wanted(campaign: Campaign) -> dict[str, str]:
    """Path to the commit that has what is missing here; each file here is looked at once."""
    git, top = campaign.git, campaign.git.top
    folder = git.below_top(campaign.folder)
    journal = f"{folder}/{JOURNAL_NAME}"
    left_out = {f"{folder}/{name}" for name in RENDERED}
    if campaign.started:
        left_out.add(journal)
    digests = _digests(campaign, folder)
    found: dict[str, str] = {}
    lacking: dict[str, bool] = {}
    for commit in _sources(campaign, journal):
        for path in git.files_at(commit, [folder]):
            if path not in lacking:
                is_ours = path not in left_out and campaign.records.holds(top / path)
                lacking[path] = is_ours and _lacks(top / path, digests.get(path))
            if lacking[path] and path not in found:
                content = git.read_file(commit, path) or b""
                if path not in digests or hashlib.sha256(content).hexdigest() == digests[path]:
                    found[path] = commit
    return found


def _lacks(path: Path, digest: str | None) -> bool:
    """Is a record not here, or not what an event says that it was?"""
    return not path.is_file() or _is_other(path, digest)


def _is_other(path: Path, digest: str | None) -> bool:
    """Is a file not what an event says that it was?"""
    return digest is not None and hashlib.sha256(read_kept(path)).hexdigest() != digest


def _digests(campaign: Campaign, folder: str) -> Mapping[str, str]:
    """Path to the digest of its content, of all trials that an event rests on."""
    outcomes = [e.value("outcome", BenchOutcome) for e in campaign.events if e.kind is Kind.BENCHED]
    ending = campaign.state.ending if campaign.started else None
    outcomes += [ending.result] if ending and ending.result else []
    cases = (case for o in outcomes for case in o.results if case.run)
    return {f"{folder}/{case.run}": case.sha256 for case in cases}


def _sources(campaign: Campaign, journal: str) -> Iterator[str]:
    """Commits with records of this very campaign, the newest first."""
    git = campaign.git
    found = [git.head()]
    if not campaign.started:  # nothing here says that there was a campaign: HEAD may
        yield from (commit for commit in found if git.read_file(commit, journal))
        return
    state = campaign.state
    if git.branch() == state.place.branch:
        ref = f"{RECORDS}/{campaign.name}"
        found = [git.ref(ref), *found]
        found += [i.commit for i in reversed(state.kept)]
    first = campaign.events[0].line.encode()
    for commit in dict.fromkeys(found):
        if commit and (git.read_file(commit, journal) or b"").startswith(first):
            yield commit
