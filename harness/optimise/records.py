"""The files that a campaign leaves: logs, guarded against hand edits, and what is committed."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from harness.campaign.events import Event
from harness.campaign.folding import states_after
from harness.campaign.logs import optimization_log, summary, thinking_log
from harness.campaign.state import State, Step
from harness.optimise.journal import JOURNAL_NAME
from harness.project.workload import BASELINE_NAME, RESULTS_NAME
from harness.system.store.files import (
    demand_open,
    not_read,
    read_kept,
    storage_errors,
    write_atomically,
)
from harness.system.store.seal import SEAL_NAME

RUNS_NAME = "runs"
ATTRIBUTES_NAME = ".gitattributes"
ATTRIBUTES = """\
# The records of a campaign are kept byte for byte: no conversion of git's touches them.
* -text -filter -ident -working-tree-encoding
"""

RENDERED: Mapping[str, Callable[[State], str]] = {
    "optimization_log.md": optimization_log,
    "thinking_log.md": thinking_log,
    "summary.md": summary,
}
"""The files that are rendered from the state; `summary.md` only of a finished campaign."""

_FILES = (ATTRIBUTES_NAME, JOURNAL_NAME, *RENDERED, BASELINE_NAME, SEAL_NAME)


class Records:
    """The folder of a campaign's records."""

    def __init__(self, folder: Path, aside: Path) -> None:
        self.folder = folder
        self._aside = aside
        """Where hand-edited logs are put before they are rendered anew."""
        self._written: dict[str, str] = {}
        """What this process rendered last: it need not be derived again to be known."""

    def expected(self, state: State) -> dict[str, str]:
        """The content of each rendered file."""
        return {name: RENDERED[name](state) for name in self._names(state)}

    def _names(self, state: State) -> list[str]:
        finished = state.step is Step.FINISHED
        return [name for name in RENDERED if finished or name != "summary.md"]

    def refresh(self, events: Sequence[Event], state: State) -> list[str]:
        """Render the logs anew from the state after these events; returns what is to be said of
        hand edits.

        A log that no state of the campaign renders to was edited by hand, or written by another
        version of the harness: it is put aside first.
        """
        warnings = []
        with storage_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            for name, text in self.expected(state).items():
                path = self.folder / name
                there = _read(path)
                if there == text or _was_rendered(state, name, there):
                    continue
                # What a hand wrote into a log is nowhere else: it is put aside, not overwritten.
                if there is not None and not self._ever(name, there, events):
                    warnings.append(self._put_aside(path, there))
                write_atomically(path, text.encode())
                self._written[name] = text
        return warnings

    def edited(self, events: Sequence[Event]) -> list[Path]:
        """The logs that are not what the events give."""
        if not events:
            return [path for name in RENDERED if (path := self.folder / name).exists()]
        state = states_after(events)[-1]
        return [
            self.folder / name
            for name, text in self.expected(state).items()
            if (there := _read(self.folder / name)) != text
            and not _was_rendered(state, name, there)
        ]

    def behind(self, events: Sequence[Event]) -> list[Path]:
        """The logs that lack the last event alone: a command died before it rendered them."""
        before = self.expected(states_after(events[:-1])[-1]) if len(events) > 1 else {}
        return [
            self.folder / name for name in RENDERED if _read(self.folder / name) == before.get(name)
        ]

    def _ever(self, name: str, text: str, events: Sequence[Event]) -> bool:
        """Is it what this process wrote, or what a state before rendered to, the newest first?"""
        if self._written.get(name) == text:
            return True
        before = reversed(states_after(events[:-1]))
        return any(name in self._names(state) and RENDERED[name](state) == text for state in before)

    def _put_aside(self, path: Path, text: str) -> str:
        self._aside.mkdir(parents=True, exist_ok=True)
        mark = hashlib.sha256(os.fsencode(text)).hexdigest()[:8]
        kept = self._aside / f"{path.stem}-{mark}{path.suffix}"
        write_atomically(kept, os.fsencode(text))
        return (
            f"{path.name} was edited by hand, or written by another version; it is rendered from"
            f" {JOURNAL_NAME}, so what was there was put aside: {kept}"
        )

    def folders(self) -> tuple[Path, ...]:
        """Every folder in which files of the campaign are written."""
        parts = (RESULTS_NAME, RUNS_NAME)
        return (self.folder, *(self.folder / part for part in parts), self._aside)

    def inner_folders(self) -> Iterator[Path]:
        """The folders within those: of the files that the baseline's programs wrote."""
        for part in (RESULTS_NAME, RUNS_NAME):
            for path in sorted((self.folder / part).rglob("*")):
                if path.is_dir() and not path.is_symlink():
                    yield path

    def paths(self) -> list[Path]:
        """Every record that is there, to be committed."""
        files = [self.folder / name for name in _FILES]
        for folder in (RESULTS_NAME, RUNS_NAME):
            files += sorted((self.folder / folder).rglob("*"))
        return [path for path in files if path.is_file()]

    def check_places(self) -> None:
        """DataDamaged where a pipe, a folder or the like is in the place of a record, or where a
        folder of records is closed to us.

        Git would wait for the one and end in words of its own at the other.
        """
        for path in self.misplaced((ATTRIBUTES_NAME, SEAL_NAME)):
            raise not_read(path, OSError(0, "is no ordinary file"))
        for folder in self.folders():
            demand_open(folder)

    def misplaced(self, names: Sequence[str] = _FILES) -> list[Path]:
        """What is in the place of a record and is no ordinary file."""
        found = []
        for name in names:
            with contextlib.suppress(OSError):
                if not stat.S_ISREG((self.folder / name).lstat().st_mode):
                    found.append(self.folder / name)
        return found

    def holds(self, path: Path) -> bool:
        """Is a path that of a record?"""
        below = path.relative_to(self.folder).parts
        return below[0] in (RESULTS_NAME, RUNS_NAME) or (
            below in {(n,) for n in (ATTRIBUTES_NAME, JOURNAL_NAME, BASELINE_NAME, SEAL_NAME)}
        )

    def guard(self) -> None:
        """Tell git that the records are bytes, whatever it does to line ends elsewhere."""
        with storage_errors(self.folder):
            if not (self.folder / ATTRIBUTES_NAME).exists():
                write_atomically(self.folder / ATTRIBUTES_NAME, ATTRIBUTES.encode())

    def content(self) -> dict[Path, bytes]:
        """Every record as it is now."""
        return {path: read_kept(path) for path in self.paths()}

    def put_back(self, content: Mapping[Path, bytes]) -> None:
        """Write those records again that are not what they were."""
        for path, known in content.items():
            if not path.is_file() or read_kept(path) != known:
                write_atomically(path, known)


def rendered_digests(texts: Mapping[str, str]) -> dict[str, str]:
    """SHA-256 of each rendered file."""
    return {name: hashlib.sha256(os.fsencode(text)).hexdigest() for name, text in texts.items()}


def _was_rendered(state: State, name: str, text: str | None) -> bool:
    """Is it what the harness that finished the campaign rendered?"""
    known = state.rendered.get(name)
    return text is not None and known == rendered_digests({name: text})[name]


def _read(path: Path) -> str | None:
    try:
        return os.fsdecode(read_kept(path))
    except FileNotFoundError:
        return None
