"""What `harness run` runs: the cells that its command line names, or that a stored run had."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from harness.cli.shared.session import ad_hoc_cell, read_config
from harness.errors import UsageError
from harness.project.config import Config, lookup
from harness.running import Cell, Settings
from harness.system.store.run_file import StoredRun


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line of `harness run` says."""

    names: tuple[str, ...]
    arguments: tuple[str, ...]
    adapter: str | None
    stdin: Path | None
    task: str | None
    case: str | None
    settings: Settings
    config_path: Path | None
    results: Path | None
    resume: str | None
    phases: bool
    show_metrics: bool
    style: str


def stored_cells(stored: StoredRun, config: Config) -> tuple[Config, list[Cell]]:
    """The cells of an interrupted run, found again."""
    origin = stored.plan["origin"]
    if origin.get("kind") == "ad hoc":
        root = Path(origin["root"])
        stdin = Path(origin["stdin"]) if origin.get("stdin") else None
        given = origin["adapter"], origin["source"], origin["arguments"]
        cell = ad_hoc_cell(*given, root, stdin=stdin)
        return Config(root=root), [cell]
    if origin.get("kind") != "configured":
        raise UsageError(
            f"{stored.id} cannot be resumed: it was made by `harness {origin.get('kind')}`",
            hint="Give the same command again; what was measured is kept in its folder.",
        )
    cells = [
        Cell(task, config.case_of(config.target(target), case), config.target(target))
        for task, case, target in (
            (config.task(name), case, target) for name, case, target in stored.plan["cells"]
        )
    ]
    return config, cells


def select(options: Options) -> tuple[Config, list[Cell], dict[str, Any]]:
    """The cells that the command line names, and how `--resume` finds them again."""
    if options.arguments or _is_file(options):
        if len(options.names) > 1:
            raise UsageError(
                f"one file at a time, got {' '.join(options.names)}",
                hint="Several programs are compared as targets of harness.toml.",
            )
        if options.task or options.case:
            raise UsageError("--task and --case are of harness.toml; a file or program has none")
        if options.adapter is None:
            raise UsageError(
                "which adapter?",
                hint="Say --adapter c, julia, python or command. What follows `--` are a file's or"
                " program's arguments; a target's stand in harness.toml.",
            )
        source = options.names[0] if options.names else None
        root = Path.cwd()
        cell = ad_hoc_cell(options.adapter, source, options.arguments, root, stdin=options.stdin)
        origin = {
            "kind": "ad hoc",
            "adapter": options.adapter,
            "source": source,
            "arguments": options.arguments,
            "root": root,
            "stdin": cell.target.stdin,
        }
        return Config(root=root), [cell], origin
    if options.stdin is not None:
        refuse_input()
    _refuse_files(options.names, read_config(options.config_path, required=False))
    config = read_config(options.config_path)
    return config, configured_cells(config, options), {"kind": "configured"}


def refuse_input() -> NoReturn:
    """What targets of harness.toml read is a part of what they are."""
    raise UsageError(
        "--input is for a file or program; what a target reads stands in harness.toml",
        hint='Say its adapter (--adapter command), or stdin = "FILE" in the target\'s table.',
    )


def _refuse_files(names: Sequence[str], config: Config) -> None:
    """Say how a file is run that was named as if it were a target."""
    for name in names:
        if name not in config.targets and Path(name).is_file():
            adapter = {".c": "c", ".jl": "julia", ".py": "python"}.get(Path(name).suffix, "command")
            raise UsageError(
                f"{name} is a file, and no target",
                hint=f"Say its adapter, one file at a time: harness run --adapter {adapter} {name}",
            )


def _is_file(options: Options) -> bool:
    """A name is a file where it is not a target and an adapter is said."""
    if len(options.names) != 1 or options.adapter is None:
        return False
    return options.names[0] not in read_config(options.config_path, required=False).targets


def configured_cells(config: Config, options: Options) -> list[Cell]:
    """The configured targets that fit the names, adapter and task asked for."""
    from harness.plugins import Adapters

    if options.adapter is not None:
        Adapters().get(options.adapter)
    if options.task is not None:
        config.task(options.task)
    targets = [config.target(name) for name in options.names] or list(config.targets.values())
    chosen = [
        t
        for t in targets
        if options.adapter in (None, t.adapter) and options.task in (None, t.task)
    ]
    if not chosen:
        raise UsageError(
            "no target fits" + (f" adapter {options.adapter!r}" if options.adapter else ""),
            hint=f"{config.path} has: {', '.join(config.targets) or 'no targets'}.",
        )
    cells = []
    for target in chosen:
        task = config.task(target.task)
        cases = {case.name: case for case in task.cases}
        if options.case is not None and options.case not in cases and options.task is None:
            continue
        case = config.case_of(target, options.case)
        cells.append(Cell(task, case, config.target(target.name)))
    if not cells:
        assert options.case is not None
        every = {case.name: case for task in config.tasks.values() for case in task.cases}
        lookup(every, options.case, "case", config.path)
    return cells
