"""The user's checkout as a campaign sees it: its code, without records and what is not its own."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from harness.campaign.moves import Tree
from harness.campaign.scope import in_scope
from harness.project.workload import OPTIM_FOLDER
from harness.system.git.listing import Listing, differing, fingerprint, listing_at, listing_here
from harness.system.git.reading import Changes
from harness.system.git.writing import Git, Source

ATTEMPTS = "refs/harness/attempts"
RECORDS = "refs/harness/records"
RESTORED = "refs/harness/restored"
TESTED = "refs/harness/tested"
UNDONE = "refs/harness/undone"
TRIED = "refs/harness/tried"
UNFIT = "refs/harness/unfit"
KEPT_KINDS = (ATTEMPTS, RECORDS, RESTORED, TESTED, TRIED, UNDONE, UNFIT)
"""Below each of them lie the refs of a campaign: that of its name, or those below it."""
_CAMPAIGN_TRAILER = "Harness-Campaign"
_ITERATION_TRAILER = "Harness-Iteration"


class Checkout:
    """The code in the working tree, and what is done to it in git for a campaign."""

    def __init__(self, git: Git, root: Path, campaign: str) -> None:
        self.git = git
        self.campaign = campaign
        self._prefix = git.below_top(root)
        self._records = self.at(OPTIM_FOLDER)
        self.scope: tuple[str, ...] = ()
        """What of the repository is the campaign's own; empty: all of it."""

    def at(self, path: str) -> str:
        """A path below the configuration's folder as the repository names it."""
        return path if self._prefix == "." else f"{self._prefix}/{path}"

    def tree(self, kept_commit: str, untracked: Collection[str]) -> Tree:
        """The code as it is now, and what differs from the last kept state."""
        here = self._code(listing_here(self.git), untracked)
        kept = self._code(listing_at(self.git, kept_commit), untracked)
        changed = differing(kept, here)
        return Tree(fingerprint(here), changed, tuple(p for p in changed if p not in kept))

    def fingerprint_at(self, commit: str, untracked: Collection[str]) -> str:
        """The fingerprint of a commit's code."""
        return fingerprint(self._code(listing_at(self.git, commit), untracked))

    def _code(self, files: Listing, untracked: Collection[str]) -> Listing:
        return {
            path: content
            for path, content in files.items()
            if path not in untracked and self._is_code(path)
        }

    def is_record(self, path: str) -> bool:
        """Is a file a record of a campaign?"""
        return path.startswith(f"{self._records}/")

    def is_own(self, path: str) -> bool:
        """Is a file the campaign's: a record, or in its scope?"""
        return path.startswith(f"{self._records}/") or in_scope(path, self.scope)

    def _is_code(self, path: str) -> bool:
        return not path.startswith(f"{self._records}/") and in_scope(path, self.scope)

    def code_here(self) -> str:
        """The fingerprint of the code in scope as it is now."""
        return fingerprint(self._code(listing_here(self.git), ()))

    def code_at(self, commit: str) -> str:
        """The fingerprint of a commit's whole code, outside of the scope too."""
        files, records = listing_at(self.git, commit), f"{self._records}/"
        return fingerprint({p: c for p, c in files.items() if not p.startswith(records)})

    def dirty(self, changes: Changes | None = None) -> tuple[str, ...]:
        """Tracked files in scope that differ from HEAD, the records of campaigns left out.

        `changes`: those of this moment, where they are known.
        """
        return tuple(p for p in (changes or self.git.changes()).tracked if self._is_code(p))

    def in_the_way(
        self, revision: str, *, merge: bool = False, records: bool = False
    ) -> tuple[str, ...]:
        """Tracked files elsewhere that differ from HEAD and that a switch to a revision would have
        to overwrite, with `records` those of campaigns among them; for a merge that is no
        fast-forward, those that are staged as well."""
        changed = self.git.changes().tracked
        elsewhere = [
            path
            for path in changed
            if not in_scope(path, self.scope) or (records and self.is_record(path))
        ]
        if not elsewhere:
            return ()
        differ = {*self.git.diff_names("HEAD", revision), *(self.git.staged() if merge else ())}
        return tuple(path for path in elsewhere if path in differ)

    def untracked(self) -> tuple[str, ...]:
        """Files in scope that git does not know and that are not records: the user's own."""
        return tuple(p for p in self.git.changes().untracked if self._is_code(p))

    # -- iterations in git ----------------------------------------------------------------------

    def message(self, subject: str, iteration: int | None = None) -> str:
        """A commit message with the trailers that say whose commit it is."""
        trailers = f"{_CAMPAIGN_TRAILER}: {self.campaign}"
        if iteration is not None:
            trailers += f"\n{_ITERATION_TRAILER}: {iteration}"
        return f"{subject}\n\n{trailers}"

    def commit_of(self, iteration: int, since: str) -> str | None:
        """The commit that keeps an iteration, looked for after `since`; None: not made yet."""
        out = self.git.run("log", "--format=%H%x00%B%x00", f"{since}..HEAD").decode(
            "utf-8", "replace"
        )
        parts = out.split("\0")
        # The output ends with a separator: the last part is a line break without a message.
        for commit, body in zip(parts[0::2], parts[1::2], strict=False):
            lines = body.splitlines()
            mine = f"{_CAMPAIGN_TRAILER}: {self.campaign}" in lines
            if mine and f"{_ITERATION_TRAILER}: {iteration}" in lines:
                return commit.strip()
        return None

    def mark_taken(self, iteration: int, commit: str) -> None:
        """Note that the best variant of a race is in the tree."""
        self.git.update_ref(f"{TRIED}/{self.campaign}/{iteration}-taken", commit)

    def was_taken(self, iteration: int, commit: str) -> bool:
        """Did the best variant of a race come into the tree as a whole?"""
        ref = f"{TRIED}/{self.campaign}/{iteration}-taken"
        return self.git.ref(ref) == commit

    def keep_attempt(self, iteration: int, tree: Tree, untracked: Collection[str]) -> str:
        """Keep the present code under refs/harness/attempts; returns the commit that holds it.

        Called again for the same code it finds what it kept; other code gets a ref of its own.
        """
        prefix = f"{ATTEMPTS}/{self.campaign}/{iteration}"
        kept = self.attempts(iteration)
        for commit in kept.values():
            if self.fingerprint_at(commit, untracked) == tree.fingerprint:
                return commit
        ref = prefix if not kept else f"{prefix}-{len(kept) + 1}"
        subject = f"optim attempt {iteration} of {self.campaign} (reverted)"
        head = self.git.head()
        source = Source(head, self.differing_from(head, untracked))
        return self.git.keep_paths(self.message(subject), source, ref=ref)

    def keep_tested(self, kept_commit: str, paths: Sequence[str]) -> str:
        """Keep the code as it passes its test, until other code does, so that it can come back.

        Returns what it changes, as a patch for people.
        """
        subject = f"optim: the code of {self.campaign} as it was last tested"
        source = Source(kept_commit, paths)
        made = self.git.keep_paths(self.message(subject), source, ref=f"{TESTED}/{self.campaign}")
        return self.git.diff(kept_commit, made)

    def tested(self, fingerprint: str, untracked: Collection[str]) -> str:
        """The commit that keeps the code of this fingerprint as it was tested; empty: none does."""
        commit = self.git.ref(f"{TESTED}/{self.campaign}")
        if not commit or self.fingerprint_at(commit, untracked) != fingerprint:
            return ""
        return commit

    def keep_unfit(self, merged: str, parents: tuple[str, str], words: str) -> None:
        """Keep a merge of base and campaign that did not pass its test, and how that ended."""
        subject = f"optim: the merge of {self.campaign} that does not pass its test"
        message = f"{self.message(subject)}".replace(subject, f"{subject}\n\n{words}", 1)
        self.git.keep_merge(message, merged, parents, f"{UNFIT}/{self.campaign}")

    def unfit(self) -> str:
        """The commit that keeps the last merge which did not pass its test; empty: none does."""
        return self.git.ref(f"{UNFIT}/{self.campaign}")

    def keep_aside(self, source: Source) -> tuple[str, str]:
        """Keep files as they are now under a ref of their own; the ref and the commit.

        The commit differs from its parent in these files alone. What was kept already keeps its
        ref.
        """
        prefix = f"{RESTORED}/{self.campaign}/"
        subject = f"optim: code of {self.campaign} that was put aside by harness restore"
        commit = self.git.keep_paths(self.message(subject), source)
        known = self.git.refs(prefix)
        trees = {self.git.line("rev-parse", f"{c}^{{tree}}"): ref for ref, c in known.items()}
        same = trees.get(self.git.line("rev-parse", f"{commit}^{{tree}}"))
        if same is not None and self.git.follows(known[same], source.commit):
            return same, known[same]
        number = 1 + max((int(r.removeprefix(prefix)) for r in known), default=0)
        self.git.update_ref(f"{prefix}{number}", commit)
        return f"{prefix}{number}", commit

    def undo_merge(self, paths: Sequence[str], since: tuple[str, str]) -> str:
        """Take the branch back to before what was merged into it and changed any of these files.

        `since`: the last kept commit, and the branch that the campaign started from. Returns the
        ref that keeps what the branch was; empty where nothing was merged. Without this a later
        merge would hold what the other branch changed for known, and leave it out. Files in scope
        stay as they are here, the others go back with the branch.
        """
        before = self._before_merge(set(paths), *since)
        if not before:
            return ""
        git, head = self.git, self.git.head()
        ref = self._keep_undone(head)
        dirty = {*git.changes().tracked}
        others = [
            path
            for path in git.diff_names(before, head)
            if not (self._is_code(path) or self.is_record(path) or path in dirty)
        ]
        git.update_ref(f"{RECORDS}/{self.campaign}", before)
        git.move_branch(before)
        git.restore(before, others)
        return ref

    def _before_merge(self, paths: set[str], kept: str, base: str) -> str:
        """The branch's commit before the first merge that matters; empty: there is none."""
        git = self.git
        others = {commit for commit, _ in git.commits_between(kept, base)} if base else set()
        if not git.is_ancestor(kept, "HEAD"):
            mixed = not others.isdisjoint(c for c, _ in git.commits_between(kept, "HEAD"))
            return kept if mixed else ""
        line = git.commits_between(kept, "HEAD", first_parent=True)
        for commit, parents in reversed(line):
            merged = len(parents) > 1 or commit in others
            if merged and not paths.isdisjoint(git.diff_names(parents[0], commit)):
                return parents[0]
        return ""

    def _keep_undone(self, head: str) -> str:
        prefix = f"{UNDONE}/{self.campaign}/"
        known = self.git.refs(prefix)
        same = next((ref for ref, commit in known.items() if commit == head), "")
        if same:
            return same
        number = 1 + max((int(r.removeprefix(prefix)) for r in known), default=0)
        self.git.update_ref(f"{prefix}{number}", head)
        return f"{prefix}{number}"

    def left_out(self, start: str, theirs: str, ours: str) -> tuple[str, ...]:
        """Files that lack here what another branch changed since the start, although it is merged.

        Records are none of them, nor are files over which the two are in conflict.
        """
        merged = self.git.common(theirs, ours)
        if not merged or self.git.is_ancestor(merged, start):
            return ()
        found = self.git.left_out(start, merged, ours)
        return tuple(path for path in found if not self.is_record(path))

    def differing_from(self, commit: str, untracked: Collection[str]) -> tuple[str, ...]:
        """The code's files that are not as a commit has them."""
        here = self._code(listing_here(self.git), untracked)
        return differing(self._code(listing_at(self.git, commit), untracked), here)

    def attempts(self, iteration: int) -> dict[str, str]:
        """The refs that keep an iteration's code, with their commits."""
        prefix = f"{ATTEMPTS}/{self.campaign}/"
        found = self.git.refs(prefix)
        return {
            ref: commit
            for ref, commit in found.items()
            if ref.removeprefix(prefix).partition("-")[0] == str(iteration)
        }
