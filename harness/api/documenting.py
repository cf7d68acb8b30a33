"""What `help()` says of a function's keyword arguments, from their one declaration."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from textwrap import fill
from typing import Any, TypeVar

from harness.frozen import dataclass
from harness.model.declaring import RunOption, options_of
from harness.running.settings import Settings

_Function = TypeVar("_Function", bound=Callable[..., Any])

_DECLARED = {option.keyword: option for option in options_of(Settings)}

_WORDS = {
    "settings": "All settings at once; a keyword beside it changes a single one.",
    "tag": "Only targets of the task that have this tag.",
    "case": "The case; left out: each task's first one.",
    "task": "Only targets of this task.",
    "target": "Only measurements of this target.",
    "since": "A date, an age such as 7d, or a datetime or timedelta.",
    "adapter": "Only targets of this adapter; of a file the one to use, such as c.",
    "arguments": "A file's or program's own arguments.",
    "input": "What a file or program reads on standard input, from the beginning in every trial.",
    "prepare": "A command that is run before each trial of files and programs, untimed.",
    "conclude": "A command that is run after each trial of files and programs, untimed.",
    "shell": "Command lines are run by /bin/sh, whose start is timed too. Default: False.",
    "ignore_output": "Files and programs are timed whatever they print. Default: False.",
    "base": "The revision whose merge base with HEAD is compared with; left out: the pull request's"
    " target branch, where CI names one, else the default branch.",
    "require_decision": "Let `exit_code` be 8 where the budget decides not all. Default: False.",
    "locate": "Profile both sides of the three slowest targets that fail, and name the function"
    " that takes the further time, in `slowed` of their rows. Default: False.",
    "report": "One page with everything to write: .html or .md.",
    "anew": "Forget the answers that are kept of this search. Default: False.",
    "path": "The file to write; left out: none is written, see `html()` and `markdown()`.",
    "format": "html or md; left out: as the file's suffix says.",
    "plots": "A folder that every picture is written into, as PNG and SVG.",
    "together": "False: look for the best single variant, and put none of them together.",
    "flags": "Flags behind the target's own, one text per variant.",
    "sweep": "Names with their values: a parameter, an option, threads, env.NAME. A range such as"
    " 1e3..1e6*2 is one, too. Gives a SweepResult.",
    "matrix": "Options or variables with their values, whose combinations run side by side.",
    "resume": "Go on with the same sweep, which was interrupted.",
    "yes": "Begin a sweep although it may take longer than half an hour.",
    "point": "Measure this point of the sweep alone, counted from 0, at the level of all of it: an"
    " executor says so to the parts of a sweep.",
    "executor": "Where to run: an installed executor's name. Default: local.",
    "hosts": "How many hosts, drawn from those of the cluster; their names; or `kinds`: one of"
    " each.",
    "config": "The harness.toml; left out: the nearest one from the current folder upward.",
    "results": "The folder of stored runs; left out: that of the configuration.",
    "progress": "Called with each event: StepBegun, TimingBegun, TrialStored, Remark.",
    "cases": "Several cases: says how shares change between them, too.",
    "by": "How fine: phase, function or line. Default: function unless something asks for lines.",
    "tool": "The profiler, such as perf, callgrind or cProfile.",
    "function": "Only lines of functions of this name.",
    "memory": "Allocations by line instead of time (Julia).",
    "against": "baseline, last, a stored profile's name, or a revision: what has changed since.",
    "campaign": "A campaign of harness.toml; left out: the only one.",
    "full_case": "Where no campaign is declared: the larger case.",
    "full": "On the larger case.",
    "given": "On these values in place of what is drawn, as a JSON object; it is no step then.",
    "at": "Of this revision in place of the current tree; it is no step then.",
    "validate_full": "Measure the larger case too.",
    "stored": "Compare with the stored trials, which is weaker: nothing of the baseline runs.",
    "startup": "Measure start-up too, where there is steady mode.",
    "of": "What is one row: a trial, a measurement, or a target over all runs.",
    "columns": "Which columns are read; left out: all of them.",
}
"""What the keyword arguments mean that are no settings."""

_OTHERWISE = {
    ("ci", "tag"): "Only targets that have this tag.",
    ("ci", "budget"): "Measure all for at most this long together; left out: 10 minutes.",
    ("ci", "confidence"): "Of all verdicts together, which share the error level.",
    ("ci", "threshold"): "A target may be slower by this share.",
    ("bisect", "budget"): "Measure for at most this long per comparison; left out: 60 s.",
    ("bisect", "confidence"): "Of the whole search; its comparisons share the error level.",
    ("profile", "campaign"): "Whose baseline against='baseline' means.",
    ("import_results", "tool"): "Whose JSON it is, such as hyperfine; left out: it is looked at.",
    ("import_results", "task"): "What the targets are of. Default: the tool's name.",
    ("report", "task"): "A task: of its stored runs the latest with the most targets.",
    ("profile", "trials"): "Plain trials, for the phases' intervals.",
    ("profile", "adapter"): "Of a file the adapter to use: c, julia or python.",
    ("try_variants", "target"): "What the variants are of; left out: the only target.",
    ("try_variants", "metric"): "wall, cpu, or a figure that the target declares, which the race"
    " goes by; time confirms.",
    ("try_variants", "budget"): "Race and confirm for at most this long; left out: 60 s.",
    ("compare", "task"): "All targets of a task, side by side; of several, a list or a,b.",
    ("compare", "adapter"): "The adapter of files; left out: by their suffix or first line.",
    ("compare", "budget"): "Measure for at most this long; left out: 60 s, or as trials take.",
    ("baseline", "trials"): "The number of trials of each case; left out: as the budget allows.",
    ("baseline", "budget"): "Measure each case for at most this long; left out: the campaign's.",
    ("baseline", "seed"): "Of the trials' layout; left out: drawn and recorded.",
    ("bench", "trials"): "The number of trials of each side; left out: until the verdict is sure.",
    ("bench", "budget"): "Answer within this time, for each case; left out: the campaign's.",
    ("bench", "against"): "Revisions to compare with beside the baseline.",
    **{
        (step, keyword): f"Where no campaign is declared: the {keyword}."
        for step in ("baseline", "test", "bench")
        for keyword in ("target", "case")
    },
    ("load", "target"): "Only trials of this target.",
}
"""What they mean in one function, where that is something else."""


@dataclass(frozen=True, slots=True)
class _Shown:
    """A default as a signature shows it; it stands for an argument that is left out."""

    words: str

    def __repr__(self) -> str:
        return self.words


def documented(kind: type) -> Callable[[_Function], _Function]:
    """Give a function the list and the signature of the keyword arguments of a TypedDict."""

    def decorate(function: _Function) -> _Function:
        name = function.__name__
        hints = {key: _as_written(hint) for key, hint in kind.__annotations__.items()}
        lines = [_line(name, key, hint) for key, hint in hints.items()]
        own = inspect.cleandoc(function.__doc__ or "")
        function.__doc__ = "\n".join([own, "", "Keyword arguments, all optional:", "", *lines])
        plain = inspect.signature(function)
        named = [p for p in plain.parameters.values() if p.kind is not p.VAR_KEYWORD]
        function.__signature__ = plain.replace(  # type: ignore[attr-defined]
            parameters=[*named, *_parameters(hints)]
        )
        return function

    return decorate


def _as_written(hint: Any) -> str:
    """An annotation as the source has it: names are not looked up, which costs time."""
    return str(getattr(hint, "__forward_arg__", hint))


def _line(function: str, keyword: str, hint: str) -> str:
    option = _DECLARED.get(keyword)
    words = _OTHERWISE.get((function, keyword))
    if words is None:
        words = _of_option(option) if option is not None else _WORDS[keyword]
    unit = f", {option.unit}" if option is not None and option.unit else ""
    text = f"{keyword}: {hint}{unit}. {words}"
    return fill(text, 96, initial_indent="    ", subsequent_indent=" " * 8)


def _of_option(option: RunOption) -> str:
    default = _default_of(option)
    return option.help + (f" Default: {default}." if default else "")


def _default_of(option: RunOption) -> str:
    """The default in Python's words: a switch that is on is True."""
    return "True" if option.kind is bool and option.default else option.default


def _parameters(hints: dict[str, str]) -> Iterator[inspect.Parameter]:
    for keyword, hint in hints.items():
        option = _DECLARED.get(keyword)
        words = "" if option is None else _default_of(option)
        default = _Shown(words) if words else None
        yield inspect.Parameter(
            keyword, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=hint
        )
