"""Relations between two inputs: an input is changed, and the two outputs are held together.

Both commands of a relation are run like trials, in a folder and a jail of their own. What changes
the input finds it as the program would: its arguments in `arguments.json`, its standard input in
`stdin`, and its input files at their places; it changes these in place. What compares finds what
the program printed and the files that it left, before the change and after it.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import msgspec

from harness.errors import TrialFailed
from harness.frozen import dataclass
from harness.model import Build, Case, Output, Target
from harness.model.relations import DRAW, Relation
from harness.model.tasks import as_argument
from harness.running.generating import files_among, run_beside
from harness.system.process.opening import CoreRunner
from harness.system.process.trees import files_below

ARGUMENTS, STDIN = "arguments.json", "stdin"
_SCRIPTS = ".relation"
"""Where the project's own files among a command's words lie: apart from all that is an input."""

_Lay = Callable[[Path], None]
"""Lays out in a folder what a command is to find."""


@dataclass(frozen=True, slots=True)
class Related:
    """A relation as it is tried once: on one case, with one number drawn."""

    relation: Relation
    case: Case
    draw: int
    runner: CoreRunner

    def __str__(self) -> str:
        return f"relation {self.relation.name!r} (draw {self.draw})"

    @contextlib.contextmanager
    def changed(self, build: Build) -> Iterator[Build]:
        """A build whose target is given the changed input; TrialFailed where that is not made.

        `build` has the case's generated inputs already.
        """

        def lay(folder: Path) -> None:
            _lay_input(build.target, self.case, folder)

        try:
            output = self._run(self.relation.transform, build.target, lay)
        except TrialFailed as failure:
            raise TrialFailed(f"{self}: transform: {failure.message}", hint=failure.hint) from None
        try:
            yield replace(build, target=self._given(build.target, output.folder))
        finally:
            self.runner.discard(output)

    def objection(self, target: Target, before: Output, after: Output) -> str:
        """What the relation's own command has against two outputs, in words; empty: they fit."""

        def lay(folder: Path) -> None:
            for name, output in (("before", before), ("after", after)):
                _copy_files(output.folder, folder / name)
                shutil.copyfile(output.stdout, folder / f"{name}.stdout")

        try:
            self.runner.discard(self._run(self.relation.expect, target, lay))
        except TrialFailed as failure:
            return failure.message
        return ""

    def _run(self, command: tuple[str, ...], target: Target, lay: _Lay) -> Output:
        scripts = files_among(command, target.root)
        words = [f"{_SCRIPTS}/{Path(word).name}" if word in scripts else word for word in command]
        if command[0] in scripts:
            words[0] = str(target.root / command[0])
        words = list(self.case.filled_in(words, {DRAW: self.draw}))
        with tempfile.TemporaryDirectory(prefix="harness-relation-") as made:
            folder = Path(made)
            lay(folder)
            (folder / _SCRIPTS).mkdir()
            for script in scripts:
                shutil.copy2(target.root / script, folder / _SCRIPTS)
            inputs = tuple(sorted(folder.iterdir()))
            return run_beside(self.runner, target, self.relation.name, (tuple(words), inputs))

    def _given(self, target: Target, folder: Path) -> Target:
        """The target with what a transform left in a folder."""
        try:
            words = msgspec.json.decode((folder / ARGUMENTS).read_bytes(), type=list[str])
        except (OSError, msgspec.DecodeError) as problem:
            raise TrialFailed(f"{self}: transform left no list in {ARGUMENTS}: {problem}") from None
        if not (folder / STDIN).is_file():
            raise TrialFailed(f"{self}: transform left no {STDIN}")
        own = {ARGUMENTS, STDIN, _SCRIPTS}
        return replace(
            target,
            # They are filled in already: what looks like a placeholder is none.
            args=tuple(map(as_argument, words)),
            inputs=tuple(sorted(path for path in folder.iterdir() if path.name not in own)),
            inputs_by_name=True,
            stdin=folder / STDIN,
            generate=(),
        )


def _lay_input(target: Target, case: Case, folder: Path) -> None:
    """Lay out what the program would be given."""
    for place, path in target.input_places():
        to = folder / place
        to.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            shutil.copytree(path, to)
        else:
            shutil.copy2(path, to)
    (folder / ARGUMENTS).write_bytes(msgspec.json.encode(target.arguments(case)))
    (folder / STDIN).touch()
    if target.stdin is not None:
        shutil.copyfile(target.stdin, folder / STDIN)


def _copy_files(source: Path, to: Path) -> None:
    """Copy the ordinary files below a folder; links and pipes that a program left are not."""
    to.mkdir()
    for name in files_below(source):
        if (path := source / name).is_file() and not path.is_symlink():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, to / name)


def relation_files(relations: tuple[Relation, ...], root: Path) -> tuple[str, ...]:
    """The project's own files that relations are told by, relative to its root."""
    words = (word for each in relations for word in (*each.transform, *each.expect))
    return tuple(sorted(files_among(words, root)))
