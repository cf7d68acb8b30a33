"""What each block of a group is given, where its case draws parameters anew.

All targets of a block get the same draw, so that pairs stay pairs. What is right for a draw is
told by the group's reference, run once beside the timed trials. That takes time, and so a block
gets a draw of its own only while such runs have taken at most a fifth of what the blocks took;
otherwise it gets the one that was used least.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace
from typing import TypeVar

import msgspec

from harness.errors import ConfigError, TrialFailed, UsageError
from harness.frozen import dataclass
from harness.model import Case, Output, ParamValue
from harness.model.draws import Seeds
from harness.system.process.places import expanded

FEWEST_DRAWS = 4
"""So many blocks get a draw of their own whatever it takes."""

CHECKING_SHARE = 0.2

MOST_TRIED = 5
"""What the reference does not run on is not drawn; where it runs on none of these, it is told."""

Tell = Callable[[Case], Output]
"""Runs the reference on a case, untimed, for the output that is right there."""


_Result = TypeVar("_Result")


@dataclass(slots=True)
class Draw:
    """A case as blocks are given it, and what is right there."""

    case: Case
    text: str
    """What was drawn, as stored with each trial."""
    expected: Output | None = None
    """None: the cells know themselves what is right."""
    used: int = 0


@dataclass(slots=True)
class Draws:
    """The draws of one group."""

    case: Case
    seeds: Seeds
    secret: int
    """What the draws follow from: not known before the code was frozen."""
    made: list[Draw] = field(default_factory=list)
    telling_ns: int = 0
    """What telling what is right has taken."""
    held_out: Sequence[Case] = ()
    """The case with each of the sets of values that its holdout file has."""
    given: tuple[Case, str] | None = None
    """What every block is given in place of a draw; None: they draw."""
    wanted: bool = field(init=False)
    """Does this group's case draw anything?"""

    def __post_init__(self) -> None:
        drawn = self.case.drawn_names(self.seeds) or self.held_out
        self.wanted = bool(drawn) or self.given is not None

    @classmethod
    def of(cls, case: Case, seeds: Seeds, secret: int, given: str = "") -> Draws:
        """Those of a case; ConfigError where its holdout file makes no sense, UsageError where it
        does not take what is given."""
        held_out = read_holdout(case) if case.holdout and seeds is not Seeds.FIXED else ()
        told = (case_given(case, given), given) if given else None
        return cls(case, seeds, secret, held_out=held_out, given=told)

    @property
    def nothing(self) -> Draw:
        """What trials that belong to no block are given."""
        return Draw(self.case, "")

    def of_block(self, number: int, spent_ns: int, tell: Tell) -> Draw:
        """What block `number` is given, when the blocks before it took `spent_ns` in all.

        Raises what `tell` raises.
        """
        if not self.wanted:
            return self.nothing
        timed_ns = spent_ns - self.telling_ns
        if len(self.made) < FEWEST_DRAWS or self.telling_ns <= CHECKING_SHARE * timed_ns:
            self.made.append(self._anew(number, tell))
        draw = min(self.made, key=lambda each: each.used)
        draw.used += 1
        return draw

    def _anew(self, number: int, tell: Tell) -> Draw:
        chance = random.Random(f"{self.secret}:{number}:draw")
        return first_that_runs(lambda: self.drawn(chance), lambda draw: self._told(draw, tell))

    def _told(self, draw: tuple[Case, str], tell: Tell) -> Draw:
        case, text = draw
        known = next((each for each in self.made if each.text == text), None)
        if known is not None:
            return Draw(case, text, known.expected)
        begun = time.monotonic_ns()
        try:
            return Draw(case, text, tell(case))
        finally:
            self.telling_ns += time.monotonic_ns() - begun

    def drawn(self, chance: random.Random) -> tuple[Case, str]:
        """A case and what is told of it: of a set that is held out, its number alone."""
        if self.given is not None:
            return self.given
        drawn = self.case.drawn(self.seeds, chance)
        text = drawn.draw_text(self.seeds)
        if not self.held_out or (text and chance.random() < 0.5):
            return drawn, text
        number = chance.randrange(len(self.held_out))
        return self.held_out[number], json.dumps({"holdout": number})


def read_holdout(case: Case) -> tuple[Case, ...]:
    """The case with each set of values in its holdout file, a JSON list of objects.

    Raises ConfigError where the file cannot be read, or a set has other names than the case.
    """
    path = expanded(case.holdout)
    where = f"case {case.name!r}: holdout {path}"
    try:
        sets = msgspec.json.decode(path.read_bytes(), type=list[dict[str, ParamValue]])
        return tuple(_with_values(case, values) for values in sets)
    except OSError as problem:
        raise ConfigError(f"{where}: {problem.strerror}") from None
    except (ValueError, msgspec.DecodeError) as problem:
        raise ConfigError(
            f"{where}: {problem}", hint='It is a JSON list of objects: [{"n": 7, "seed": 12}].'
        ) from None


def case_given(case: Case, given: str) -> Case:
    """The case with the values that a draw's text says; UsageError where it does not take them."""
    try:
        return _given(case, msgspec.json.decode(given, type=dict[str, ParamValue]))
    except (ValueError, IndexError, msgspec.DecodeError) as problem:
        raise UsageError(
            f"case {case.name!r} cannot be given {given}: {problem}",
            hint='It is a JSON object of values that the case has, such as {"seed": 12}.',
        ) from None


def _given(case: Case, values: Mapping[str, ParamValue]) -> Case:
    if set(values) == {"holdout"} and "holdout" not in case.params:
        return read_holdout(case)[int(values["holdout"])]
    if "seed" in values and case.seed is None:
        raise ValueError("the case has no seed")
    return _with_values(case, values)


def _with_values(case: Case, values: Mapping[str, ParamValue]) -> Case:
    params = dict(values)
    seed = params.pop("seed", case.seed)
    for name in params:
        if name not in case.params:
            raise ValueError(f"the case has no parameter {name!r}")
    if not isinstance(seed, int | None):
        raise ValueError(f"a seed is a whole number, got {seed!r}")  # noqa: TRY004
    return replace(case, params={**case.params, **params}, seed=seed)


def first_that_runs(
    draw: Callable[[], tuple[Case, str]], run: Callable[[tuple[Case, str]], _Result]
) -> _Result:
    """What `run` gives for the first of a few draws that it does not fail on.

    There may be inputs that no implementation takes. Raises TrialFailed where it takes none.
    """
    failure, text = TrialFailed(""), ""
    for _ in range(MOST_TRIED):
        drawn = draw()
        text = drawn[1]
        try:
            return run(drawn)
        except TrialFailed as problem:
            failure = problem
    raise _cannot_take(text, failure)


def _cannot_take(text: str, failure: TrialFailed) -> TrialFailed:
    """The error for a reference that runs on nothing that was drawn."""
    return TrialFailed(
        f"given {text}, which was drawn, {failure.message}",
        hint="`{ from = 0, to = 99 }` in place of the case's value says what may be drawn;"
        " `seeds='fixed'` draws nothing.",
    )
