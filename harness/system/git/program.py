"""The git program: how it is called, and what it says in words; `writing` says what for.

What holds for every call:

- The words of git are those of the C locale; nothing pages, prompts or opens an editor, and the
  variables of a surrounding git hook (`GIT_DIR`, `GIT_INDEX_FILE`, ...) are taken away.
- A lock that a killed git left behind is cleared away, and the call repeated: `git_locks`.
- Objects are what their id says: refs/replace and grafts, which would put others in their place,
  are ignored. What was changed is found by its content and by all of its times, whatever the user's
  settings leave out.
- Commits and tags are not signed, since asking for a passphrase would be a prompt. Where git does
  not know who the user is, they are those of `optim-harness`.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

from harness.errors import (
    DataClosed,
    GitFailed,
    HarnessError,
    NotAllowed,
    StorageFailed,
    ToolchainMissing,
    UsageError,
)
from harness.on_demand import pattern
from harness.system.git.locks import free, way_past
from harness.system.git.remembering import Reach, asked_once, reach
from harness.system.process.calling import Call, Ended, call
from harness.system.process.touching import touched_refs

_SETTINGS = (
    *("-c", "core.quotepath=off"),
    *("-c", "core.fsmonitor=false"),
    *("-c", "core.untrackedCache=false"),
    *("-c", "core.ignoreStat=false"),
    *("-c", "core.trustctime=true"),
    *("-c", "core.checkStat=default"),
    *("-c", "commit.gpgsign=false"),
    *("-c", "tag.gpgsign=false"),
    *("-c", "gc.auto=0"),
    *("-c", "maintenance.auto=false"),
    *("-c", "advice.detachedHead=false"),
)

_MOST_BYTES = 256 * 2**20
"""A file or a difference that git shows is wanted whole, or not at all."""

_ENVIRONMENT = {
    "LC_ALL": "C",
    "LANGUAGE": "",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "true",
    "SSH_ASKPASS": "true",
    "GIT_EDITOR": "true",
    "GIT_MERGE_AUTOEDIT": "no",
    "GIT_PAGER": "cat",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_GRAFT_FILE": os.devnull,
}
_FOREIGN = pattern(
    r"GIT_(DIR|WORK_TREE|INDEX_FILE|OBJECT_DIRECTORY|ALTERNATE_OBJECT_DIRECTORIES|COMMON_DIR"
    r"|NAMESPACE|PREFIX|QUARANTINE_PATH|EXTERNAL_DIFF|DIFF_OPTS|LITERAL_PATHSPECS"
    r"|GLOB_PATHSPECS|NOGLOB_PATHSPECS|ICASE_PATHSPECS|TRACE\w*)"
)
_LOCKED = pattern(rb"Unable to create '([^']+\.lock)': File exists")
_CLOSED = pattern(r"""["']([^"'\n]+)["']\)?: Permission denied""")
_FULL = pattern(r"No space left on device|Disk quota exceeded|Read-only file system")
_NOBODY = {
    "GIT_AUTHOR_NAME": "optim-harness",
    "GIT_AUTHOR_EMAIL": "optim-harness@localhost",
    "GIT_COMMITTER_NAME": "optim-harness",
    "GIT_COMMITTER_EMAIL": "optim-harness@localhost",
}


class GitProgram:
    """Calls git in `folder`.

    Every call raises UsageError where the folder lies in no repository, and ToolchainMissing where
    there is no git.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def top(self) -> Path:
        """The repository's top folder (of this worktree)."""
        return self._place("--show-toplevel")

    @cached_property
    def git_dir(self) -> Path:
        """The folder with HEAD and the index of this worktree."""
        return self._place("--absolute-git-dir")

    @cached_property
    def common_dir(self) -> Path:
        """The folder with the objects and refs that all worktrees share."""
        return (self.folder / self._place("--git-common-dir")).resolve()

    def _place(self, which: str) -> Path:
        return Path(self._places.get(which) or self.line("rev-parse", which))

    @cached_property
    def _places(self) -> Mapping[str, str]:
        """The three folders from one call, since every command wants them.

        Nothing where a line feed in a path muddles them, or one of them is not there to be told.
        """
        asked = ("--show-toplevel", "--absolute-git-dir", "--git-common-dir")
        try:
            lines = self.line("rev-parse", *asked).split("\n")
        except HarnessError:
            return {}
        return dict(zip(asked, lines, strict=True)) if len(lines) == len(asked) else {}

    @cached_property
    def identity(self) -> dict[str, str]:
        """Who commits, as variables, where the user's configuration does not say."""
        asked = (self.attempt("var", f"GIT_{role}_IDENT") for role in ("AUTHOR", "COMMITTER"))
        return {} if all(done.returncode == 0 for done in asked) else dict(_NOBODY)

    def line(self, *arguments: str, env: Mapping[str, str] | None = None) -> str:
        return os.fsdecode(self.run(*arguments, env=env)).rstrip("\n")

    def run(
        self,
        *arguments: str,
        env: Mapping[str, str] | None = None,
        stdin: bytes = b"",
        cwd: Path | None = None,
    ) -> bytes:
        """Call git and return its standard output; GitFailed where it does not end with 0."""
        done = self.attempt(*arguments, env=env, stdin=stdin, cwd=cwd)
        if done.returncode:
            raise self.refused(arguments, done)
        return done.stdout

    def attempt(
        self,
        *arguments: str,
        env: Mapping[str, str] | None = None,
        stdin: bytes = b"",
        cwd: Path | None = None,
    ) -> Ended:
        """How a call of git ends; within `remembering`, one that only reads may be known."""
        what = reach(arguments, env)
        if stdin or what in (Reach.CHANGES, Reach.NOTHING, Reach.REFS):
            try:
                return self._called(arguments, env, stdin, cwd)
            finally:
                if what is Reach.REFS:
                    touched_refs()
        key = (self.folder, cwd, arguments)
        # Objects that are not there yet may be made by what changes nothing else.
        return asked_once(
            key,
            lambda: self._called(arguments, env, stdin, cwd),
            what,
            lambda done: done.returncode == 0,
        )

    def merge_tree(self, ours: str, theirs: str, env: Mapping[str, str] | None = None) -> Ended:
        """How a merge of two commits ends: 0, or 1 for conflicts, with its tree and the files in
        conflict, named from the top; otherwise there is none, as by an old git (< 2.38)."""
        asked = ("merge-tree", "--write-tree", "--name-only", "--no-messages", "-z", ours, theirs)
        return self.attempt(*asked, env=env, cwd=self.top)

    def _called(
        self,
        arguments: Sequence[str],
        env: Mapping[str, str] | None,
        stdin: bytes,
        cwd: Path | None,
    ) -> Ended:
        # A hook of git that calls the harness has GIT_DIR and the like set, which would turn every
        # command to another repository.
        inherited = {k: v for k, v in os.environ.items() if not _FOREIGN.fullmatch(k)}
        folder = cwd or self.folder
        if not folder.is_dir():
            raise UsageError(f"no such folder: {folder}")
        variables = {**inherited, **_ENVIRONMENT, **(env or {})}
        argv = ["git", *_SETTINGS, *arguments]
        title = f"git {_command(arguments)} (or a hook of yours)"
        asked = Call(
            *(argv, folder, variables, stdin),
            stdout_bytes=_MOST_BYTES,
            title=title,
            touches=reach(arguments, env) is Reach.CHANGES,
        )
        try:
            done = call(asked)
            # A killed git leaves its lock behind for ever. `free` takes such a one away, waits for
            # that of a living process, and says no when it has waited long enough.
            while (lock := _lock_in_the_way(done)) is not None and free(lock):
                done = call(asked)
        except FileNotFoundError:
            raise ToolchainMissing(
                "git is not installed", hint="apt-get install git, or see https://git-scm.com."
            ) from None
        self._check_repository(done)
        if done.cut_bytes:
            raise GitFailed(
                f"git printed more than the {_MOST_BYTES:,} bytes that the harness takes in",
                hint="Is a large file in the repository that belongs in no commit?",
            )
        return done

    def _check_repository(self, done: Ended) -> None:
        # Git ends so where it cannot go on; 1 is an answer of several commands.
        if done.returncode != 128:
            return
        words = done.stderr.decode("utf-8", "replace")
        if "not a git repository" in words or "must be run in a work tree" in words:
            if (closed := self._closed_repository()) is not None:
                raise DataClosed(
                    f"{closed}: cannot be read: Permission denied",
                    hint=f"Make it readable: chmod u+rwX {shlex.quote(str(closed))}",
                )
            raise UsageError(
                f"{self.folder} lies in no git repository",
                hint="A baseline is a commit: `git init`, `git add -A` and `git commit` first.",
            )
        if "dubious ownership" in words:
            raise UsageError(
                f"git does not trust {self.folder}: it belongs to another user",
                hint=f"git config --global --add safe.directory {self.folder}",
            )

    def _closed_repository(self) -> Path | None:
        """The `.git` here or above that git passes over in silence, since it may not read it."""
        wanted = os.R_OK | os.X_OK
        for place in (self.folder, *self.folder.absolute().parents):
            path = place / ".git"
            if path.is_dir() and not os.access(path, wanted, effective_ids=True):
                return path
        return None

    def refused(self, arguments: Sequence[str], done: Ended) -> HarnessError:
        """Git's refusal in its words: a held lock and a full disk are not the command's fault."""
        words = (done.stderr or done.stdout).decode("utf-8", "replace").strip()
        tail = "\n  ".join(words.splitlines()[-8:]) or f"it ended with {done.returncode}"
        command = _command(arguments)
        lock = _lock_in_the_way(done)
        message = f"git {command} refused in {self.folder}: {tail}"
        if lock is not None:
            return NotAllowed(message, hint=way_past(lock))
        if _FULL.search(words):
            return StorageFailed(message, hint="Free some space, and repeat the command.")
        errors = [line for line in words.splitlines() if not line.startswith("warning:")]
        closed = _CLOSED.search("\n".join(errors))
        if closed is not None:
            # The same code as where the harness reads it itself.
            return DataClosed(message, hint=f"Make it readable: chmod u+rwX {closed[1]}")
        return GitFailed(message)


def _lock_in_the_way(done: Ended) -> Path | None:
    """The lock file for which git gave up; None where it did not."""
    if done.returncode == 0:
        return None
    found = _LOCKED.search(done.stderr)
    return Path(os.fsdecode(found[1])) if found else None


def _command(arguments: Sequence[str]) -> str:
    """Which of git's commands it is, past the settings before it."""
    return next((a for a in arguments if not a.startswith("-") and "=" not in a), "")
