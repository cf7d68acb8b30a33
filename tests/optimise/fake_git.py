"""A git that lives in memory, for games of very many commands: the working tree alone is real.

It merges whole files, knows one worktree, no modes, no hooks and no filters. A method of `Git` that
is not here would call the program, and is refused.
"""

from __future__ import annotations

import contextlib
import difflib
import hashlib
import os
import shlex
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from harness.errors import GitFailed, UsageError
from harness.system.git.reading import Changes, Tag
from harness.system.git.writing import Git, Source

Tree = dict[str, bytes]
_HEADS, _TAGS = "refs/heads/", "refs/tags/"
_IGNORED = ".harness"


@dataclass(frozen=True)
class Commit:
    tree: Mapping[str, bytes]
    parents: tuple[str, ...]
    message: str
    number: int
    behind: frozenset[str]
    """The commit itself, and all that it follows."""


class Writes:
    """What may have changed a file, in this process: files that were opened to write, or moved."""

    count = 0
    anywhere = 0
    """The count at the last change that does not say where."""
    at: ClassVar[dict[str, int]] = {}
    """The count at the last change of each file."""
    _TO_WRITE = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
    _MOST = 2_000

    @classmethod
    def watch(cls) -> None:
        """Watch from now on. A hook cannot be taken away again: there is one for all games."""
        if not cls.count:
            cls.count = 1
            sys.addaudithook(cls._on)

    @classmethod
    def _on(cls, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            if isinstance(arguments[2], int) and arguments[2] & cls._TO_WRITE:
                cls._changed(arguments[0])
        elif event == "os.rename":
            cls._changed(arguments[0])
            cls._changed(arguments[1])
        elif event == "os.remove":
            cls._changed(arguments[0] if arguments[1] == -1 else None)
        elif event in ("os.rmdir", "os.link", "os.symlink"):
            cls._changed(None)

    @classmethod
    def _changed(cls, path: object) -> None:
        cls.count += 1
        name = os.fspath(path) if isinstance(path, (str, os.PathLike)) else ""
        if name.startswith("/") and len(cls.at) < cls._MOST:
            cls.at[name] = cls.count
        else:
            cls.anywhere = cls.count
            cls.at.clear()


@dataclass
class Repository:
    """What `.git` holds."""

    top: Path
    commits: dict[str, Commit] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    """The messages of annotated tags."""
    head: str = f"{_HEADS}main"
    """A branch's ref, or a commit."""
    index: Tree = field(default_factory=dict)
    conflicts: set[str] = field(default_factory=set)
    merging: str = ""
    stashes: list[str] = field(default_factory=list)
    made: int = 0
    """How many commits there ever were."""
    seen: tuple[int, Tree] = field(default_factory=lambda: (-1, {}))
    """The working tree, and how much had been written when it was looked at."""

    def __post_init__(self) -> None:
        Writes.watch()

    def make(self, tree: Mapping[str, bytes], parents: Iterable[str], message: str) -> str:
        parents = tuple(parents)
        self.made += 1
        said = repr((tree_id(tree), parents, message, self.made))
        name = hashlib.sha1(said.encode()).hexdigest()
        behind = frozenset({name}).union(*(self.commits[p].behind for p in parents))
        self.commits[name] = Commit(dict(tree), parents, message, self.made, behind)
        return name

    def forget_all_but(self, commit: str) -> None:
        """Begin anew with what is committed, and no history."""
        tree = self.commits[commit].tree
        self.commits.clear()
        self.stashes.clear()
        self.head = "refs/heads/main"  # a hand may have detached it
        self.refs = {self.head: self.make(tree, (), "Anew")}
        self.tags.clear()

    def newest(self, commits: Iterable[str]) -> list[str]:
        return sorted(commits, key=lambda name: self.commits[name].number, reverse=True)

    @property
    def at(self) -> str:
        return self.refs[self.head] if self.head.startswith("refs/") else self.head

    @at.setter
    def at(self, commit: str) -> None:
        if self.head.startswith("refs/"):
            self.refs[self.head] = commit
        else:
            self.head = commit

    @property
    def committed(self) -> Mapping[str, bytes]:
        return self.commits[self.at].tree

    # -- the working tree ----------------------------------------------------------------------

    def here(self) -> Tree:
        when, files = self.seen
        if when < Writes.anywhere:
            files = dict(_files(str(self.top), ""))
        elif when < Writes.count:
            files = dict(files)
            for name, changed in Writes.at.items():
                if changed > when and name.startswith(f"{self.top}/"):
                    self._look_again(files, name)
        self.seen = (Writes.count, files)
        return dict(files)

    def _look_again(self, files: Tree, name: str) -> None:
        path = name.removeprefix(f"{self.top}/")
        if path.partition("/")[0] in (_IGNORED, ".git"):
            return
        files.pop(path, None)
        with contextlib.suppress(FileNotFoundError):
            files[path] = Path(name).read_bytes()

    def put(self, path: str, content: bytes | None) -> None:
        """Write or remove a file, in the index too."""
        whole = self.top / path
        if content is None:
            self.index.pop(path, None)
            whole.unlink(missing_ok=True)
            folder = whole.parent
            while folder != self.top and folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()
                folder = folder.parent
        else:
            self.index[path] = content
            whole.parent.mkdir(parents=True, exist_ok=True)
            whole.write_bytes(content)

    def move(self, goal: Mapping[str, bytes], target: str) -> None:
        """Check a tree out, unless that would overwrite something."""
        here, now = self.here(), self.committed
        differ = [p for p in {*now, *goal} if now.get(p) != goal.get(p)]
        for path in differ:
            kept = here.get(path) == now.get(path) == self.index.get(path)
            same = here.get(path) == goal.get(path) == self.index.get(path)
            if not (kept or same) or path in self.conflicts:
                raise GitFailed(f"git switch to {target}: would be overwritten: {path}")
        for path in differ:
            self.put(path, goal.get(path))

    # -- history -------------------------------------------------------------------------------

    def behind(self, commit: str) -> frozenset[str]:
        return self.commits[commit].behind

    def merged(self, ours: str, theirs: str) -> tuple[Tree, set[str]]:
        """The merge of two commits, and the files in conflict."""
        common = self.behind(ours) & self.behind(theirs)
        base = self.commits[self.newest(common)[0]].tree if common else {}
        one, other = self.commits[ours].tree, self.commits[theirs].tree
        tree, conflicts = dict(one), set()
        for path in {*base, *one, *other}:
            was, left, right = base.get(path), one.get(path), other.get(path)
            if left == right or right == was:
                continue
            if left != was:
                conflicts.add(path)
                content = b"<<<<<<<\n" + (left or b"") + b"=======\n" + (right or b"")
                tree[path] = content
            elif right is None:
                tree.pop(path, None)
            else:
                tree[path] = right
        return tree, conflicts


def _files(folder: str, prefix: str) -> Iterator[tuple[str, bytes]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in (_IGNORED, ".git"):
                    yield from _files(entry.path, f"{prefix}{entry.name}/")
            else:
                yield f"{prefix}{entry.name}", Path(entry.path).read_bytes()


_ids: dict[bytes, str] = {}


def content_id(content: bytes) -> str:
    known = _ids.get(content)
    if known is None:
        if len(_ids) > 20_000:
            _ids.clear()
        known = _ids[content] = "100644 " + hashlib.sha1(content).hexdigest()
    return known


def tree_id(tree: Mapping[str, bytes]) -> str:
    return hashlib.sha1(
        repr(sorted((p, content_id(c)) for p, c in tree.items())).encode()
    ).hexdigest()


class FakeGit(Git):
    """The methods of `Git` upon a repository in memory."""

    def __init__(self, repository: Repository) -> None:
        super().__init__(repository.top)
        self.__dict__["top"] = repository.top
        self.__dict__["git_dir"] = self.__dict__["common_dir"] = repository.top / ".git"
        self.repo = repository

    def attempt(self, *arguments, **_):
        raise AssertionError(f"this git cannot do that: {arguments}")

    # -- reading -------------------------------------------------------------------------------

    def is_repository(self):
        return True

    def below_top(self, path):
        path = path if path.is_absolute() else self.folder / path
        return os.path.relpath(path, self.top)

    def branch(self):
        head = self.repo.head
        return head.removeprefix(_HEADS) if head.startswith(_HEADS) else None

    def has_branch(self, name):
        return _HEADS + name in self.repo.refs

    def head(self):
        return self.repo.at

    def resolve(self, revision):
        if revision in self.repo.commits:
            return revision
        base, *up = revision.split("^")
        refs = self.repo.refs
        found = self.repo.at if base == "HEAD" else refs.get(base)
        found = found or refs.get(_HEADS + base) or refs.get(_TAGS + base)
        found = found or next((c for c in self.repo.commits if base and c.startswith(base)), None)
        if found is None:
            raise UsageError(f"no commit {revision!r}")
        return self.repo.commits[found].parents[0] if up else found

    def has_commit(self, commit):
        return commit in self.repo.commits

    def changes(self):
        here, index, head = self.repo.here(), self.repo.index, self.repo.committed
        tracked = {p for p in {*index, *head} if index.get(p) != head.get(p)}
        tracked |= {p for p, content in index.items() if here.get(p) != content}
        untracked = here.keys() - index.keys()
        conflicts = tuple(sorted(self.repo.conflicts))
        tracked |= self.repo.conflicts
        return Changes(tuple(sorted(tracked)), tuple(sorted(untracked - set(conflicts))), conflicts)

    def staged(self):
        index, head = self.repo.index, self.repo.committed
        return tuple(sorted(p for p in {*index, *head} if index.get(p) != head.get(p)))

    def under_way(self, changes=None):
        if self.repo.merging:
            return "merge"
        return "conflict" if self.repo.conflicts else ""

    def clash(self, ours, theirs):
        return bool(self.repo.merged(self.resolve(ours), self.resolve(theirs))[1])

    def left_out(self, start, theirs, ours):
        repo = self.repo
        first, one, other = (repo.commits[self.resolve(r)].tree for r in (start, ours, theirs))
        root = repo.make(first, (), "a side")
        left, right = repo.make(one, (root,), "a side"), repo.make(other, (root,), "a side")
        tree, conflicts = repo.merged(left, right)
        for made in (root, left, right):
            del repo.commits[made]
        differ = {p for p in {*tree, *one} if tree.get(p) != one.get(p)}
        return tuple(sorted(differ - conflicts))

    def common(self, one, other):
        both = self.repo.behind(self.resolve(one)) & self.repo.behind(self.resolve(other))
        return self.repo.newest(both)[0] if both else ""

    def commits_between(self, since, until, *, first_parent=False):
        repo, known = self.repo, self.repo.behind(self.resolve(since))
        line, one = set(), self.resolve(until)
        while one not in known:
            line.add(one)
            if not repo.commits[one].parents:
                break
            one = repo.commits[one].parents[0]
        found = line if first_parent else repo.behind(self.resolve(until)) - known
        return [(c, repo.commits[c].parents) for c in repo.newest(found)]

    def is_ignored(self, path):
        return _IGNORED in path.parts

    def contains(self, path):
        return path.is_relative_to(self.top)

    def ignored_below(self, paths):
        return ()

    def too_large(self):
        return ()

    def is_ancestor(self, ancestor, descendant):
        return self.resolve(ancestor) in self.repo.behind(self.resolve(descendant))

    def parents(self, commit):
        return self.repo.commits[self.resolve(commit)].parents

    def follows(self, commit, parent):
        return self.parents(commit)[:1] == (parent,)

    def diff_names(self, old, new, paths=()):
        one, other = (self.repo.commits[self.resolve(r)].tree for r in (old, new))
        return tuple(sorted(p for p in {*one, *other} if one.get(p) != other.get(p)))

    def read_file(self, revision, path):
        try:
            return self.repo.commits[self.resolve(revision)].tree.get(path)
        except UsageError:
            return None

    def message(self, revision):
        return self.repo.commits[self.resolve(revision)].message.strip()

    def refs(self, prefix):
        own = self.repo.refs.items()
        below = prefix if prefix.endswith("/") else f"{prefix}/"
        return {name: c for name, c in sorted(own) if name == prefix or name.startswith(below)}

    def worktree_of(self, branch):
        return self.top if self.branch() == branch else None

    def tag(self, name):
        commit = self.repo.refs.get(_TAGS + name)
        return Tag(name, commit, self.repo.tags.get(name, ""), True) if commit else None

    def files_at(self, revision, paths=()):
        tree = self.repo.commits[self.resolve(revision)].tree
        return tuple(sorted(p for p in tree if not paths or _below(p, paths)))

    def run(self, *arguments, **_):
        if arguments[0] == "log":
            since, _, until = arguments[-1].partition("..")
            found = self.repo.behind(self.resolve(until)) - self.repo.behind(self.resolve(since))
            parts = (f"{c}\0{self.repo.commits[c].message}\0" for c in found)
            return "\n".join(parts).encode()
        self.shell(shlex.join(["git", *arguments]))
        return b""

    def line(self, *arguments, **_):
        assert arguments[0] == "rev-parse", arguments
        return tree_id(self.repo.commits[self.resolve(arguments[1].partition("^{")[0])].tree)

    # -- writing -------------------------------------------------------------------------------

    def diff(self, old, new, paths=()):
        trees = (self.repo.commits[self.resolve(r)].tree for r in (old, new))
        texts = [sorted(f"{p} {c!r}" for p, c in tree.items()) for tree in trees]
        return "\n".join(difflib.unified_diff(*texts, lineterm=""))

    def signature(self, tag):
        return None

    def create_tag(self, name, commit, message, key=""):
        if _TAGS + name in self.repo.refs:
            raise GitFailed(f"the tag {name} exists")
        self.repo.refs[_TAGS + name] = self.resolve(commit)
        self.repo.tags[name] = message

    def create_branch(self, name, commit="HEAD"):
        if _HEADS + name in self.repo.refs:
            raise GitFailed(f"the branch {name} exists")
        self.repo.refs[_HEADS + name] = self.resolve(commit)

    def switch(self, branch):
        if _HEADS + branch not in self.repo.refs:
            raise GitFailed(f"no branch {branch}")
        self._check_out(_HEADS + branch, self.repo.refs[_HEADS + branch])

    def _check_out(self, head, commit):
        if self.under_way():
            raise GitFailed("git switch: something is under way")
        self.repo.move(self.repo.commits[commit].tree, head)
        self.repo.head = head

    def move_branch(self, commit):
        self.repo.at = commit

    def update_ref(self, ref, commit, old=None):
        if old is not None and self.repo.refs.get(ref, "0" * 40) != old:
            raise GitFailed(f"{ref} is not at {old}")
        self.repo.refs[ref] = commit

    def delete_ref(self, ref):
        self.repo.refs.pop(ref, None)

    def merge(self, revision, message):
        self._merge(revision, message)
        if self.repo.conflicts:
            self._reset_hard()
            raise GitFailed("git merge: conflict")
        return self.repo.at

    def _merge(self, revision, message):
        repo, theirs = self.repo, self.resolve(revision)
        if self.under_way():
            raise GitFailed("git merge: something is under way")
        if theirs in repo.behind(repo.at):
            return
        if repo.at in repo.behind(theirs):
            repo.move(repo.commits[theirs].tree, revision)
            repo.at = theirs
            return
        if self.staged():
            raise GitFailed("git merge: the index differs from HEAD")
        tree, conflicts = repo.merged(repo.at, theirs)
        repo.move(tree, revision)
        if conflicts:
            repo.merging, repo.conflicts = theirs, conflicts
        else:
            repo.at = repo.make(tree, (repo.at, theirs), message)

    def _reset_hard(self):
        repo = self.repo
        repo.merging, repo.conflicts = "", set()
        for path in {*repo.index, *repo.committed}:
            repo.put(path, repo.committed.get(path))

    def snapshot(self, message, *, parent="HEAD", ref=None):
        return self._keep(self.repo.here(), (self.resolve(parent),), message, ref)

    def keep_paths(self, message, source: Source, *, ref=None):
        here, tree = self.repo.here(), dict(self.repo.commits[source.commit].tree)
        for path in source.paths:
            tree.pop(path, None)
            if path in here:
                tree[path] = here[path]
        return self._keep(tree, (source.commit,), message, ref)

    def keep_merge(self, message, like, parents, ref):
        return self._keep(self.repo.commits[like].tree, parents, message, ref)

    def _keep(self, tree, parents, message, ref):
        made = self.repo.make(tree, parents, message)
        if ref is not None:
            self.repo.refs[ref] = made
        return made

    def commit_paths(self, paths, message, *, hooks=True):
        repo = self.repo
        if repo.merging or repo.conflicts:
            raise GitFailed("git commit: no partial commit during a merge")
        here, tree = repo.here(), dict(repo.committed)
        for path in paths:
            for content, goal in ((here.get(path), tree), (here.get(path), repo.index)):
                goal.pop(path, None)
                if content is not None:
                    goal[path] = content
        if tree == repo.committed:
            raise GitFailed("git commit: nothing to commit")
        repo.at = repo.make(tree, (repo.at,), message)
        return repo.at

    def align_index(self, paths):
        here, head = self.repo.here(), self.repo.committed
        for path in paths:
            if here.get(path) == head.get(path) != self.repo.index.get(path):
                self.repo.index.pop(path, None)
                if path in head:
                    self.repo.index[path] = head[path]

    def restore(self, commit, paths):
        tree = self.repo.commits[self.resolve(commit)].tree
        for path in paths:
            self.repo.put(path, tree.get(path))
            self.repo.conflicts.discard(path)

    def prune_worktrees(self):
        return

    def clear_worktrees(self, parent):
        return

    # -- what is typed -------------------------------------------------------------------------

    def shell(self, line: str) -> None:
        """Commands as they are typed, joined by `&&`; GitFailed where one is refused."""
        for command in line.split(" && "):
            words = [w for w in shlex.split(command) if w not in ("-q", "--quiet", "--no-edit")]
            assert words[0] == "git", line
            getattr(self, f"_type_{words[1].replace('-', '_')}")(words[2:])

    def _type_switch(self, words: Sequence[str]) -> None:
        if words[0] == "--create":
            self.create_branch(words[1])
            self.repo.head = _HEADS + words[1]
        elif words[0] == "--detach":
            commit = self.resolve(words[1] if words[1:] else "HEAD")
            self._check_out(commit, commit)
        else:
            self.switch(words[0])

    def _type_commit(self, words: Sequence[str]) -> None:
        repo = self.repo
        parents = (repo.at, repo.merging) if repo.merging else (repo.at,)
        message = words[words.index("--message") + 1] if "--message" in words else "Merge"
        tree = dict(repo.index)
        if "--amend" in words:
            if repo.merging or repo.conflicts:
                raise GitFailed("git commit: a merge is under way")
            parents = repo.commits[repo.at].parents
        else:
            here = repo.here()
            tree = {p: here[p] for p in {*repo.index, *repo.conflicts} if p in here}
            if tree == repo.committed and not repo.merging:
                raise GitFailed("git commit: nothing to commit")
        repo.index, repo.conflicts, repo.merging = dict(tree), set(), ""
        repo.at = repo.make(tree, parents, message)

    def _type_stash(self, _: Sequence[str]) -> None:
        if self.repo.conflicts:
            raise GitFailed("git stash: needs merge")
        if self.changes().tracked:
            here = self.repo.here()
            tree = {p: here[p] for p in self.repo.index if p in here}
            self.repo.stashes.append(self.repo.make(tree, (self.repo.at,), "stash"))
            self._reset_hard()

    def _type_merge(self, words: Sequence[str]) -> None:
        if words == ["--abort"]:
            if not self.repo.merging:
                raise GitFailed("git merge --abort: there is no merge")
            self._reset_hard()
            return
        self._merge(words[-1], "Merge by hand")
        if self.repo.conflicts:
            raise GitFailed("git merge: conflict")

    def _type_reset(self, _: Sequence[str]) -> None:
        self.repo.index, self.repo.conflicts = dict(self.repo.committed), set()
        self.repo.merging = ""

    def _type_branch(self, words: Sequence[str]) -> None:
        refs = self.repo.refs
        if words[0] == "-D":
            if self.branch() == words[1] or _HEADS + words[1] not in refs:
                raise GitFailed("git branch -D: refused")
            del refs[_HEADS + words[1]]
        elif words[0] == "-m":
            refs[_HEADS + words[2]] = refs.pop(_HEADS + words[1])
            if self.repo.head == _HEADS + words[1]:
                self.repo.head = _HEADS + words[2]
        else:
            self.create_branch(words[0], words[1])

    def _type_checkout(self, words: Sequence[str]) -> None:
        """`git checkout -- PATHS`: what the index has."""
        for path in [p for p in self.repo.index if _below(p, words[1:])]:
            self.repo.put(path, self.repo.index[path])

    def _type_add(self, words: Sequence[str]) -> None:
        here = self.repo.here()
        for path in words:
            self.repo.index[path] = here[path]


def _below(path: str, paths: Iterable[str]) -> bool:
    return any(path == p or path.startswith(f"{p}/") for p in paths)


def listing_at(git: FakeGit, revision: str) -> dict[str, str]:
    tree = git.repo.commits[git.resolve(revision)].tree
    return {path: content_id(content) for path, content in tree.items()}


def listing_here(git: FakeGit) -> dict[str, str]:
    return {path: content_id(content) for path, content in git.repo.here().items()}
