"""What has changed between two states of a project, and whether that can concern a target."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from harness.errors import HarnessError
from harness.model import Target
from harness.plugins import Adapters
from harness.project.config import Config
from harness.project.workload import OPTIM_FOLDER
from harness.system.git.writing import Git

DOCUMENTS = (".md", ".markdown", ".rst", ".adoc")
TITLES = ("LICENSE", "LICENCE", "COPYING", "AUTHORS", "NOTICE", "CHANGELOG", "CITATION")
FOLDERS = ("docs", "doc", ".github", ".gitlab", ".circleci", ".vscode", ".idea", OPTIM_FOLDER)
FILES = (".gitignore", ".editorconfig", ".gitlab-ci.yml", ".travis.yml", ".pre-commit-config.yaml")


def changed_files(git: Git, commit: str) -> tuple[str, ...]:
    """The files that differ here from a commit, those that are not tracked among them; sorted."""
    return tuple(sorted({*git.differing_here(commit), *git.changes().untracked}))


class Concerns:
    """Which changes can concern a target.

    All but documents, and settings of services and editors. What the target itself names concerns
    it, whatever it is, and so does harness.toml: a target may be new there.
    """

    def __init__(self, config: Config, git: Git, changed: Sequence[str]) -> None:
        self._adapters = Adapters(metrics=dict.fromkeys(config.metrics))
        self._top = git.top.resolve()
        self._changed = changed
        self._any = any(not is_document(name) for name in self._changed)

    def touched(self, target: Target) -> bool:
        """Can anything that has changed concern it?"""
        return self._any or any(
            _is_at_or_below(name, place) for place in self._named(target) for name in self._changed
        )

    def _named(self, target: Target) -> Iterable[str]:
        stdin = [target.stdin] if target.stdin is not None else []
        words = [target.root / word for word in target.args if word and "\0" not in word]
        try:
            options = self._adapters.get(target.adapter).paths(target)
        except HarnessError:
            options = ()  # measuring will say what is wrong with it
        named = [target.root / each.value for each in options]
        for path in (*target.sources, *target.inputs, *stdin, *target.build_inputs, *words, *named):
            real = path.parent.resolve() / path.name
            if real.is_relative_to(self._top):
                yield real.relative_to(self._top).as_posix()


def is_document(name: str) -> bool:
    """Is a file one that people or services read, and no program?"""
    path = PurePosixPath(name)
    if path.parts[0] in FOLDERS or path.name in FILES:
        return True
    return path.suffix.lower() in DOCUMENTS or path.stem.upper() in TITLES


def _is_at_or_below(name: str, place: str) -> bool:
    return place in (name, ".") or Path(name).is_relative_to(place)
