"""The keyword arguments of the Python API, and what its callers name: targets, files, commands."""

from __future__ import annotations

import datetime
import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any, Literal, TypedDict, cast, get_type_hints

from harness.analysis.question import AUTO
from harness.errors import UsageError
from harness.model import Jail, Metric, Mode, ProfileBy
from harness.model.draws import Seeds
from harness.model.suggesting import nearest
from harness.project.config import Config
from harness.project.finding import read_config
from harness.project.state_folder import results_of
from harness.running.listening import Progress
from harness.running.naming import (
    Named,
    TargetSpec,
    Wishes,
    as_words,
    check_program,
    command_of,
    name_of,
    named_by,
)
from harness.running.pairs import Program
from harness.running.selecting import Handling, Selected, Selection, refuse_input, select
from harness.running.settings import Asked, Settings, read_settings
from harness.running.trying_options import Trying

COMPARE_BUDGET_NS = 60_000_000_000
"""How long a comparison measures at most where nothing else is asked for."""


class Surroundings(TypedDict, total=False):
    """Where the configuration is, and who is told what goes on."""

    config: Config | str | PathLike[str]
    progress: Progress


class Place(Surroundings, total=False):
    """Where the stored runs are, too."""

    results: str | PathLike[str]


class ProgramOptions(Place, total=False):
    """The arguments that say how a file or a program is run which no configuration declares."""

    adapter: str
    arguments: Sequence[str]
    input: str | PathLike[str]
    prepare: str | Sequence[str]
    conclude: str | Sequence[str]
    shell: bool
    ignore_output: bool


class SweepWishes(TypedDict, total=False):
    """What is swept; `run` and `compare` take it too, and then give a SweepResult."""

    sweep: Mapping[str, object] | str | Sequence[str]
    matrix: Mapping[str, object] | str | Sequence[str]
    resume: bool
    yes: bool
    point: int


class MeasureOptions(Asked, ProgramOptions, total=False):
    """The keyword arguments of `run` and of `compare` but for those of a sweep."""

    settings: Settings
    case: str
    executor: str


class ComparedOptions(MeasureOptions, total=False):
    """The keyword arguments of `compare` but for those of a sweep."""

    task: str | Sequence[str]
    tag: str


class CompareOptions(SweepWishes, ComparedOptions, total=False):
    """The keyword arguments of `compare`."""


class RunOptions(SweepWishes, MeasureOptions, total=False):
    """The keyword arguments of `run`."""

    task: str


class HostsOptions(MeasureOptions, total=False):
    """The keyword arguments of `on_hosts`."""

    task: str
    hosts: int | str | Sequence[str]


class ProfileWishes(TypedDict, total=False):
    """How a profile is made: the keyword arguments of `harness.profile`."""

    by: ProfileBy | str
    tool: str
    function: str
    memory: bool
    against: str
    trials: int


class ProfileOptions(ProfileWishes, Surroundings, total=False):
    """The keyword arguments of `profile`."""

    adapter: str
    arguments: Sequence[str]
    case: str
    cases: str | Sequence[str]
    campaign: str


class TryOptions(Place, total=False):
    """The keyword arguments of `try_variants`."""

    target: str
    flags: str | Sequence[str]
    case: str
    settings: Settings
    metric: Metric | str
    budget: str | float
    max_trials: int
    warmup: int
    seed: int
    seeds: Seeds | str
    given: str
    cpus: str | int | Sequence[int]
    jail: Jail | str
    vary_layout: bool
    metrics: str | Sequence[str]
    confidence: float
    threshold: float | str
    guard: str | Sequence[str] | Mapping[str, str]
    together: bool


class StoredOptions(Place, total=False):
    """Which stored blocks are judged, and what decides."""

    case: str
    mode: Mode | str
    metric: Metric | str
    confidence: float
    threshold: float | str
    guard: str | Sequence[str] | Mapping[str, str]


