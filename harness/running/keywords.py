"""The keyword arguments of the Python API, and what its callers name: targets, files, commands."""

from __future__ import annotations

import datetime
import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from os import PathLike, fspath
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypedDict, cast, get_type_hints

from harness.analysis.race_columns import AUTO
from harness.errors import UsageError
from harness.model import Jail, Metric, Mode, ProfileBy
from harness.model.draws import Seeds
from harness.model.suggesting import nearest
from harness.project.config import Config
from harness.project.finding import read_config
from harness.project.state_folder import results_of
from harness.running.listening import Progress
from harness.running.pairs import Program
from harness.running.selecting import Selected, Selection, adapter_of, refuse_input, select
from harness.running.settings import Asked, Settings, read_settings
from harness.running.trying_options import Trying

TargetSpec: TypeAlias = "str | PathLike[str] | Sequence[str]"
"""A target of harness.toml, a file, or a command as a list of words."""

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


class CompareOptions(Asked, ProgramOptions, total=False):
    """The keyword arguments of `compare`."""

    settings: Settings
    case: str


class RunOptions(CompareOptions, total=False):
    """The keyword arguments of `run`."""

    task: str
    executor: str


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
    cpus: str | int | Sequence[int]
    jail: Jail | str
    vary_layout: bool
    metrics: str | Sequence[str]
    confidence: float
    threshold: float | str


class StoredOptions(Place, total=False):
    """Which stored blocks are judged, and what decides."""

    case: str
    mode: Mode | str
    metric: Metric | str
    confidence: float
    threshold: float | str


class HistoryOptions(Place, total=False):
    """Which stored runs are listed."""

    task: str
    target: str
    since: str | datetime.date | datetime.timedelta


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


_PATHS = ("results", "input")


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
    return () if given is None else _as_words(given, "arguments: want a list of words")


def _as_words(given: object, want: str) -> tuple[str, ...]:
    """Words of a list; numbers among them become their text."""
    if isinstance(given, (list, tuple)) and all(_is_word(each) for each in given):
        return tuple(fspath(e) if isinstance(e, PathLike) else str(e) for e in given)
    raise UsageError(f'{want}, such as ["./program", "1000"]; got {given!r}')


def _is_word(value: object) -> bool:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return number or (isinstance(value, (str, PathLike)) and isinstance(fspath(value), str))


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


def settings_of(options: CompareOptions | StoredOptions) -> Settings:
    """The settings asked for: those of `settings`, with what is said beside them."""
    given = {name: value for name, value in options.items() if name in Asked.__optional_keys__}
    return read_settings(given, over=cast(CompareOptions, options).get("settings"))


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
    return Trying(settings, named or AUTO)


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
    """The words of a command; none of a name or path. UsageError for what is none of them."""
    if isinstance(spec, (str, PathLike)) and isinstance(fspath(spec), str):
        if not fspath(spec):
            raise UsageError("a target or a file has a name, got an empty text")
        return ()
    words = _as_words(spec, "want a target, a file, or a command, which is a list of words")
    if not words or not words[0]:
        raise UsageError('a command is a list of words, such as ["./program", "1000"]; got none')
    return words


def _name(spec: TargetSpec) -> str:
    """A name or path as text; empty of a command."""
    return fspath(spec) if isinstance(spec, (str, PathLike)) else ""


def selected_cells(targets: Sequence[TargetSpec], options: RunOptions) -> Selected:
    """The cells that the arguments of `run` mean."""
    config = config_of(options)
    commands = [words for spec in targets if (words := _words(spec))]
    if options.get("adapter") is None:
        refuse_missing(targets, config)
    names = tuple(name for spec in targets if (name := _name(spec)))
    if commands and len(targets) > 1:
        raise UsageError("one command at a time; compare takes two")
    adapter = options.get("adapter") or ("command" if commands else None)
    if adapter is None and len(names) == 1 and is_file(names[0], config):
        adapter = adapter_of(Path(names[0]))
    arguments = commands[0] if commands else arguments_of(options)
    selection = Selection(
        names=names,
        arguments=arguments,
        adapter=adapter,
        stdin=_input_of(options),
        task=options.get("task"),
        case=options.get("case"),
    )
    return select(selection, config)


def is_file(name: str, config: Config) -> bool:
    """Is a name that of a file, and of no target?"""
    return name not in config.targets and Path(name).is_file()


def refuse_missing(specs: Sequence[TargetSpec], config: Config) -> None:
    """UsageError for what can be no target's name: a file that is not there, or a command."""
    for spec in specs:
        name = _name(spec)
        if not name or name.partition("@")[0] in config.targets or Path(name).exists():
            continue
        # A revision may have a slash in it, and a target's name none of these.
        if isinstance(spec, PathLike) or ("@" not in name and _is_path(name)):
            raise UsageError(f"no such file: {name}", hint=f"Looked in {Path.cwd()}.")
        if any(letter.isspace() for letter in name.partition("@")[0]):
            raise UsageError(
                f"no target and no file is called {name!r}",
                hint=f"A command is a list of words: {name.split()}.",
            )


def _is_path(name: str) -> bool:
    return not any(map(str.isspace, name)) and (
        "/" in name or Path(name).suffix in (".py", ".c", ".jl")
    )


def _input_of(options: ProgramOptions) -> Path | None:
    given = options.get("input")
    return Path(given) if given is not None else None


def programs_of(specs: Sequence[TargetSpec], options: CompareOptions) -> list[Program]:
    """Two files or programs; nothing where targets are meant. UsageError for one of each."""
    adapter, arguments = options.get("adapter"), arguments_of(options)
    config = config_of(options) if adapter is None else Config(root=Path.cwd())
    if adapter is None:
        refuse_missing(specs, config)
    programs: list[Program] = []
    for spec in specs:
        name, words = _name(spec), _words(spec)
        if words:
            made = Program(label=label_of(spec), adapter="command", arguments=(*words, *arguments))
        elif adapter is not None or is_file(name, config):
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
                raise UsageError(f"`{name}` is of harness.toml; a file or program has none")
        return
    if options.get("input") is not None:
        refuse_input()
    if options.get("arguments"):
        raise UsageError(
            "`arguments` are a file's or program's; which adapter?",
            hint='Say `adapter="c"`, julia, python or command; a target\'s stand in harness.toml.',
        )
