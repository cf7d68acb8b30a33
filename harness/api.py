"""The Python API: what `import harness` hands out, and what the command line itself calls.

Each function does what the command of its name does, with the command's options as keyword
arguments, and gives a frozen value: `to_dict()` is the `result` of the command's JSON, and a
notebook shows it as a table. `docs/api.md` describes it all.
"""

from __future__ import annotations

import contextlib
import shlex
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypedDict, Unpack

from harness.errors import NotAllowed, UsageError
from harness.project.config import Config
from harness.project.finding import read_config, required_config
from harness.project.state_folder import results_of
from harness.running import Settings
from harness.running.experiment import Experiment, perform
from harness.running.listening import Progress, Telling
from harness.running.reports import Report
from harness.running.results import ComparisonResult, RunResult
from harness.running.selecting import (
    Selected,
    Selection,
    adapter_of,
    find_interrupted,
    refuse_input,
    select,
    stored_cells,
)
from harness.running.session import Session, open_session
from harness.running.settings import Asked, of_plan, read_settings

if TYPE_CHECKING:
    import pandas as pd

    from harness.running.pairs import Program

TargetSpec: TypeAlias = "str | PathLike[str] | Sequence[str]"
"""A target of harness.toml, a file, or a command as a list of words."""

COMPARE_BUDGET_NS = 60_000_000_000
"""How long a comparison measures at most where nothing else is asked for."""


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, after everything measured so far was stored; `result` has it."""

    def __init__(self, result: RunResult | ComparisonResult) -> None:
        super().__init__("interrupted; everything measured is kept")
        self.result = result


class Place(TypedDict, total=False):
    """Where the configuration and the stored runs are, and who is told what goes on."""

    config: Config | str | PathLike[str]
    results: str | PathLike[str]
    progress: Progress


class ProgramOptions(Place, total=False):
    """Of files and programs."""

    adapter: str
    arguments: Sequence[str]
    input: str | PathLike[str]


class CompareOptions(Asked, ProgramOptions, total=False):
    """The keyword arguments of `compare`."""

    settings: Settings
    case: str


class RunOptions(CompareOptions, total=False):
    """The keyword arguments of `run`."""

    task: str


def run(*targets: TargetSpec, **options: Unpack[RunOptions]) -> RunResult:
    """Build, check, time and store targets: those named, or all that fit.

    Raises Interrupted after Ctrl-C, and UsageError for what makes no sense. A target that fails
    raises nothing: see `failures` and `ok` of the result.
    """
    check_keywords("run", options, RunOptions)
    settings = settings_of(options)
    selected = _selected(targets, options)
    experiment = Experiment(selected.cells, settings, origin=selected.origin)
    return _performed(selected.config, options, experiment)


def resume(run_id: str = "", **options: Unpack[Place]) -> RunResult:
    """Go on with an interrupted run by its stored plan: of an id, or the latest one.

    One that is finished already is read back. Raises UsageError where no run was interrupted.
    """
    from harness.running.reading_back import report_of
    from harness.system.store.runs import check_run, making_sense

    check_keywords("resume", options, Place)
    config = config_of(options)
    stored = find_interrupted(runs_of(options, config), run_id)
    if stored.finished:
        check_run(stored)
        with making_sense(stored.folder):
            return RunResult(report_of(stored))
    with making_sense(stored.folder):
        config, cells = stored_cells(stored, config)
        settings, origin = of_plan(stored.plan), stored.plan["origin"]
    experiment = Experiment(tuple(cells), settings, origin=origin)
    return _performed(config, options, experiment, stored.folder)


def compare(
    reference: TargetSpec, candidate: TargetSpec, **options: Unpack[CompareOptions]
) -> ComparisonResult:
    """Say which of two is faster: each a target, TARGET@REVISION, a file or a command.

    Both run interleaved until the verdict is sure or the budget ends (60 s unless you say
    otherwise). Raises Interrupted after Ctrl-C, and UsageError for what makes no sense.
    """
    check_keywords("compare", options, CompareOptions)
    settings = comparison_settings(settings_of(options))
    labels = label_of(reference), label_of(candidate)
    check_apart(*labels)
    programs = _programs((reference, candidate), options)
    config = Config(root=Path.cwd()) if programs else required_config(config_of(options))
    with (
        measuring(config, options, settings.metrics, apart=not programs) as session,
        _cells_of(session, programs or labels, options.get("case")) as cells,
    ):
        experiment = Experiment(
            tuple(cells),
            settings,
            pairs=(labels,),
            origin={"kind": "compare", "specs": list(labels)},
        )
        report = perform(session.orchestrator, session.results, experiment)
        report = report if programs else _with_doubts(session, report, labels)
    result = ComparisonResult(report, *labels)
    if report.interrupted:
        raise Interrupted(result)
    return result


def load(
    results: str | PathLike[str] | RunResult | ComparisonResult | None = None,
    *,
    of: Literal["trials", "measurements"] = "trials",
) -> pd.DataFrame:
    """Stored trials, or measurements, as a table of pandas: one row each.

    `results` is a folder of runs, the folder of one run, or what `run` or `compare` gave; left
    out, the results of the project around the current folder.
    """
    from harness.running.loading import measurements_frame, trials_frame

    if isinstance(results, (RunResult, ComparisonResult)):
        folder = results.folder
    else:
        folder = Path(results) if results is not None else runs_of({}, config_of({}))
    if of not in ("trials", "measurements"):
        raise UsageError(f"of: want trials or measurements, got {of!r}")
    return trials_frame(folder) if of == "trials" else measurements_frame(folder)


# -- what the functions and `Project` share --------------------------------------------------------

_AT_WORK = threading.Lock()


@contextlib.contextmanager
def measuring(
    config: Config, options: Place, metrics: Sequence[str] = (), *, apart: bool = False
) -> Iterator[Session]:
    """A session for one call; NotAllowed where another call measures in this process.

    Two that measure at once would disturb each other, and a process's descendants are watched for
    the process as a whole.
    """
    with one_at_a_time():
        progress = options.get("progress")
        listener = Telling(progress) if progress is not None else None
        results = options.get("results")
        folder = Path(results) if results is not None else None
        with open_session(config, folder, listener, apart=apart, metrics=metrics) as session:
            yield session


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Hold what lets one call of this process measure; NotAllowed where another one does."""
    if not _AT_WORK.acquire(blocking=False):
        raise NotAllowed(
            "another call of harness measures in this process",
            hint="Wait for it: what runs at the same time disturbs what is timed.",
        )
    try:
        yield
    finally:
        _AT_WORK.release()


