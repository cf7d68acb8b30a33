"""What the harness changes in the user's git repository; `reading` has what it reads there.

The user's index, stashes, untracked and ignored files, other branches and worktrees are left alone,
but for what a method's first sentence says: trees are written through an index of our own. The
user's hooks run for what a person would do by hand (commits, merges, switching branches), and not
for private worktrees and snapshots. How git is called: `harness.system.git.program`.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from harness.errors import GitFailed
from harness.frozen import dataclass
from harness.system.git.reading import (
    Changes,
    GitReading,
    Tag,
    branch_ref,
    except_for,
    literal,
    names,
)
from harness.system.process.passing import passing_folder
from harness.system.process.touching import touched_files
from harness.system.store.lock import hold, is_held

__all__ = ["Changes", "Git", "Source", "Tag", "branch_ref"]

_NO_HOOKS = ("-c", f"core.hooksPath={os.devnull}")
_WORKTREE = "harness-worktree-"


@dataclass(frozen=True, slots=True)
class Source:
    """Some files, relative to the top, beside a commit that has them otherwise."""

    commit: str
    paths: Sequence[str]


class Git(GitReading):
    """The repository that `folder` lies in.

    Every method raises GitFailed with git's own words where git refuses, UsageError where the
    folder lies in no repository, and ToolchainMissing where there is no git.
    """

    # -- tags and branches --------------------------------------------------------------------

    def create_tag(self, name: str, commit: str, message: str, key: str = "") -> None:
        """Make an annotated tag, which must not exist; signed with an ssh key where one is given.

        A key that wants a passphrase has to be held by an agent: nobody is asked.
        """
        signed = ("-c", "gpg.format=ssh", "-c", f"user.signingKey={key}") if key else ()
        how = "--sign" if key else "--annotate"
        self.run(*signed, "tag", how, f"--message={message}", name, commit, env=self.identity)

    def create_branch(self, name: str, commit: str = "HEAD") -> None:
        """Make a branch, which must not exist, without switching to it."""
        self.run("branch", "--no-track", name, commit)

    def switch(self, branch: str) -> None:
        """Check out a branch; git refuses where that would overwrite a change of the user's."""
        self.run("switch", "--quiet", branch)

    def move_branch(self, commit: str) -> None:
        """Let the branch checked out name another commit; files and index stay as they are."""
        self.run("reset", "--quiet", "--soft", commit)

    def update_ref(self, ref: str, commit: str, old: str | None = None) -> None:
        """Let a ref of ours name a commit; with `old`, only where it names that now.

        `old` of 40 zeros means: only where it does not exist.
        """
        self.run(*_NO_HOOKS, "update-ref", ref, commit, *([old] if old else []))

    def delete_ref(self, ref: str) -> None:
        """Remove a ref of ours; nothing happens where there is none."""
        self.run(*_NO_HOOKS, "update-ref", "-d", ref)

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

        Files of more than LARGE_BYTES that are not tracked are left out.

        The same content gives the same id, whatever the user has in the index. With `paths`
        (relative to the top) only what lies below them; what is not there adds nothing. Nothing
        is written into the repository.
        """
        with passing_folder("objects") as objects:
            env = {
                "GIT_OBJECT_DIRECTORY": str(objects),
                "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(self.common_dir / "objects"),
            }
            return self._write_tree(paths, env)

    def snapshot(self, message: str, *, parent: str = "HEAD", ref: str | None = None) -> str:
        """Keep the working tree, as `tree` sees it, as a commit which no branch knows.

        Returns its id. `parent` is HEAD or the id of a commit. With `ref`, such as
        `refs/harness/attempts/x/1`, it is kept for good; without, until git clears away what
        nothing refers to, weeks later.
        """
        tree = self._write_tree((), {})
        upon = self.head() if parent == "HEAD" else parent
        arguments = ("commit-tree", tree, "-p", upon, "-m", message)
        commit = self.line(*arguments, env=self.identity)
        if ref is not None:
            self.update_ref(ref, commit)
        return commit

    def keep_paths(self, message: str, source: Source, *, ref: str | None = None) -> str:
        """Keep some files as they are here as a commit upon another, which no branch knows.

        It differs from its parent in these files alone, so that `git cherry-pick` brings them back
        whatever else changed. With `ref` it is kept for good.
        """
        whole = self._write_tree((), {})
        listed = self.run("ls-tree", "-r", "-z", "--full-tree", whole)
        here = {e.partition(b"\t")[2]: e for e in listed.split(b"\0") if e}
        wanted = [os.fsencode(path) for path in source.paths]
        entries = [here.get(path, b"0 " + b"0" * 40 + b"\t" + path) for path in wanted]
        with passing_folder("index") as folder:
            own = {"GIT_INDEX_FILE": str(folder / "index")}
            self.run("read-tree", source.commit, env=own)
            self.run("update-index", "-z", "--index-info", env=own, stdin=b"\0".join(entries))
            tree = self.line("write-tree", env=own)
        arguments = ("commit-tree", tree, "-p", source.commit, "-m", message)
        commit = self.line(*arguments, env=self.identity)
        if ref is not None:
            self.update_ref(ref, commit)
        return commit

    def keep_merge(self, message: str, like: str, parents: Sequence[str], ref: str) -> str:
        """Keep the tree of a commit under a ref of ours, as a merge of these parents."""
        named = [word for parent in parents for word in ("-p", parent)]
        tree = self.line("rev-parse", f"{like}^{{tree}}")
        commit = self.line("commit-tree", tree, *named, "-m", message, env=self.identity)
        self.update_ref(ref, commit)
        return commit

    def commit_paths(self, paths: Sequence[str], message: str, *, hooks: bool = True) -> str:
        """Commit exactly these paths (relative to the top) as they are in the working tree.

        One that the rules ignore is committed all the same, flags that hide changes of them are
        taken away, and whatever else is staged stays staged. Returns the new HEAD. GitFailed where
        nothing differs or a hook of the user refuses, with its words; without `hooks` none runs.
        """
        known = [path for path in paths if self._is_known(path)]
        if not known:
            raise GitFailed(f"nothing to commit: {', '.join(paths) or 'no path was given'}")
        ours = {option: set(paths) & set(known) for option, paths in self.hidden().items()}
        self.unhide({option: sorted(paths) for option, paths in ours.items() if paths})
        fresh = [p for p in known if (self.top / p).exists() or (self.top / p).is_symlink()]
        if not set(fresh) <= self.tracked().keys():
            self.run("add", "--intent-to-add", "--force", "--", *literal(fresh), cwd=self.top)
        arguments = ("commit", "--quiet", f"--message={message}", "--only", "--", *literal(known))
        settings = () if hooks else _NO_HOOKS
        self.run(*settings, *arguments, env=self.identity, cwd=self.top)
        return self.head()

    def align_index(self, paths: Sequence[str]) -> None:
        """Let the index say what HEAD says of those of these paths that are here as HEAD has them.

        A commit whose index could not be written (the disk was full) leaves an older one behind,
        which says that they are changed and that the change is to be taken back.
        """
        if not paths:
            return
        asked = ("diff-index", "--cached", "-z", "--name-only", "HEAD", "--", *literal(paths))
        stale = [path for path in names(self.run(*asked)) if not self._differs(path)]
        if stale:
            self.run("reset", "--quiet", "HEAD", "--", *literal(stale), cwd=self.top)

    def _differs(self, path: str) -> bool:
        """Is a file here other than HEAD has it?"""
        whole = self.top / path
        if not whole.is_file():
            return self.read_file("HEAD", path) is not None
        own = self.attempt("hash-object", f"--path={path}", "--", str(whole), cwd=self.top)
        head = self.attempt("rev-parse", "--verify", "--quiet", f"HEAD:{path}")
        return own.returncode != 0 or own.stdout != head.stdout

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
            *literal([path]),
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
                "restore", source, "--staged", "--worktree", "--", *literal(kept), cwd=self.top
            )
        if gone:
            self.run(
                "rm", "--quiet", "--cached", "--ignore-unmatch", "--", *literal(gone), cwd=self.top
            )
        for path in gone:
            whole = self.top / path
            if whole.is_symlink() or whole.is_file():
                whole.unlink()
                _remove_empty(whole.parent, self.top)
                touched_files()

    # -- private worktrees --------------------------------------------------------------------

    @contextlib.contextmanager
    def worktree_at(self, revision: str, parent: Path) -> Iterator[Path]:
        """A private folder below `parent` with the files of a revision, for as long as it lasts.

        It belongs to no branch, and no hook of the user runs. What a killed process left behind
        is cleared away first. Submodules are left empty: `fill_submodules`.
        """
        commit = self.resolve(revision)
        self.prune_worktrees()
        self.clear_worktrees(parent)
        parent.mkdir(parents=True, exist_ok=True)
        folder = parent / f"{_WORKTREE}{commit[:12]}-{os.getpid()}-{secrets.token_hex(4)}"
        add = ("worktree", "add", "--quiet", "--force", "--detach", str(folder), commit)
        with hold(_owner_lock(folder)):
            try:
                folder.mkdir(mode=0o700)
                self.run(*_NO_HOOKS, *add)
                yield folder
            finally:
                self._remove_worktree(folder)

    def fill_submodules(self, folder: Path, revision: str, *, as_they_are: bool = False) -> None:
        """Write the files of a revision's submodules, and of theirs, below a worktree of it.

        They come from the submodules of the user's tree, without a network: their commit that the
        revision wants or, `as_they_are`, what the user has there now. One that the user has not
        initialised stays empty. Raises GitFailed where the commit is not there.
        """
        for path, commit in self.submodules_at(revision).items():
            own = Git(self.top / path)
            if not (self.top / path / ".git").exists():
                continue
            if not as_they_are and not own.has_commit(commit):
                raise GitFailed(
                    f"the submodule {path} does not have the commit {commit[:12]}, which"
                    f" {revision[:12]} wants",
                    hint=f"git -C {path} fetch --all, or git submodule update --init.",
                )
            tree = own._write_tree((), {}) if as_they_are else commit
            own._export(tree, folder / path)
            own.fill_submodules(folder / path, tree, as_they_are=as_they_are)

    def _export(self, tree: str, folder: Path) -> None:
        """Write the files of a tree into a folder, as a checkout would."""
        with passing_folder("index") as place:
            env = {"GIT_INDEX_FILE": str(place / "index")}
            self.run("read-tree", tree, env=env, cwd=self.top)
            prefix = f"--prefix={folder}/"
            self.run("checkout-index", "--all", "--force", prefix, env=env, cwd=self.top)

    def prune_worktrees(self) -> None:
        """Remove private worktrees whose process is gone, and no others."""
        if not (self.common_dir / "worktrees").is_dir():
            return
        listing = os.fsdecode(self.run("worktree", "list", "--porcelain", "-z"))
        entries = (e.removeprefix("worktree ") for e in listing.split("\0") if e[:9] == "worktree ")
        for folder in map(Path, entries):
            if folder.name.startswith(_WORKTREE) and not is_held(_owner_lock(folder)):
                self._remove_worktree(folder)

    def clear_worktrees(self, parent: Path) -> None:
        """Remove from a folder what killed processes left there, git knowing of it or not."""
        left = {path.with_suffix("") for path in parent.glob(f"{_WORKTREE}*.lock")}
        left |= {path for path in parent.glob(f"{_WORKTREE}*") if path.suffix != ".lock"}
        for folder in left:
            if not is_held(_owner_lock(folder)):
                self._remove_worktree(folder)

    def _remove_worktree(self, folder: Path) -> None:
        gone = self.attempt("worktree", "remove", "--force", "--force", str(folder))
        shutil.rmtree(folder, ignore_errors=True)
        _owner_lock(folder).unlink(missing_ok=True)
        touched_files()
        # Where git could not remove it (files without write permission), it forgets it now.
        if gone.returncode != 0:
            self.attempt("worktree", "prune")

    # -- calling git --------------------------------------------------------------------------

    def _write_tree(self, paths: Sequence[str], env: Mapping[str, str]) -> str:
        """Write the working tree as a tree object through an index of our own."""
        with passing_folder("index") as folder:
            index = folder / "index"
            own = {**env, "GIT_INDEX_FILE": str(index)}
            self.copy_index(index)
            known = [path for path in paths if self._is_known(path)]
            if known or not paths:
                wanted = (*(literal(known) or ["."]), *except_for(self.too_large()))
                self.run("add", "--all", "--", *wanted, env=own, cwd=self.top)
            if paths:
                self._keep_only(known, own)
            return self.line("write-tree", env=own)

    def _keep_only(self, paths: Sequence[str], env: Mapping[str, str]) -> None:
        """Take everything out of an index of ours that is not below `paths`."""
        arguments = ("ls-files", "-z", "--stage", "--", *literal(paths))
        listed = self.run(*arguments, env=env, cwd=self.top) if paths else b""
        self.run("read-tree", "--empty", env=env)
        self.run("update-index", "-z", "--index-info", env=env, stdin=listed)


def _owner_lock(worktree: Path) -> Path:
    """Held for as long as a private worktree is in use."""
    return worktree.with_name(f"{worktree.name}.lock")


def _remove_empty(folder: Path, top: Path) -> None:
    """Remove a folder and those above it for as long as they are empty, below `top`."""
    while folder != top and folder.is_relative_to(top):
        try:
            folder.rmdir()
        except OSError:
            return
        folder = folder.parent