class HistoryOptions(Place, total=False):
    """Which stored runs are listed."""

    task: str
    target: str
    since: str | datetime.date | datetime.timedelta


class TrendOptions(HistoryOptions, total=False):
    """The keyword arguments of `trends`."""

    metric: Metric | str
    path: str | PathLike[str]
    per_comparison: bool


class BisectOptions(Asked, Place, total=False):
    """The keyword arguments of `bisect`."""

    settings: Settings
    case: str
    anew: bool


class ReportOptions(Place, total=False):
    """Which run or task a page is about, and the files that it becomes."""

    task: str
    path: str | PathLike[str]
    format: str
    plots: str | PathLike[str]


class LoadOptions(TypedDict, total=False):
    """What of the stored runs is read, and how."""

    of: Literal["trials", "measurements", "targets"]
    columns: str | Sequence[str] | None
    target: str | None


def check_keywords(name: str, options: Mapping[str, Any], known: type) -> None:
    """TypeError for a keyword argument that a function does not have, as Python's own."""
    keywords: frozenset[str] = known.__optional_keys__  # type: ignore[attr-defined]
    for keyword in options:
        if keyword not in keywords:
            near = nearest(keyword, keywords)
            meant = f"; did you mean {near!r}?" if near else ""
            raise TypeError(f"{name}() got an unexpected keyword argument {keyword!r}{meant}")
    _check_values(options, [key for key, kind in get_type_hints(known).items() if kind is str])


_PATHS = ("results", "input", "path", "plots", "report")


def _check_values(options: Mapping[str, Any], texts: Collection[str]) -> None:
    """UsageError for a keyword's value that is of no use, before anything is looked for.

    `texts` are the keywords that the function declares as `str`.
    """
    progress, settings = options.get("progress"), options.get("settings")
    if progress is not None and not callable(progress):
        raise UsageError(f"progress: want a function of one event, got {progress!r}")
    if settings is not None and not isinstance(settings, Settings):
        raise UsageError(
            f"settings: want harness.Settings(...), got {settings!r}",
            hint="Each option is a keyword argument too: trials=3.",
        )
    for name in (*texts, *_PATHS, "config"):
        value, what = options.get(name), "text" if name in texts else "path"
        kinds: tuple[type, ...] = (str,) if name in texts else (str, PathLike)
        if value is not None and not isinstance(value, (*kinds, *[Config] * (name == "config"))):
            raise UsageError(f"{name}: want a {what}, got {value!r}")


def arguments_of(options: Mapping[str, Any]) -> tuple[str, ...]:
    """A program's own arguments as words; UsageError for what is no list of them."""
    given = options.get("arguments")
    return () if given is None else as_words(given, "arguments: want a list of words")


def config_of(options: Surroundings) -> Config:
    """The configuration that is meant; the empty one where there is none."""
    given = options.get("config")
    if isinstance(given, Config):
        return given
    return read_config(Path(given) if given is not None else None, required=False)


def runs_of(options: Place, config: Config) -> Path:
    """The folder of stored runs."""
    given = options.get("results")
    return Path(given) if given is not None else results_of(config.root)


def settings_of(options: MeasureOptions | StoredOptions | BisectOptions) -> Settings:
    """The settings asked for: those of `settings`, with what is said beside them."""
    given = {name: value for name, value in options.items() if name in Asked.__optional_keys__}
    return read_settings(given, over=cast(MeasureOptions, options).get("settings"))


def trying_of(options: TryOptions) -> Trying:
    """How variants are tried; UsageError for what makes no sense of a race."""
    given = {name: value for name, value in options.items() if name in Asked.__optional_keys__}
    metric = given.pop("metric", None)
    named = metric.value if isinstance(metric, Metric) else cast("str | None", metric)
    timed = named in (Metric.WALL.value, Metric.CPU.value)
    if timed:
        given["metric"] = named
    settings = comparison_settings(read_settings(given, over=options.get("settings")))
    if settings.trials is not None or settings.question.precision is not None:
        raise UsageError(
            "a race ends when it knows who leads: `trials` and `precision` say otherwise",
            hint="`budget` and `max_trials` bound it.",
        )
    if settings.question.metric is Metric.MEMORY or named == Metric.MEMORY.value:
        raise UsageError(
            "variants are raced by time, or by a figure that the target declares",
            hint="`harness compare` compares two by peak memory.",
        )
    return Trying(settings, named or AUTO, together=options.get("together", True))


