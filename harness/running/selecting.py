"""What a run runs: the cells that a caller names, or that a stored run had."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from harness.errors import UsageError
from harness.frozen import dataclass
from harness.model import Case, Target, Task, WorkingFolder
from harness.model.tasks import BENCHMARK, as_argument
from harness.project.config import Config, lookup
from harness.project.finding import required_config
from harness.running import Cell
from harness.running.cell_reports import EVERY
from harness.system.store.run_file import (
    StoredRun,
    find_run,
    read_run,
    readable_runs,
    run_folders,
)

RESUMABLE = ("ad hoc", "configured")
"""The origins of runs that can be made again from what is stored of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handling:
    """What is said of a file or program beside its arguments."""

    stdin: Path | None = None
    prepare: tuple[str, ...] = ()
    """A command that is run before each of its trials, untimed; empty: none."""
    conclude: tuple[str, ...] = ()
    """A command that is run after each of its trials, untimed."""
    ignore_output: bool = False


PLAIN = Handling()
"""Nothing is said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which targets of harness.toml are to be run, as a caller names them."""

    names: tuple[str, ...] = ()
    adapter: str | None = None
    task: str | None = None
    case: str | None = None


@dataclass(frozen=True, slots=True)
class Selected:
    """The cells that a selection means, and how they are found again when a run is resumed."""

    config: Config
    cells: tuple[Cell, ...]
    origin: Mapping[str, Any]
    notes: tuple[str, ...] = ()
    """What was guessed, for people."""


def ad_hoc_cell(
    adapter: str,
    source: str | None,
    arguments: Sequence[str],
    root: Path,
    handling: Handling = PLAIN,
) -> Cell:
    """A single file or program as a task, case and target of its own."""
    argv = tuple(map(as_argument, arguments))
    if source is None and not argv:
        raise UsageError(
            "nothing to run",
            hint=f'Name a file; or a program as `arguments`, with `adapter="{adapter}"`.',
        )
    sources: tuple[Path, ...] = ()
    if source is not None:
        if not (root / source).exists():
            raise UsageError(f"source not found: {source}", hint=f"Looked in {root}.")
        sources = (root / source,)
    stdin = handling.stdin
    if stdin is not None and not (root / stdin).is_file():
        raise UsageError(f"input: no such file: {stdin}", hint=f"Looked in {root}.")
    name = Path(source if source is not None else arguments[0]).name or "program"
    target = Target(
        name=name,
        task=name,
        adapter=adapter,
        root=root,
        sources=sources,
        args=argv,
        stdin=root / stdin if stdin is not None else None,
        prepare=(handling.prepare,) * bool(handling.prepare),
        conclude=(handling.conclude,) * bool(handling.conclude),
        working_folder=WorkingFolder.ROOT,
    )
    task = Task(name, (Case("default"),), ignores_output=handling.ignore_output)
    return Cell(task, task.case(), target)


def going_on(stored: StoredRun) -> str:
    """What goes on with an interrupted run, or begins it again: a command, where one made it."""
    kind = stored.plan.get("origin", {}).get("kind")
    if kind in RESUMABLE:
        return f"harness run --resume {stored.id}"
    words = [str(word) for word in stored.plan.get("command", ())]
    typed = words[:1] in (["run"], ["compare"])
    if kind != "sweep":
        again = shlex.join(["harness", *words]) if typed else "The same call"
        return f"{again} begins it anew; what was measured is kept in its folder."
    if not typed:
        return "The same call with resume=True goes on."
    if "--resume" not in words:
        words.insert(words.index("--") if "--" in words else len(words), "--resume")
    return shlex.join(["harness", *words])


