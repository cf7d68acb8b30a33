"""The project's files as they are when a run is submitted, and the same again on a node.

They are kept under the digest of what they are: edits made while jobs wait change nothing, and two
runs of one state share them. Of the repository's commits a bundle is kept where a command needs
them (a target at a revision, a baseline).
"""

from __future__ import annotations

import hashlib
import io
import os
import stat
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from harness.cluster.folder import unique
from harness.errors import UsageError
from harness.frozen import dataclass
from harness.project.state_folder import STATE_FOLDER
from harness.system.git.writing import Git
from harness.system.store.files import damaged, storage_errors

MOST_BYTES = 2 * 2**30
"""A larger tree is refused: it would be unpacked on each node for each job."""
_LEFT_OUT = frozenset((".git", STATE_FOLDER, ".venv", "__pycache__", "node_modules"))


@dataclass(frozen=True, slots=True)
class KeptTree:
    """A kept state of the project."""

    digest: str
    top: Path
    """The folder here that it is a copy of."""
    history: str = ""
    head: str = ""


def keep_tree(
    start: Path, wanted: Iterable[Path], trees: Path, *, with_history: bool = False
) -> KeptTree:
    """Keep the files of the repository around `start`, or of `start` itself where there is none.

    `wanted`: further files that targets name, for git may ignore them. UsageError for too much.
    """
    git = Git(start)
    top, repository = top_of(git), git.is_repository()
    names = set(_of_git(git) if repository else _below(top, top))
    for path in wanted:
        names |= set(_below(path, top))
    with storage_errors(trees):
        trees.mkdir(parents=True, exist_ok=True)
        digest = _keep(top, sorted(names), trees)
        if not (repository and with_history):
            return KeptTree(digest, top)
        head = git.head()
        return KeptTree(digest, top, _keep_history(git, trees), head)


def keep_nothing(root: Path, trees: Path) -> KeptTree:
    """An empty tree, for work that needs no file of the project at `root`."""
    with storage_errors(trees):
        trees.mkdir(parents=True, exist_ok=True)
        return KeptTree(_keep(root, (), trees), root)


def top_of(git: Git) -> Path:
    """The folder that is kept: the repository's, or the one that is asked where there is none."""
    return (git.top if git.is_repository() else git.folder).resolve()


def _of_git(git: Git) -> Iterator[str]:
    listed = git.run("ls-files", "-co", "--exclude-standard", "-z", cwd=git.top)
    yield from (os.fsdecode(name) for name in listed.split(b"\0") if name)


def _below(path: Path, top: Path) -> Iterator[str]:
    """The files in a folder, or the file, relative to `top`; nothing of what lies elsewhere."""
    absolute = path.absolute()
    if not absolute.is_relative_to(top):
        return
    if not absolute.is_dir():
        if absolute.exists():
            yield str(absolute.relative_to(top))
        return
    for folder, below, names in os.walk(absolute):
        below[:] = sorted(name for name in below if name not in _LEFT_OUT)
        for name in names:
            yield str(Path(folder, name).relative_to(top))


def _keep(top: Path, names: Iterable[str], trees: Path) -> str:
    """Write the files as an archive under its digest."""
    made = trees / f".{unique()}.new"
    sha256, size = hashlib.sha256(), 0
    try:
        with made.open("wb") as raw:
            with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as archive:
                for name in names:
                    entry, content = _entry(top / name, name)
                    if entry is None:
                        continue
                    size += entry.size
                    if size > MOST_BYTES:
                        raise UsageError(
                            f"{top} has more than {MOST_BYTES >> 30} GiB of files to take along",
                            hint="Let git ignore what no target needs, or start in a smaller"
                            " folder.",
                        )
                    sha256.update(
                        f"{name}\0{entry.mode}\0{entry.linkname}\0{entry.size}\0".encode(
                            "utf-8", "surrogateescape"
                        )
                    )
                    sha256.update(content)
                    archive.addfile(entry, io.BytesIO(content))
            raw.flush()
            os.fsync(raw.fileno())
        digest = sha256.hexdigest()
        _put(made, trees / f"{digest}.tar")
        return digest
    finally:
        made.unlink(missing_ok=True)


def _entry(path: Path, name: str) -> tuple[tarfile.TarInfo | None, bytes]:
    """A file with nothing of when and whose it is; None for what is gone or is no file."""
    try:
        facts = path.lstat()
        entry = tarfile.TarInfo(name)
        if stat.S_ISLNK(facts.st_mode):
            entry.type, entry.linkname = tarfile.SYMTYPE, str(path.readlink())
            return entry, b""
        if not stat.S_ISREG(facts.st_mode):
            return None, b""
        content = path.read_bytes()
    except FileNotFoundError:
        return None, b""
    entry.mode, entry.size = 0o755 if facts.st_mode & stat.S_IXUSR else 0o644, len(content)
    return entry, content


def _put(made: Path, path: Path) -> None:
    """Give a file its name, unless one of the same content has it already."""
    try:
        os.link(made, path)
    except FileExistsError:
        return
    except OSError:  # a file system without hard links
        if not path.exists():
            made.rename(path)


def _keep_history(git: Git, trees: Path) -> str:
    """Write a bundle of all commits that the repository's names lead to, by those names."""
    refs = git.run("for-each-ref", "--format=%(objectname) %(refname)") + git.head().encode()
    digest = hashlib.sha256(refs).hexdigest()
    path = trees / f"{digest}.bundle"
    if not path.exists():
        made = trees / f".{unique()}.new"
        try:
            git.run("bundle", "create", "-q", str(made), "--all", "HEAD")
            _put(made, path)
        finally:
            made.unlink(missing_ok=True)
    return digest


def unpack_tree(tree: KeptTree, trees: Path, folder: Path) -> None:
    """Make the kept files again in an empty folder; DataDamaged where they are not those."""
    path = trees / f"{tree.digest}.tar"
    folder.mkdir(parents=True)
    try:
        with tarfile.open(path) as archive:
            archive.extractall(folder, filter="tar")
    except (FileNotFoundError, tarfile.TarError) as problem:
        raise damaged(path, str(problem)) from None
    if tree.history:
        _unpack_history(tree, trees, folder)


def _unpack_history(tree: KeptTree, trees: Path, folder: Path) -> None:
    git = Git(folder)
    git.run("init", "-q", "--initial-branch=harness-node", cwd=folder)
    bundle = str(trees / f"{tree.history}.bundle")
    git.run("fetch", "-q", "--update-head-ok", bundle, "+refs/*:refs/*", cwd=folder)
    git.run("update-ref", "--no-deref", "HEAD", tree.head, cwd=folder)
    git.run("reset", "-q", "--mixed", cwd=folder)
