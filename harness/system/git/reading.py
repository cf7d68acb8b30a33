"""What the harness reads from the user's git repository; nothing here changes anything."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.errors import ToolchainMissing, UsageError
from harness.frozen import dataclass
from harness.system.git.program import GitProgram
from harness.system.git.ref_files import branch_in, marked_as_under_way, object_in
from harness.system.process.passing import passing_folder

LARGE_BYTES = 100 * 2**20
"""A larger file that is not tracked is left out of trees and snapshots."""


BRANCHES = "refs/heads/"
_UNMERGED = {b"DD", b"AU", b"UD", b"UA", b"DU", b"AA", b"UU"}


def branch_ref(name: str) -> str:
    """A branch as git cannot mistake it for a tag of the same name."""
    return f"{BRANCHES}{name}"


@dataclass(frozen=True, slots=True)
class Changes:
    """How the working tree differs from HEAD; paths are relative to the top, with `/`."""

    tracked: tuple[str, ...]
    """Changed, added to the index, deleted or in conflict."""
    untracked: tuple[str, ...]
    """The files that are neither tracked nor ignored."""
    conflicts: tuple[str, ...] = ()
    """Those of the tracked ones that a merge left in conflict."""

    @property
    def clean(self) -> bool:
        """No tracked file differs; untracked ones do not count."""
        return not self.tracked


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag with what it says."""

    name: str
    commit: str
    """The commit that it leads to."""
    message: str
    """The message of an annotated tag; empty for a lightweight one."""
    annotated: bool


