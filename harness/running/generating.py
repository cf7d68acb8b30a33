"""Inputs that a task's generator makes for a case: one run of it per set of values.

The generator is a program of the project, run like a trial, in a folder of its own. The files
that it leaves there are inputs of every trial on that case, and what it prints is their standard
input.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field, replace
from pathlib import Path

from harness.errors import TrialFailed
from harness.frozen import dataclass
from harness.model import Build, Case, Command, Output, Target, WorkingFolder
from harness.system.process.opening import CoreRunner


@dataclass(frozen=True, slots=True)
class Made:
    """What a generator made for one case."""

    inputs: tuple[Path, ...]
    stdin: Path | None
    """What it printed; None where it printed nothing."""


@dataclass(slots=True)
class Generated:
    """What generators have made in this session; the runner removes it when it is closed."""

    runner: CoreRunner
    made: dict[tuple[str, tuple[str, ...]], Made] = field(default_factory=dict)

    def given(self, build: Build, case: Case) -> Build:
        """The build with the case's generated inputs among those of its target.

        Raises TrialFailed where the generator does not end well.
        """
        target = build.target
        if not target.generate:
            return build
        made = self._made(target, case)
        return replace(
            build,
            target=replace(
                target,
                inputs=(*target.inputs, *made.inputs),
                stdin=made.stdin if target.stdin is None else target.stdin,
            ),
        )

    def _made(self, target: Target, case: Case) -> Made:
        # The first who asks decides which tree's generator is run: all sides get the same inputs.
        command = replace(target, args=target.generate).arguments(case)
        key = (target.task, command)
        if key not in self.made:
            self.made[key] = _read(self._run(target, command), target)
        return self.made[key]

    def _run(self, target: Target, command: tuple[str, ...]) -> Output:
        files = _words_of_files(target)
        words = [Path(word).name if word in files else word for word in command]
        if command[0] in files:
            words[0] = str(target.root / command[0])
        try:
            return run_beside(
                self.runner, target, "generate", (tuple(words), tuple(_files_named(target)))
            )
        except TrialFailed as failure:
            raise TrialFailed(
                f"the generator {' '.join(command)!r} does not run: {failure.message}",
                hint=failure.hint,
            ) from None


def run_beside(
    runner: CoreRunner, target: Target, what: str, given: tuple[tuple[str, ...], tuple[Path, ...]]
) -> Output:
    """Run a command of the project's like a trial, in a folder of its own; to be discarded.

    `given` are its words, and the files and folders that it finds there by their names. Raises
    TrialFailed where it does not end well.
    """
    words, inputs = given
    helper = Target(
        name=f"{target.task}: {what}",
        task=target.task,
        adapter="command",
        root=target.root,
        inputs=inputs,
        inputs_by_name=True,
        env=target.env,
        timeout_ns=target.timeout_ns,
        max_output_bytes=target.max_output_bytes,
        working_folder=WorkingFolder.SCRATCH,
        jail=target.jail,
    )
    return runner.output(Command(words, env=target.env, target=helper))


def _read(output: Output, target: Target) -> Made:
    own = {path.name for path in _files_named(target)}
    inputs = sorted(path for path in output.folder.iterdir() if path.name not in own)
    printed = output.stdout.stat().st_size > 0
    return Made(tuple(inputs), output.stdout if printed else None)


def generator_files(target: Target) -> tuple[str, ...]:
    """The project's own files that a target's generator is made of, relative to its root."""
    return tuple(sorted(_words_of_files(target)))


def files_among(words: Iterable[str], root: Path) -> frozenset[str]:
    """Those of a command's words that name a file of the project."""
    own = (word for word in words if word and not Path(word).is_absolute())
    return frozenset(word for word in own if (root / word).is_file())


def _words_of_files(target: Target) -> frozenset[str]:
    return files_among(target.generate, target.root)


def _files_named(target: Target) -> Iterable[Path]:
    """The project's own files among the generator's words: scripts that it is run with."""
    return [target.root / word for word in sorted(_words_of_files(target))]
