"""What the fixture `harness` of pytest is: comparisons of functions, commands and targets."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field, replace
from os import PathLike
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Any, TypeAlias

import harness
from harness.errors import HarnessError, UsageError
from harness.frontends.callables import called_afresh, called_function, config_of_functions
from harness.frontends.in_process import compare_here
from harness.frozen import dataclass
from harness.model import Comparison, Metric, Verdict
from harness.project.config_words import as_name
from harness.render.explaining import explain, headline
from harness.running.listening import Progress, ProgressEvent, StepBegun
from harness.running.settings import read_settings
from harness.system.store.flock import take_lock, wait_for_lock

Subject: TypeAlias = "Callable[..., Any] | str | PathLike[str] | list[str]"
"""A function; or a target, file, command line or list of words, as `harness.compare` takes it."""


@dataclass(frozen=True, slots=True)
class TestedPair:
    """What came of one comparison, for a test to go on with."""

    comparison: Comparison | None
    """None where there is none; `words` then say why."""
    words: str
    in_process: bool = False

    @property
    def verdict(self) -> Verdict:
        return self.comparison.verdict if self.comparison else Verdict.UNDECIDED

    @property
    def ratio(self) -> float:
        """How many times as fast the candidate is as the reference; NaN where nobody knows."""
        return self.comparison.ratio.point if self.comparison else float("nan")

    @property
    def line(self) -> str:
        """All of it in one line."""
        said = headline(self.comparison) if self.comparison else self.words
        return f"{said} (in one process)" if self.in_process else said

    def __str__(self) -> str:
        return explain(self.comparison) if self.comparison else self.words


def _to_nobody(event: ProgressEvent) -> None:
    """Nobody listens."""


@dataclass(frozen=True, slots=True)
class HeldAgainst:
    """A subject, to be held against another one: `harness(new).not_slower_than(old, by="5%")`."""

    by: Measuring
    candidate: Subject

    def not_slower_than(
        self, reference: Subject, by: str | float = "5%", **options: Any
    ) -> TestedPair:
        """AssertionError where it is slower by more than that share, with confidence.

        What stays undecided within the budget passes, and is said in the summary.
        """
        __tracebackhide__ = True  # pytest: the test's own line is what a reader wants
        outcome = self.by.compare(reference, self.candidate, threshold=by, **options)
        if outcome.comparison is None:
            raise AssertionError(outcome.words)
        if outcome.verdict is Verdict.SLOWER:
            raise AssertionError(f"slower by more than {by}: {outcome}")
        return outcome

    def faster_than(self, reference: Subject, by: str | float = "1%", **options: Any) -> TestedPair:
        """AssertionError where it is not shown to be faster by more than that share."""
        __tracebackhide__ = True
        outcome = self.by.compare(reference, self.candidate, threshold=by, **options)
        if outcome.verdict is not Verdict.FASTER:
            raise AssertionError(f"not shown to be faster by more than {by}: {outcome}")
        return outcome


@dataclass(frozen=True, slots=True)
class Measuring:
    """Compares; one comparison at a time on the whole machine, whoever else tests here."""

    root: Path
    """The project: its harness.toml says which targets there are."""
    test: str = ""
    told: list[tuple[str, TestedPair]] = field(default_factory=list)
    """What came of every comparison, by the test's name."""
    progress: Progress = _to_nobody
    """Told what goes on."""

    def __call__(self, candidate: Subject) -> HeldAgainst:
        return HeldAgainst(self, candidate)

    def compare(self, reference: Subject, candidate: Subject, **options: Any) -> TestedPair:
        """The candidate against the reference, interleaved, until the verdict is sure.

        Functions run in fresh interpreters, in steady mode, and must give equal results;
        `in_process=True` calls them in this one. The other options are those of `harness.compare`,
        `budget` ("60s") among them. UsageError for what cannot be measured, with the reason and
        what to do; AssertionError where the two compute different things.
        """
        __tracebackhide__ = True
        options.setdefault("budget", "60s")
        try:
            with self._alone():
                outcome = self._compared(reference, candidate, options)
        except HarnessError as problem:
            words = f"{problem.message}. {problem.hint}" if problem.hint else problem.message
            problem.args = (words,)  # pytest shows no hint of its own accord
            raise problem.with_traceback(None) from None
        except AssertionError as differs:
            self.told.append((self.test, TestedPair(None, str(differs))))
            raise differs.with_traceback(None) from None
        self.told.append((self.test, outcome))
        return outcome

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One who measures at a time, for this user on this machine: workers of xdist wait."""
        path = Path(gettempdir(), f"optim-harness-{os.getuid()}.lock")
        file = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            if not take_lock(file):
                self.progress(StepBegun("waiting for another test that measures"))
                wait_for_lock(file)
            yield
        finally:
            os.close(file)

    def _compared(
        self, reference: Subject, candidate: Subject, options: dict[str, Any]
    ) -> TestedPair:
        if callable(reference) and callable(candidate):
            sides = _labelled(reference, candidate)
            if options.pop("in_process", False):
                return _here(sides, options)
            options.setdefault("progress", self.progress)
            return _in_fresh_interpreters(sides, self.root, options)
        if callable(reference) or callable(candidate):
            raise UsageError(
                "a function and a program are not compared: one has the interpreter's start in it",
                hint="Put the function into a script, or call the program from a function.",
            )
        if options.pop("in_process", False):
            raise UsageError("only functions can be measured in this process")
        options.setdefault("progress", self.progress)
        done = harness.compare(reference, candidate, **options)
        if done.failures:  # one does not run, or they compute different things
            raise AssertionError(str(done))
        return TestedPair(done.comparison, str(done))


def _labelled(
    reference: Callable[..., Any], candidate: Callable[..., Any]
) -> dict[str, Callable[..., Any]]:
    """Both by names that differ."""
    names = [as_name(_name(function)) for function in (reference, candidate)]
    if names[0] == names[1]:
        names = ["reference", "candidate"]
    return dict(zip(names, (reference, candidate), strict=True))


def _name(function: Callable[..., Any]) -> str:
    inner = getattr(function, "func", function)
    return str(getattr(inner, "__qualname__", type(inner).__name__))


def _here(sides: Mapping[str, Callable[..., Any]], options: Mapping[str, Any]) -> TestedPair:
    settings = read_settings({name: said for name, said in options.items() if name != "check"})
    if options.get("check", True):
        _demand_equal({name: function() for name, function in sides.items()})
    comparison = compare_here(sides, settings.question, settings.budget_ns or 0)
    return TestedPair(comparison, "no block fits into the budget", in_process=True)


def _in_fresh_interpreters(
    sides: Mapping[str, Callable[..., Any]], root: Path, options: dict[str, Any]
) -> TestedPair:
    functions = {name: called_function(function) for name, function in sides.items()}
    check = options.pop("check", True)
    with TemporaryDirectory(prefix="harness-functions-") as name:
        folder = Path(name)
        if check:
            _demand_equal({n: called_afresh(f, folder) for n, f in functions.items()})
        config = config_of_functions(functions, folder)
        options.setdefault("results", root / ".harness/results")
        options.setdefault("mode", "steady")
        done = harness.compare(*functions, config=config, **options)
    comparison = done.comparison
    if comparison is None:
        return TestedPair(None, str(done))
    if len({function.file for function in functions.values()}) > 1:
        # An interpreter's memory is that of all that the function's module imports.
        own = {m: e for m, e in comparison.evidence.items() if m is not Metric.MEMORY}
        comparison = replace(comparison, evidence=own)
    return TestedPair(comparison, "")


def _demand_equal(results: Mapping[str, Any]) -> None:
    """AssertionError where the two results differ; arrays are equal where all elements are."""
    (one, first), (other, second) = results.items()
    equal = first == second
    if hasattr(equal, "all"):
        equal = bool(equal.all()) and getattr(first, "shape", None) == getattr(
            second, "shape", None
        )
    if not equal and not (first != first and second != second):  # both NaN
        raise AssertionError(
            f"{one} and {other} give different results, so their times are not compared:"
            f" {_short(first)} and {_short(second)} (check=False measures them all the same)"
        )


def _short(value: Any) -> str:
    words = repr(value)
    return words if len(words) <= 100 else f"{words[:100]}..."