class GitReading(GitProgram):
    """The repository that `folder` lies in, to be looked at."""

    def is_repository(self) -> bool:
        """Does the folder lie in a repository? False, too, where there is no git."""
        try:
            return bool(self.top)
        except (UsageError, ToolchainMissing):
            return False

    def is_shallow(self) -> bool:
        """Was the history cut off when it was cloned?"""
        return self.line("rev-parse", "--is-shallow-repository") == "true"

    def below_top(self, path: Path) -> str:
        """A path as the repository names it: relative to its top, with `/`.

        Raises UsageError for a path outside of it.
        """
        absolute = path if path.is_absolute() else self.folder / path
        # The last part may be a link of the user's: it is itself what git tracks.
        real = absolute.parent.resolve() / absolute.name
        if absolute.resolve() == self.top.resolve():
            return "."
        try:
            return real.relative_to(self.top.resolve()).as_posix()
        except ValueError:
            raise UsageError(f"{path} lies outside of the repository {self.top}") from None

    def head(self) -> str:
        """The full id of the commit that is checked out."""
        branch = branch_in(self.git_dir / "HEAD")
        known = object_in(self.common_dir / branch_ref(branch)) if branch is not None else ""
        return known or self.resolve("HEAD")

    def branch(self) -> str | None:
        """The branch that is checked out; None for a detached HEAD."""
        if (known := branch_in(self.git_dir / "HEAD")) is not None:
            return known
        # Not --short: where a tag has the branch's name it says `heads/main`.
        done = self.attempt("symbolic-ref", "--quiet", "HEAD")
        ref = os.fsdecode(done.stdout).strip()
        return ref.removeprefix(BRANCHES) if done.returncode == 0 else None

    def resolve(self, revision: str) -> str:
        """The full id of the commit that a revision names; UsageError where there is none."""
        spec = f"{revision}^{{commit}}"
        done = self.attempt("rev-parse", "--verify", "--quiet", "--end-of-options", spec)
        if done.returncode == 0:
            return done.stdout.decode().strip()
        if revision == "HEAD":
            raise UsageError(
                f"{self.top} has no commit yet", hint='git add -A && git commit -m "Begin"'
            )
        shallow = " The clone is shallow: `git fetch --unshallow` gets the rest."
        raise UsageError(
            f"no commit {revision!r} in {self.top}",
            hint="`git log --oneline --all` and `git tag` list what there is."
            + (shallow if self.is_shallow() else ""),
        )

    def has_commit(self, commit: str) -> bool:
        """Is the commit's content here? Not in a shallow clone that was cut above it."""
        return self.attempt("cat-file", "-e", f"{commit}^{{tree}}").returncode == 0

    def changes(self) -> Changes:
        """What differs from HEAD. A submodule's own untracked files do not count.

        Flags of the user's index that hide a change (`hidden`) hide none here.
        """
        if not self.hidden():
            return self._status()
        with passing_folder("index") as folder:
            index = folder / "index"
            self.copy_index(index)
            return self._status({"GIT_INDEX_FILE": str(index)})

    def _status(self, env: Mapping[str, str] | None = None) -> Changes:
        """What differs from HEAD by an index in which nothing is hidden."""
        asked = (
            *("status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames"),
            "--ignore-submodules=untracked",
        )
        out = self.run(*asked, env=env)
        entries = [(e[:2], os.fsdecode(e[3:])) for e in out.split(b"\0") if e]
        return Changes(
            tracked=tuple(path for state, path in entries if state != b"??"),
            untracked=tuple(path for state, path in entries if state == b"??"),
            conflicts=tuple(path for state, path in entries if state in _UNMERGED),
        )

    def hidden(self) -> Mapping[str, tuple[str, ...]]:
        """The files that flags of the user's index keep git from looking at, by the option of
        `update-index` that takes the flag away.

        A file that `skip-worktree` marks and that is not here is no change but a sparse checkout.
        """
        entries = [(mark, path) for mark, _, path in self._index()]
        assumed = tuple(path for mark, path in entries if mark.islower())
        skipped = (path for mark, path in entries if mark in b"sS")
        here = tuple(path for path in skipped if os.path.lexists(self.top / path))
        flags = {"--no-assume-unchanged": assumed, "--no-skip-worktree": here}
        return {option: paths for option, paths in flags.items() if paths}

    def copy_index(self, index: Path) -> None:
        """Copy the user's index, so that git need not read every file again, to have it changed.

        The flags that hide changes are taken away from the copy.
        """
        users = self.git_dir / "index"
        if not users.exists():
            return
        shutil.copy2(users, index)  # its time tells which files need not be read again
        self.unhide(self.hidden(), {"GIT_INDEX_FILE": str(index)})

    def unhide(
        self, hidden: Mapping[str, Sequence[str]], env: Mapping[str, str] | None = None
    ) -> None:
        """Take the flags away that hide changes of files, in the index that `env` names."""
        for option, paths in hidden.items():
            named = b"".join(os.fsencode(path) + b"\0" for path in paths)
            self.run("update-index", option, "-z", "--stdin", env=env, stdin=named, cwd=self.top)

    def tracked(self) -> dict[str, str]:
        """The files that the index knows, by path, with their modes: `120000` is a link."""
        return {path: mode for _, mode, path in self._index()}

    def _index(self) -> list[tuple[bytes, str, str]]:
        """Each entry of the user's index: the letter of its flags, its mode and its path."""
        listed = self.run("ls-files", "-v", "--stage", "-z", cwd=self.top).split(b"\0")
        entries = (entry.partition(b"\t") for entry in listed if entry)
        return [(facts[:1], facts[2:8].decode(), os.fsdecode(p)) for facts, _, p in entries]

    def files_of_the_tree(self) -> tuple[str, ...]:
        """Every file that is tracked or that the rules do not ignore, whether it is there or not.

        A submodule is one entry.
        """
        every = ("--cached", "--others", "--exclude-standard")
        return names(self.run("ls-files", "-z", *every, cwd=self.top))

    def staged(self) -> tuple[str, ...]:
        """The files of which the index has something else than HEAD."""
        return names(self.run("diff-index", "--cached", "-z", "--name-only", "HEAD"))

    def under_way(self, changes: Changes | None = None) -> str:
        """What git is in the middle of here, such as `merge` or `rebase`; empty: nothing.

        `changes`: those of this moment, where they are known.
        """
        if word := marked_as_under_way(self.git_dir):
            return word
        return "conflict" if (changes or self.changes()).conflicts else ""

    def clash(self, ours: str, theirs: str) -> bool:
        """Would a merge of two commits end in conflicts? An old git (< 2.38) cannot say: no."""
        return self.merge_tree(ours, theirs).returncode == 1

    def left_out(self, start: str, theirs: str, ours: str) -> tuple[str, ...]:
        """The files of `ours` that a merge with `theirs` from `start` on would change.

        Those in conflict are left out. Where `theirs` is merged already they lack what it changed.
        An old git (< 2.38) cannot say: none. Nothing is written into the repository.
        """
        with passing_folder("objects") as objects:
            env = {
                "GIT_OBJECT_DIRECTORY": str(objects),
                "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(self.common_dir / "objects"),
                **self.identity,
            }
            # Their history is made anew, so that git takes `start` for what they have in common.
            make = ("commit-tree", "-m", "a side")
            root = self.line(*make, f"{self.resolve(start)}^{{tree}}", env=env)
            both = [
                self.line(*make, "-p", root, f"{self.resolve(side)}^{{tree}}", env=env)
                for side in (theirs, ours)
            ]
            done = self.merge_tree(both[0], both[1], env)
            if done.returncode > 1:
                return ()
            tree, *conflicts = names(done.stdout)
            differ = ("diff-tree", "-r", "-z", "--name-only", "--no-renames", both[1], tree)
            found = names(self.run(*differ, env=env))
            return tuple(path for path in found if path not in conflicts)

    def common(self, one: str, other: str) -> str:
        """The newest commit that two have in their history; empty: there is none."""
        done = self.attempt("merge-base", one, other)
        return os.fsdecode(done.stdout).strip() if done.returncode == 0 else ""

    def commits_between(
        self, since: str, until: str, *, first_parent: bool = False
    ) -> list[tuple[str, tuple[str, ...]]]:
        """The commits that `until` has in its history and `since` has not, the newest first.

        With their parents; with `first_parent` not those that came in by a merge.
        """
        only = ("--first-parent",) if first_parent else ()
        out = self.line("rev-list", "--topo-order", "--parents", *only, f"{since}..{until}")
        lines = (line.split() for line in out.splitlines())
        return [(commit, tuple(parents)) for commit, *parents in lines]

    def is_ignored(self, path: Path) -> bool:
        """Do the repository's rules say that the path is not to be tracked?"""
        return self.attempt("check-ignore", "--quiet", "--", str(path)).returncode == 0

    def contains(self, path: Path) -> bool:
        """Does the path lie in this repository's working tree?"""
        return path.parent.resolve().is_relative_to(self.top.resolve())

    def ignored_below(self, paths: Sequence[str]) -> tuple[str, ...]:
        """The files below these paths that are not tracked because the rules say so."""
        if not paths:
            return ()
        only = ("--others", "--ignored", "--exclude-standard")
        return names(self.run("ls-files", "-z", *only, "--", *literal(paths), cwd=self.top))

    def too_large(self) -> tuple[str, ...]:
        """Files above LARGE_BYTES that are neither tracked nor ignored: data that nobody meant."""
        sizes = ((name, self.top / name) for name in self.changes().untracked)
        return tuple(n for n, p in sizes if p.is_file() and p.stat().st_size > LARGE_BYTES)

    def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        """Is the first commit the second one or behind it?"""
        done = self.attempt("merge-base", "--is-ancestor", ancestor, descendant)
        if done.returncode > 1:
            raise self.refused(("merge-base", ancestor, descendant), done)
        return done.returncode == 0

    def follows(self, commit: str, parent: str) -> bool:
        """Is the second commit the first one's parent?"""
        done = self.attempt("rev-parse", "--verify", "--quiet", "--end-of-options", f"{commit}^")
        return done.returncode == 0 and done.stdout.decode().strip() == parent

    def parents(self, commit: str) -> tuple[str, ...]:
        """The commits that a commit follows."""
        return tuple(self.line("log", "-1", "--format=%P", commit).split())

    def diff_names(self, old: str, new: str, paths: Sequence[str] = ()) -> tuple[str, ...]:
        """The files that differ between two commits or trees, below `paths` where given."""
        out = self.run(
            *("diff-tree", "-r", "-z", "--name-only", "--no-renames"),
            old,
            new,
            "--",
            *literal(paths),
        )
        return names(out)

    def differing_here(self, commit: str) -> tuple[str, ...]:
        """The tracked files that are not what they were at a commit."""
        return names(self.run("diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", commit))

    def diff(self, old: str, new: str, paths: Sequence[str] = ()) -> str:
        """The patch that leads from one commit or tree to another, for people."""
        out = self.run("diff-tree", "-r", "-p", "--no-renames", old, new, "--", *literal(paths))
        return out.decode("utf-8", "replace")

    def read_file(self, revision: str, path: str) -> bytes | None:
        """A file's content at a revision; None where it is not there."""
        done = self.attempt("cat-file", "blob", f"{revision}:{path}")
        return done.stdout if done.returncode == 0 else None

    def message(self, revision: str) -> str:
        """A commit's whole message."""
        return self.run("log", "-1", "--format=%B", revision).decode("utf-8", "replace").strip()

    def refs(self, prefix: str) -> dict[str, str]:
        """All refs below a prefix such as `refs/harness/`: name to object id."""
        out = self.run("for-each-ref", "--format=%(refname) %(objectname)", prefix)
        pairs = (line.rpartition(" ") for line in out.decode().splitlines())
        return {name: object_id for name, _, object_id in pairs}

    def has_branch(self, name: str) -> bool:
        """Is there a local branch of that name?"""
        return bool(self.ref(branch_ref(name)))

    def ref(self, name: str) -> str:
        """The id of what a ref such as `refs/heads/main` names; empty: there is none."""
        return object_in(self.common_dir / name) or self.refs(name).get(name, "")

    def worktree_of(self, branch: str) -> Path | None:
        """The worktree, this one or another, that has a branch checked out; None: there is none."""
        if not (self.common_dir / "worktrees").is_dir():  # where git notes all but the first
            return self.top if self.branch() == branch else None
        listing = os.fsdecode(self.run("worktree", "list", "--porcelain", "-z"))
        for entry in listing.split("\0\0"):
            fields = dict(line.partition(" ")[::2] for line in entry.split("\0") if line)
            if fields.get("branch") == branch_ref(branch):
                return Path(fields["worktree"])
        return None

    def tag(self, name: str) -> Tag | None:
        """The tag of that name, or None."""
        form = "%(refname)%00%(objecttype)%00%(objectname)%00%(*objectname)%00%(contents)"
        out = self.run("for-each-ref", f"--format={form}", f"refs/tags/{name}")
        found, *facts = out.decode("utf-8", "replace").split("\0", 4)
        if found != f"refs/tags/{name}":  # but one below it, x/y
            return None
        kind, own, pointed, contents = facts
        annotated = kind == "tag"
        message = contents.strip() if annotated else ""
        return Tag(name, pointed if annotated else own, message, annotated)

    def signature(self, tag: str) -> str | None:
        """What git says of a tag's ssh signature: empty where it is good, else why not.

        None where the tag is not signed.
        """
        if b"-----BEGIN SSH SIGNATURE-----" not in self.run("cat-file", "tag", f"refs/tags/{tag}"):
            return None
        done = self.attempt("verify-tag", f"refs/tags/{tag}")
        words = done.stderr.decode("utf-8", "replace").strip().splitlines()
        return "" if done.returncode == 0 else (words or ["it is not good"])[-1]

    def submodules_at(self, revision: str) -> dict[str, str]:
        """The submodules of a commit or tree: path, relative to the top, to the commit it wants."""
        out = self.run("ls-tree", "-r", "-z", "--full-tree", revision)
        entries = (os.fsdecode(entry).partition("\t") for entry in out.split(b"\0") if entry)
        return {path: facts.split()[2] for facts, _, path in entries if facts[:6] == "160000"}

    def files_at(self, revision: str, paths: Sequence[str] = ()) -> tuple[str, ...]:
        """The files that a commit has, below `paths` where given."""
        out = self.run("ls-tree", "-r", "-z", "--name-only", "--full-tree", revision, "--", *paths)
        return names(out)


def names(listing: bytes) -> tuple[str, ...]:
    return tuple(os.fsdecode(name) for name in listing.split(b"\0") if name)


def literal(paths: Sequence[str]) -> list[str]:
    """Paths as pathspecs that mean themselves, whatever characters they have."""
    return [f":(top,literal){path}" for path in paths]


def except_for(paths: Sequence[str]) -> list[str]:
    """Pathspecs that take these paths out of what others name."""
    return [f":(top,literal,exclude){path}" for path in paths]
