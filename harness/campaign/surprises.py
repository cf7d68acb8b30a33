"""What earlier iterations taught: surprises, lessons and failed attempts, searched; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from harness.campaign.gates import compare_words
from harness.campaign.iteration import Iteration
from harness.campaign.patterns import pattern_named
from harness.campaign.state import State
from harness.frozen import dataclass
from harness.model.proposals import Reflection


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for; everything given has to fit."""

    words: tuple[str, ...] = ()
    """Each somewhere in the iteration's texts, whatever its case."""
    phase: str = ""
    """A part of the bottleneck's name."""
    pattern: str = ""
    """The number or name of a pattern of the guide's section 8."""
    failed: bool = False
    """Only attempts that were not kept."""


@dataclass(frozen=True, slots=True)
class PastSurprise:
    """One iteration that fits."""

    campaign: str
    iteration: int
    title: str
    bottleneck: str
    pattern: str
    outcome: str
    compared: str
    """Predicted against measured."""
    surprise: str
    why: str
    lesson: str
    attempt: str
    """The commit that keeps a reverted attempt's code."""

    @property
    def text(self) -> str:
        """The iteration in words for people."""
        lines = [
            f"{self.campaign} #{self.iteration} {self.title} [{self.outcome}] on {self.bottleneck}",
            f"  {self.compared}",
            f"  surprise: {self.surprise}",
        ]
        lines += [f"  why: {self.why}"] if self.why else []
        lines += [f"  lesson: {self.lesson}"] if self.lesson else []
        lines += [f"  code: git show {self.attempt[:12]}"] if self.attempt else []
        return "\n".join(lines)


def search(states: Iterable[State], query: Query) -> list[PastSurprise]:
    """The logged iterations that fit, campaign by campaign, latest first."""
    return [
        _finding(state, iteration, note)
        for state in states
        for iteration in reversed(state.iterations)
        if (note := iteration.note) is not None and _fits(iteration, query)
    ]


def skipped(states: Iterable[State], query: Query) -> list[tuple[str, str, str]]:
    """Campaign, bottleneck and reason of what was given up; by words and phase."""
    return [
        (state.name, name, reason)
        for state in states
        for name, reason in state.skipped.items()
        if query.phase.lower() in name.lower() and _has(query.words, [name, reason])
    ]


def _fits(iteration: Iteration, query: Query) -> bool:
    thought = iteration.thought
    wanted = pattern_named(query.pattern) if query.pattern else None
    if query.pattern and (wanted is None or pattern_named(thought.pattern) is not wanted):
        return False
    if query.failed and not iteration.outcome.failed:
        return False
    if query.phase.lower() not in thought.prediction.bottleneck.lower():
        return False
    return _has(query.words, _texts(iteration))


def _has(words: Sequence[str], texts: Iterable[str]) -> bool:
    everything = "\n".join(texts).lower()
    return all(word.lower() in everything for word in words)


def _texts(iteration: Iteration) -> Iterator[str]:
    thought, note = iteration.thought, iteration.note
    yield from (iteration.title, thought.hypothesis, thought.chosen, thought.risk)
    yield thought.prediction.bottleneck
    yield iteration.abandoned
    if iteration.plan is not None:
        yield iteration.plan.optimization
    if note is not None:
        yield from (note.surprise, note.notes, note.why, note.lesson)
    if iteration.test is not None:
        yield iteration.test.summary


def _finding(state: State, iteration: Iteration, note: Reflection) -> PastSurprise:
    return PastSurprise(
        campaign=state.name,
        iteration=iteration.number,
        title=iteration.title,
        bottleneck=iteration.thought.prediction.bottleneck,
        pattern=iteration.thought.pattern,
        outcome=iteration.outcome.value,
        compared=compare_words(iteration),
        surprise=note.surprise,
        why=note.why,
        lesson=note.lesson,
        attempt=iteration.attempt,
    )
