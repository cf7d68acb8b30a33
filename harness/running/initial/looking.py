"""Walks through a project for programs, and groups those that seem to compute the same."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from harness.project.config_words import as_name
from harness.running.initial.found_program import FoundProgram
from harness.running.initial.found_suites import found_suites
from harness.running.initial.project_builds import built_programs
from harness.running.initial.single_sources import programs_of_one_source, shell_scripts

MOST_PROGRAMS = 40
_DEEPEST = 3
_MOST_FILES = 20_000
_LEFT_OUT = {
    *("node_modules", "target", "build", "dist", "vendor", "third_party", "site-packages", "venv"),
    *("__pycache__", "docs", "doc", "optim"),
}
_OF_TESTS = {"tests", "test", "testdata"}
"""Where suites may be, and no programs are looked for."""


def found_programs(root: Path) -> list[FoundProgram]:
    """The programs of a project, at most `MOST_PROGRAMS`: built ones first, then suites and
    single sources, and scripts of a shell at last."""
    built = list(built_programs(root))
    every = sorted(_files(root), key=lambda name: (name.count("/"), name))
    files = [name for name in every if not _OF_TESTS & {*name.split("/")[:-1]}]
    suites = list(found_suites(root, every, built))
    single = list(programs_of_one_source(root, files, built=bool(built)))
    found = [*built, *suites, *single]
    return [*found, *shell_scripts(root, files, alone=not found)][:MOST_PROGRAMS]


def named_targets(programs: list[FoundProgram]) -> Mapping[str, tuple[str, FoundProgram]]:
    """Target: (its task, the program).

    Programs of one stem, in capitals or not, in several languages are of one task. Of several in
    one language the first has it, and the others are of tasks that their folders name too.
    """
    languages: dict[str, set[str]] = {}
    tasks = []
    for program in programs:
        task = as_name(program.stem).lower()
        if program.adapter in languages.setdefault(task, set()):
            task = as_name(f"{program.place}-{program.stem}").lower()
        languages.setdefault(task, set()).add(program.adapter)
        tasks.append(task)
    found: dict[str, tuple[str, FoundProgram]] = {}
    for task, program in zip(tasks, programs, strict=True):
        name = f"{task}-{program.adapter}" if len(languages[task]) > 1 else task
        while name in found:
            name += "-2"
        found[name] = (task, program)
    return found


def _files(root: Path) -> Iterator[str]:
    """The files of a project, from its root; hidden ones, what is installed and tests are not."""
    count = 0
    for parent, folders, names in os.walk(root):
        here = Path(parent).relative_to(root)
        deep = len(here.parts) >= _DEEPEST
        kept = [f for f in folders if not f.startswith(".") and f not in _LEFT_OUT and not deep]
        folders[:] = sorted(kept)
        for name in sorted(names):
            count += 1
            if count > _MOST_FILES:
                return
            yield (here / name).as_posix()