def check_keywords(name: str, options: Mapping[str, Any], known: type) -> None:
    """TypeError for a keyword argument that a function does not have, as Python's own."""
    keywords: frozenset[str] = known.__optional_keys__  # type: ignore[attr-defined]
    for keyword in options:
        if keyword not in keywords:
            import difflib

            near = difflib.get_close_matches(keyword, keywords, n=1)
            meant = f"; did you mean {near[0]!r}?" if near else ""
            raise TypeError(f"{name}() got an unexpected keyword argument {keyword!r}{meant}")


def config_of(options: Place) -> Config:
    """The configuration that is meant; the empty one where there is none."""
    given = options.get("config")
    if isinstance(given, Config):
        return given
    return read_config(Path(given) if given is not None else None, required=False)


def runs_of(options: Place, config: Config) -> Path:
    """The folder of stored runs."""
    given = options.get("results")
    return Path(given) if given is not None else results_of(config.root)


def settings_of(options: CompareOptions) -> Settings:
    """The settings asked for: those of `settings`, with what is said beside them."""
    given = {name: value for name, value in options.items() if name in Asked.__optional_keys__}
    return read_settings(given, over=options.get("settings"))


def comparison_settings(settings: Settings) -> Settings:
    """The settings, with the budget of a comparison where nothing else ends it."""
    if settings.trials is None and settings.budget_ns is None:
        return replace(settings, budget_ns=COMPARE_BUDGET_NS)
    return settings


def check_apart(reference: str, candidate: str) -> None:
    """UsageError where a target is to be compared with itself."""
    if reference == candidate:
        raise UsageError(
            f"{reference} against itself has no answer",
            hint=f"Compare two targets, or one at two revisions: {reference}@main {reference}.",
        )


def label_of(spec: TargetSpec) -> str:
    """What a target, file or command is called in results."""
    return shlex.join(_words(spec)) or _name(spec)