def comparison_settings(settings: Settings) -> Settings:
    """The settings, with the budget of a comparison where nothing else ends it."""
    if settings.trials is None and settings.budget_ns is None:
        return replace(settings, budget_ns=COMPARE_BUDGET_NS)
    return settings


def wishes_of(options: ProgramOptions, config: Config) -> Wishes:
    """What is said of all files and programs of a call."""
    shell, given = options.get("shell", False), options.get("input")
    around = {
        name: command_of(cast("str | Sequence[str]", line), shell=shell)
        for name in ("prepare", "conclude")
        if (line := options.get(name))
    }
    if not shell:
        for words in around.values():
            check_program(words[0])
    handling = Handling(
        stdin=Path(given) if given is not None else None,
        ignore_output=options.get("ignore_output", False),
        **around,
    )
    return Wishes(
        config=config,
        adapter=options.get("adapter"),
        arguments=arguments_of(options),
        shell=shell,
        targets_meant=options.get("config") is not None,
        handling=handling,
    )


def selected_cells(targets: Sequence[TargetSpec], options: RunOptions) -> Selected:
    """The cells that the arguments of `run` mean."""
    config = config_of(options)
    named = _program_of(targets, wishes_of(options, config))
    if named is not None and (program := named.program) is not None:
        if options.get("task") or options.get("case"):
            raise UsageError("`task` and `case` are of harness.toml; a file or program has none")
        if program.commit is not None:
            raise UsageError(
                f"{program.label}: one program at a revision is compared with another one",
                hint=f"`harness.compare({program.label!r}, {program.source!r})`",
            )
        return replace(program.alone(), notes=(named.note,) * bool(named.note))
    refuse_handling(options)
    return select(
        Selection(
            names=tuple(map(name_of, targets)),
            adapter=options.get("adapter"),
            task=options.get("task"),
            case=options.get("case"),
        ),
        config,
    )


def _program_of(targets: Sequence[TargetSpec], wishes: Wishes) -> Named | None:
    """The one file or program that is named; None where targets are."""
    if not targets and wishes.arguments:
        program = Program(
            label=shlex.join(wishes.arguments),
            adapter=wishes.adapter or "command",
            arguments=wishes.arguments,
            handling=wishes.handling,
        )
        return Named(program.label, program)
    # Of targets, an adapter says which of them are meant, and nothing of what they are.
    named = [name_of(spec) in wishes.config.targets and not wishes.shell for spec in targets]
    if wishes.adapter is not None and all(named):
        return None
    sides = [named_by(spec, wishes) for spec in targets]
    programs = [side for side in sides if side.program is not None]
    if programs and len(targets) > 1:
        raise UsageError(
            f"one file or command at a time, got {', '.join(side.label for side in sides)}",
            hint="`harness compare` takes several.",
        )
    return next(iter(programs), None)


def refuse_handling(options: ProgramOptions) -> None:
    """UsageError for what is said of programs where targets of harness.toml are meant."""
    if options.get("input") is not None:
        refuse_input()
    for name in ("prepare", "conclude", "shell", "ignore_output"):
        if options.get(name):
            raise UsageError(
                f"`{name}` is for files and programs; a target's stand in harness.toml",
                hint="Its keys: setup, prepare, conclude, cleanup; its task's outputs are checked.",
            )
    if options.get("arguments"):
        raise UsageError(
            "`arguments` are a file's or program's; which adapter?",
            hint='Say `adapter="c"`, julia, python or command; a target\'s stand in harness.toml.',
        )