def stored_cells(stored: StoredRun, config: Config) -> tuple[Config, list[Cell]]:
    """The cells of an interrupted run, found again."""
    origin = stored.plan["origin"]
    if origin.get("kind") == "ad hoc":
        root = Path(origin["root"])
        handling = Handling(
            stdin=Path(origin["stdin"]) if origin.get("stdin") else None,
            prepare=tuple(origin.get("prepare", ())),
            conclude=tuple(origin.get("conclude", ())),
            ignore_output=origin.get("ignore_output", False),
        )
        given = origin["adapter"], origin["source"], origin["arguments"]
        cell = ad_hoc_cell(*given, root, handling)
        return Config(root=root), [cell]
    if origin.get("kind") != "configured":
        raise UsageError(
            f"{stored.id} cannot be resumed by its id: it is a {origin.get('kind')}",
            hint=going_on(stored),
        )
    params = {(task, case): given for task, case, given in stored.plan.get("params", ())}
    cells = []
    for name, case, target in stored.plan["cells"]:
        task, own = config.task(name), config.target(target)
        given = params.get((name, case), {})
        if BENCHMARK in given and case not in {known.name for known in task.cases}:
            task = replace(task, ignores_output=not task.outputs)  # as `with_benchmarks` made it
            cells.append(Cell(task, replace(task.case(), name=case, params=given), own))
        else:
            cells.append(Cell(task, config.case_of(own, case), own))
    return config, cells


def select(selection: Selection, config: Config) -> Selected:
    """The cells of the configured targets that are named."""
    required_config(config)
    cells = configured_cells(config, selection)
    every = {EVERY: True} if not selection.names and selection.adapter is None else {}
    notes = _other_cases(cells) if selection.case is None else ()
    return Selected(config, tuple(cells), {"kind": "configured", **every}, notes)


def _other_cases(cells: Sequence[Cell]) -> tuple[str, ...]:
    """That tasks have further cases, which are not run where none is named."""
    tasks = {cell.task.name: cell for cell in cells if len(cell.task.cases) > 1}
    if not tasks:
        return ()
    firsts = ", ".join(f"{name} {cell.case.name}" for name, cell in tasks.items())
    other = next(iter(tasks.values())).task.cases[1].name
    return (
        f"only each task's first case is run ({firsts}); each other one by a run of its own, such"
        f" as --case {other}",
    )


def refuse_input() -> NoReturn:
    """What targets of harness.toml read is a part of what they are."""
    raise UsageError(
        "`input` is for a file or program; what a target reads stands in harness.toml",
        hint='Say its adapter (`adapter="command"`), or stdin = "FILE" in the target\'s table.',
    )


def configured_cells(config: Config, selection: Selection) -> list[Cell]:
    """The configured targets that fit the names, adapter and task asked for."""
    from harness.plugins import Adapters
    from harness.running.suites import case_before_building, is_of_suite

    adapters = Adapters()
    if selection.adapter is not None:
        adapters.get(selection.adapter)
    if selection.task is not None:
        config.task(selection.task)
    targets = [config.target(name) for name in selection.names] or list(config.targets.values())
    chosen = [
        t
        for t in targets
        if selection.adapter in (None, t.adapter) and selection.task in (None, t.task)
    ]
    if not chosen:
        raise UsageError(
            "no target fits" + (f" adapter {selection.adapter!r}" if selection.adapter else ""),
            hint=f"{config.path} has: {', '.join(config.targets) or 'no targets'}.",
        )
    cells = []
    for target in chosen:
        task = config.task(target.task)
        cases = {case.name: case for case in task.cases}
        named = selection.case
        elsewhere = named is not None and named not in cases and selection.task is None
        if named and elsewhere and not is_of_suite(config, target, named, adapters.get):
            continue
        case = case_before_building(config, target, named, adapters.get)
        cells.append(Cell(task, case, config.target(target.name)))
    if not cells:
        assert selection.case is not None
        every = {case.name: case for task in config.tasks.values() for case in task.cases}
        lookup(every, selection.case, "case", config.path)
    return cells


def has_interrupted(results: Path) -> bool:
    """Is there a run that was interrupted here and can go on?"""
    return _interrupted(results) is not None


def find_interrupted(results: Path, run_id: str) -> StoredRun:
    """The stored run of an id or its beginning; of none, the latest that can go on."""
    if run_id:
        return read_run(find_run(results, run_id))
    found = _interrupted(results)
    if found is not None:
        return found
    raise UsageError(
        f"no run in {results} was interrupted", hint="`harness history` lists all runs."
    )


def _interrupted(results: Path) -> StoredRun | None:
    # The latest that can go on, not the latest: one that is damaged or finished is in nobody's way.
    for stored in readable_runs(reversed(run_folders(results))):
        if not stored.finished and stored.plan.get("origin", {}).get("kind") in RESUMABLE:
            return stored
    return None
