"""The cases of a task in `harness.toml`: values, and what blocks draw a value of.

A parameter is a value, or a table: `{ from = 1, to = 9 }` for a number in between, `{ any = [..] }`
for one of several values, `{ files = "data/*.txt" }` for the name of one of several files.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.errors import ConfigError
from harness.frozen import dataclass
from harness.model import Case, ParamValue, Target, Task
from harness.model.draws import Range
from harness.project.config_file import CaseSection, DrawSection, TaskSection

Refuse = Callable[[str, str], ConfigError]
"""The error for a key of the file, and what is wrong with its value."""


@dataclass(frozen=True, slots=True)
class _Drawn:
    """What a parameter is drawn from."""

    range: Range | None = None
    choices: tuple[ParamValue, ...] = ()

    @property
    def value(self) -> ParamValue:
        """What trials that belong to no block are given."""
        return self.range.low if self.range is not None else self.choices[0]


def case_of(name: str, section: CaseSection, root: Path, refuse: Refuse) -> Case:
    """The case of one table; raises what `refuse` makes of a value that makes no sense."""
    given: dict[str, Any] = dict(section.params)
    if section.seed is not None:
        given["seed"] = section.seed
    drawn = {
        key: _drawn(value, root, "seed" if key == "seed" else f"params.{key}", refuse)
        for key, value in given.items()
        if isinstance(value, DrawSection)
    }
    values = {key: drawn[key].value if key in drawn else value for key, value in given.items()}
    seed = values.pop("seed", None) if section.seed is not None else None
    if seed is not None and not isinstance(seed, int):
        raise refuse("seed", f"want a whole number, or a range of them, got {seed!r}")
    try:
        return Case(
            name,
            values,
            seed,
            {key: each.range for key, each in drawn.items() if each.range is not None},
            {key: each.choices for key, each in drawn.items() if each.choices},
            section.holdout,
        )
    except ValueError as problem:
        raise refuse("params", str(problem)) from None


def _drawn(table: DrawSection, root: Path, at: str, refuse: Refuse) -> _Drawn:
    ends = (table.low, table.high)
    ways = [any(end is not None for end in ends), table.any is not None, table.files is not None]
    if sum(ways) != 1 or (ways[0] and None in ends):
        raise refuse(at, "want `from` and `to`, or `any`, or `files`, one of the three")
    try:
        if table.low is not None and table.high is not None:
            return _Drawn(Range(table.low, table.high))
    except ValueError as problem:
        raise refuse(at, str(problem)) from None
    choices = tuple(table.any if table.any is not None else _files(table.files or "", root))
    if len(set(choices)) < 2:
        raise refuse(at, f"want two values at least to draw from, found {len(set(choices))}")
    return _Drawn(choices=choices)


def _files(pattern: str, root: Path) -> list[str]:
    """The files that a pattern names, as the project writes them."""
    if Path(pattern).is_absolute():
        return []
    return sorted(str(path.relative_to(root)) for path in root.glob(pattern) if path.is_file())


def generating(target: Target, task: Task, section: TaskSection, refuse: Refuse) -> Target:
    """The target with the command that makes its inputs, which every case can fill in."""
    command, where = tuple(section.generate), f"tasks.{task.name}.generate"
    if command and not command[0]:
        raise refuse(where, "the command names no program")
    for case in task.cases:
        try:
            replace(target, args=command).arguments(case)
        except ValueError as problem:
            raise refuse(where, str(problem)) from None
    return replace(target, generate=command)