def _words(spec: TargetSpec) -> tuple[str, ...]:
    """The words of a command; none of a name or path."""
    return () if isinstance(spec, (str, PathLike)) else tuple(spec)


def _name(spec: TargetSpec) -> str:
    """A name or path as text; empty of a command."""
    return fspath(spec) if isinstance(spec, (str, PathLike)) else ""


def _performed(
    config: Config, options: Place, experiment: Experiment, folder: Path | None = None
) -> RunResult:
    with measuring(config, options, experiment.settings.metrics) as session:
        report = perform(session.orchestrator, session.results, experiment, folder)
    result = RunResult(report)
    if report.interrupted:
        raise Interrupted(result)
    return result


def _selected(targets: Sequence[TargetSpec], options: RunOptions) -> Selected:
    """The cells that the arguments of `run` mean."""
    config = config_of(options)
    commands = [words for spec in targets if (words := _words(spec))]
    names = tuple(name for spec in targets if (name := _name(spec)))
    if commands and len(targets) > 1:
        raise UsageError("one command at a time; compare takes two")
    adapter = options.get("adapter") or ("command" if commands else None)
    if adapter is None and len(names) == 1 and _is_file(names[0], config):
        adapter = adapter_of(Path(names[0]))
    arguments = commands[0] if commands else tuple(options.get("arguments", ()))
    selection = Selection(
        names=names,
        arguments=arguments,
        adapter=adapter,
        stdin=_input_of(options),
        task=options.get("task"),
        case=options.get("case"),
    )
    return select(selection, config)


def _is_file(name: str, config: Config) -> bool:
    """Is a name that of a file, and of no target?"""
    return name not in config.targets and Path(name).is_file()


def _input_of(options: ProgramOptions) -> Path | None:
    given = options.get("input")
    return Path(given) if given is not None else None


def _programs(specs: Sequence[TargetSpec], options: CompareOptions) -> list[Program]:
    """Two files or programs; nothing where targets are meant. UsageError for one of each."""
    from harness.running.pairs import Program

    adapter, arguments = options.get("adapter"), tuple(options.get("arguments", ()))
    config = config_of(options) if adapter is None else Config(root=Path.cwd())
    programs: list[Program] = []
    for spec in specs:
        name, words = _name(spec), _words(spec)
        if words:
            made = Program(label=label_of(spec), adapter="command", arguments=(*words, *arguments))
        elif adapter is not None or _is_file(name, config):
            kind = adapter or adapter_of(Path(name))
            made = Program(label=name, adapter=kind, source=name, arguments=arguments)
        else:
            continue
        programs.append(replace(made, stdin=_input_of(options)))
    if len(programs) == 1:
        raise UsageError(
            f"{programs[0].label} is a file or command, the other one a target: they have no task"
            " in common",
            hint="Compare two files or commands, or declare both as targets of harness.toml.",
        )
    _check_words(bool(programs), options)
    return programs


def _check_words(programs: bool, options: CompareOptions) -> None:
    """UsageError for what is said of programs where targets are compared, and vice versa."""
    if programs:
        for name in ("case", "config"):
            if options.get(name) is not None:
                raise UsageError(f"--{name} is of harness.toml; a file or program has none")
        return
    if options.get("input") is not None:
        refuse_input()
    if options.get("arguments"):
        raise UsageError(
            "what follows `--` are a file's or program's arguments; which adapter?",
            hint="Say --adapter c, julia, python or command; a target's stand in harness.toml.",
        )


@contextlib.contextmanager
def _cells_of(
    session: Session, sides: Sequence[Program] | Sequence[str], case: str | None
) -> Iterator[Sequence[Any]]:
    from harness.running.pairs import Program, check_comparable, program_cells, target_cells

    programs = [side for side in sides if isinstance(side, Program)]
    if programs:
        yield program_cells(programs)
        return
    with target_cells(session, [str(side) for side in sides], case) as cells:
        check_comparable(*cells)
        yield cells


def _with_doubts(session: Session, report: Report, labels: tuple[str, str]) -> Report:
    from harness.bench.doubts import one_program

    doubts = one_program(session, report, labels)
    return replace(report, run=replace(report.run, warnings=(*report.run.warnings, *doubts)))
