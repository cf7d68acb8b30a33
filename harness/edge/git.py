"""The user's git repository: what the harness reads from it and does to it.

The user's index, stashes, untracked and ignored files, other branches and worktrees are left alone,
but for what a method's first sentence says: trees are written through an index of our own. The
user's hooks run for what a person would do by hand (commits, merges, switching branches), and not
for private worktrees and snapshots. How git is called: `harness.edge.git_program`.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.edge.git_program import GitProgram
from harness.edge.lock import hold, is_held
from harness.errors import GitFailed, ToolchainMissing, UsageError

_NO_HOOKS = ("-c", f"core.hooksPath={os.devnull}")
_WORKTREE = "harness-worktree-"


@dataclass(frozen=True, slots=True)
class Changes:
    """How the working tree differs from HEAD; paths are relative to the top, with `/`."""

    tracked: tuple[str, ...]
    """Changed, added to the index, deleted or in conflict."""
    untracked: tuple[str, ...]
    """Not tracked and not ignored."""

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
    """Of an annotated tag; empty for a lightweight one."""
    annotated: bool


class Git(GitProgram):
    """The repository that `folder` lies in.

    Every method raises GitFailed with git's own words where git refuses, UsageError where the
    folder lies in no repository, and ToolchainMissing where there is no git.
    """

    # -- where --------------------------------------------------------------------------------

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

    # -- what is there ------------------------------------------------------------------------

    def head(self) -> str:
        """The full id of the commit that is checked out."""
        return self.resolve("HEAD")

    def branch(self) -> str | None:
        """The branch that is checked out; None for a detached HEAD."""
        done = self.attempt("symbolic-ref", "--quiet", "--short", "HEAD")
        return done.stdout.decode().strip() if done.returncode == 0 else None

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
        """What differs from HEAD. A submodule's own untracked files do not count."""
        out = self.run(
            *("status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames"),
            "--ignore-submodules=untracked",
        )
        entries = [(e[:2], os.fsdecode(e[3:])) for e in out.split(b"\0") if e]
        return Changes(
            tracked=tuple(path for state, path in entries if state != b"??"),
            untracked=tuple(path for state, path in entries if state == b"??"),
        )

    def is_ignored(self, path: Path) -> bool:
        """Do the repository's rules say that the path is not to be tracked?"""
        return self.attempt("check-ignore", "--quiet", "--", str(path)).returncode == 0

    def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        """Is the first commit the second one or behind it?"""
        done = self.attempt("merge-base", "--is-ancestor", ancestor, descendant)
        if done.returncode > 1:
            raise self.refused(("merge-base", ancestor, descendant), done)
        return done.returncode == 0

    def diff_names(self, old: str, new: str, paths: Sequence[str] = ()) -> tuple[str, ...]:
        """The files that differ between two commits or trees, below `paths` where given."""
        out = self.run(
            *("diff-tree", "-r", "-z", "--name-only", "--no-renames"),
            old,
            new,
            "--",
            *_literal(paths),
        )
        return _names(out)

    def diff(self, old: str, new: str, paths: Sequence[str] = ()) -> str:
        """The patch that leads from one commit or tree to another, for people."""
        out = self.run("diff-tree", "-r", "-p", "--no-renames", old, new, "--", *_literal(paths))
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

    # -- tags and branches --------------------------------------------------------------------

    def tag(self, name: str) -> Tag | None:
        """The tag of that name, or None."""
        if f"refs/tags/{name}" not in self.refs(f"refs/tags/{name}"):  # but one below it, x/y
            return None
        form = "%(objecttype)%00%(objectname)%00%(*objectname)%00%(contents)"
        out = self.run("for-each-ref", f"--format={form}", f"refs/tags/{name}")
        kind, own, pointed, contents = out.decode("utf-8", "replace").split("\0", 3)
        annotated = kind == "tag"
        message = contents.strip() if annotated else ""
        return Tag(name, pointed if annotated else own, message, annotated)

    def create_tag(self, name: str, commit: str, message: str) -> None:
        """Make an annotated tag, which must not exist."""
        self.run("tag", "--annotate", f"--message={message}", name, commit, env=self.identity)

    def has_branch(self, name: str) -> bool:
        """Is there a local branch of that name?"""
        return f"refs/heads/{name}" in self.refs(f"refs/heads/{name}")

    def create_branch(self, name: str, commit: str = "HEAD") -> None:
        """Make a branch, which must not exist, without switching to it."""
        self.run("branch", "--no-track", name, commit)

    def switch(self, branch: str) -> None:
        """Check out a branch; git refuses where that would overwrite a change of the user's."""
        self.run("switch", "--quiet", branch)

    def update_ref(self, ref: str, commit: str, old: str | None = None) -> None:
        """Let a ref of ours name a commit; with `old`, only where it names that now.

        `old` of 40 zeros means: only where it does not exist.
        """
        self.run("update-ref", ref, commit, *([old] if old else []))

    def delete_ref(self, ref: str) -> None:
        """Remove a ref of ours; nothing happens where there is none."""
        self.run("update-ref", "-d", ref)

    def merge(self, revision: str, message: str) -> str:
        """Merge into the branch checked out, fast-forward where that is possible.

        Returns the new HEAD. A merge in conflict is undone before GitFailed is raised.
        """
        arguments = ("merge", "--quiet", "--no-edit", "-m", message, revision)
        done = self.attempt(*arguments, env=self.identity)
        if done.returncode:
            self.attempt("merge", "--abort")
            raise self.refused(arguments, done)
        return self.head()

    # -- the working tree ---------------------------------------------------------------------

    def tree(self, paths: Sequence[str] = ()) -> str:
        """The id of the working tree's content as a tree, tracked and untracked but not ignored.

        The same content gives the same id, whatever the user has in the index. With `paths`
        (relative to the top) only what lies below them; what is not there adds nothing. Nothing
        is written into the repository.
        """
        with tempfile.TemporaryDirectory(prefix="harness-objects-") as objects:
            env = {
                "GIT_OBJECT_DIRECTORY": objects,
                "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(self.common_dir / "objects"),
            }
            return self._write_tree(paths, env)

    def snapshot(self, message: str, *, parent: str = "HEAD", ref: str | None = None) -> str:
        """Keep the working tree (not the ignored files) as a commit, which no branch knows.

        Returns its id. With `ref`, such as `refs/harness/attempts/x/1`, it is kept for good;
        without, until git clears away what nothing refers to, weeks later.
        """
        tree = self._write_tree((), {})
        arguments = ("commit-tree", tree, "-p", self.resolve(parent), "-m", message)
        commit = self.line(*arguments, env=self.identity)
        if ref is not None:
            self.update_ref(ref, commit)
        return commit

    def commit_paths(self, paths: Sequence[str], message: str) -> str:
        """Commit exactly these paths (relative to the top) as they are in the working tree.

        Whatever else is staged stays staged. Returns the new HEAD. GitFailed where nothing
        differs or a hook of the user refuses, with its words.
        """
        known = [path for path in paths if self._is_known(path)]
        if not known:
            raise GitFailed(f"nothing to commit: {', '.join(paths) or 'no path was given'}")
        fresh = [p for p in known if (self.top / p).exists() or (self.top / p).is_symlink()]
        if fresh:
            self.run("add", "--intent-to-add", "--", *_literal(fresh), cwd=self.top)
        arguments = ("commit", "--quiet", f"--message={message}", "--only", "--", *_literal(known))
        self.run(*arguments, env=self.identity, cwd=self.top)
        return self.head()

    def _is_known(self, path: str) -> bool:
        """Is there anything to commit: a file here, or one that HEAD or the index has?"""
        whole = self.top / path
        if whole.is_symlink() or whole.is_file():
            return True
        found = self.run(
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
            "--",
            *_literal([path]),
            cwd=self.top,
        )
        return bool(found)

    def restore(self, commit: str, paths: Sequence[str]) -> None:
        """Make files (relative to the top) what they were at a commit, here and in the index.

        A file that the commit does not have is removed, and so is a folder left empty by that.
        """
        here = set(self.files_at(commit, paths))
        kept = [path for path in paths if path in here]
        gone = [path for path in paths if path not in here]
        if kept:
            source = f"--source={commit}"
            self.run(
                "restore", source, "--staged", "--worktree", "--", *_literal(kept), cwd=self.top
            )
        if gone:
            self.run(
                "rm", "--quiet", "--cached", "--ignore-unmatch", "--", *_literal(gone), cwd=self.top
            )
        for path in gone:
            whole = self.top / path
            if whole.is_symlink() or whole.is_file():
                whole.unlink()
                _remove_empty(whole.parent, self.top)

    def files_at(self, revision: str, paths: Sequence[str] = ()) -> tuple[str, ...]:
        """The files that a commit has, below `paths` where given."""
        out = self.run("ls-tree", "-r", "-z", "--name-only", "--full-tree", revision, "--", *paths)
        return _names(out)

    # -- private worktrees --------------------------------------------------------------------

    @contextlib.contextmanager
    def worktree_at(self, revision: str, parent: Path) -> Iterator[Path]:
        """A private folder below `parent` with the files of a revision, for as long as it lasts.

        It belongs to no branch, and no hook of the user runs. What a killed process left behind
        is cleared away first. Submodules are left empty.
        """
        commit = self.resolve(revision)
        self.prune_worktrees()
        parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f"{_WORKTREE}{commit[:12]}-", dir=parent))
        add = ("worktree", "add", "--quiet", "--force", "--detach", str(folder), commit)
        with hold(_owner_lock(folder)):
            try:
                self.run(*_NO_HOOKS, *add)
                yield folder
            finally:
                self._remove_worktree(folder)

    def prune_worktrees(self) -> None:
        """Remove private worktrees whose process is gone, and no others."""
        listing = os.fsdecode(self.run("worktree", "list", "--porcelain", "-z"))
        entries = (e.removeprefix("worktree ") for e in listing.split("\0") if e[:9] == "worktree ")
        for folder in map(Path, entries):
            if folder.name.startswith(_WORKTREE) and not is_held(_owner_lock(folder)):
                self._remove_worktree(folder)

    def _remove_worktree(self, folder: Path) -> None:
        self.attempt("worktree", "remove", "--force", "--force", str(folder))
        shutil.rmtree(folder, ignore_errors=True)
        _owner_lock(folder).unlink(missing_ok=True)
        # Where git could not remove it (files without write permission), it forgets it now.
        self.attempt("worktree", "prune")

    # -- calling git --------------------------------------------------------------------------

    def _write_tree(self, paths: Sequence[str], env: Mapping[str, str]) -> str:
        """Write the working tree as a tree object through an index of our own."""
        with tempfile.TemporaryDirectory(prefix="harness-index-") as folder:
            index = Path(folder) / "index"
            own = {**env, "GIT_INDEX_FILE": str(index)}
            users = self.git_dir / "index"
            if users.exists():
                # A copy, its time included, knows which files need not be read again.
                shutil.copy2(users, index)
            known = [path for path in paths if self._is_known(path)]
            if known or not paths:
                self.run("add", "--all", "--", *(_literal(known) or ["."]), env=own, cwd=self.top)
            if paths:
                self._keep_only(known, own)
            return self.line("write-tree", env=own)

    def _keep_only(self, paths: Sequence[str], env: Mapping[str, str]) -> None:
        """Take everything out of an index of ours that is not below `paths`."""
        arguments = ("ls-files", "-z", "--stage", "--", *_literal(paths))
        listed = self.run(*arguments, env=env, cwd=self.top) if paths else b""
        self.run("read-tree", "--empty", env=env)
        self.run("update-index", "-z", "--index-info", env=env, stdin=listed)


def _owner_lock(worktree: Path) -> Path:
    """Held for as long as a private worktree is in use."""
    return worktree.with_name(f"{worktree.name}.lock")


def _names(listing: bytes) -> tuple[str, ...]:
    return tuple(os.fsdecode(name) for name in listing.split(b"\0") if name)


def _literal(paths: Sequence[str]) -> list[str]:
    """Paths as pathspecs that mean themselves, whatever characters they have."""
    return [f":(top,literal){path}" for path in paths]


def _remove_empty(folder: Path, top: Path) -> None:
    """Remove a folder and those above it for as long as they are empty, below `top`."""
    while folder != top and folder.is_relative_to(top):
        try:
            folder.rmdir()
        except OSError:
            return
        folder = folder.parent
