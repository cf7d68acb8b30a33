"""How a run makes its trials and when it ends: every option declared once.

The options of `harness run` and `harness compare`, the keyword arguments of `harness.run` and
`harness.compare`, the stored settings in `run.json` and what `--resume` goes on with all follow
from the fields below. A field that is added here is an option, is stored and survives `--resume`.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field, fields, replace
from typing import Any, TypedDict

from harness.analysis import Question
from harness.analysis.of_figures import EXACT_BLOCKS
from harness.analysis.schedule import Design
from harness.errors import UsageError
from harness.frozen import dataclass
from harness.model import Jail, Metric, Mode, SteadyPlan
from harness.model.declaring import (
    RunOption,
    check_fields,
    declared,
    given_to,
    names_in,
    one_of,
    options_of,
    truth,
    whole_number,
    words_for,
)
from harness.model.draws import Seeds
from harness.model.durations import parse_duration_ns
from harness.model.given_values import json_object
from harness.model.jsonable import jsonable
from harness.model.noise import FEWEST

DEFAULT_BUDGET_NS = 20_000_000_000
"""What each group may take where neither trials nor a budget are asked for, but for `STRETCH`."""

SHARED_BUDGET_NS = 40_000_000_000
"""What the groups of several tasks may take together by default: a first look is over in a
minute."""

STRETCH = 6
"""One group's default budget grows up to this many times where a first verdict wants it."""


def read_cpus(value: str | int | Iterable[int], name: str) -> tuple[int, ...]:
    """`0,2-3`, a number or numbers as (0, 2, 3); UsageError for a CPU that we may not run on."""
    text = value if isinstance(value, str) else ",".join(map(str, _listed(value)))
    usable = sorted(os.sched_getaffinity(0))
    cpus: list[int] = []
    for part in text.split(",") if text else ():
        first, dash, last = part.partition("-")
        if not first.isdigit() or (dash and not last.isdigit()):
            raise UsageError(f"{name}: want numbers and ranges such as 0,2-3, got {text!r}")
        low, high = int(first), int(last if dash else first)
        if low > high or low not in usable or high not in usable:
            raise UsageError(
                f"{name}: {part} is not among the CPUs that programs may use here:"
                f" {', '.join(map(str, usable))}"
            )
        cpus.extend(range(low, high + 1))
    return tuple(dict.fromkeys(cpus))


def _listed(value: object) -> Iterable[object]:
    return value if isinstance(value, Iterable) else [value]


@dataclass(frozen=True, slots=True)
class TimeLimit:
    """How long the blocks of a run may take together."""

    ns: int | None
    """No block is begun that would not end within this time, but one is always made."""
    stretch: int = 1
    """How many times it may grow to hold the fewest blocks that can decide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How trials are made and when measuring ends; the same for all cells of a run."""

    mode: Mode = declared(
        Mode.COLD,
        RunOption(
            "mode",
            "Time whole processes (cold), or the work inside one (steady).",
            one_of(Mode),
            choices=tuple(m.value for m in Mode),
            default="cold",
        ),
    )
    trials: int | None = declared(
        None,
        RunOption(
            "trials",
            "Exactly this many trials of each target.",
            whole_number(1),
            kind=int,
            minimum=1,
            unit="trials",
        ),
    )
    """None: until every interval decides, or the budget ends."""
    budget_ns: int | None = declared(
        None,
        RunOption(
            "budget",
            "Measure for at most this long, such as 20s; building and checking come before. Left"
            " out: 20 s per case, or up to 120 s where the blocks of a first verdict take longer;"
            " three tasks or more 40 s together.",
            parse_duration_ns,
            # Six digits of a millisecond: said again on a command line it is the same nanoseconds.
            write=lambda ns: f"{ns / 1e6:.6f}ms",
            unit="seconds or a text such as 20s",
        ),
    )
    max_blocks: int | None = declared(
        None,
        RunOption(
            "max_trials",
            "At most this many trials of each target.",
            whole_number(2),
            kind=int,
            minimum=2,
            unit="trials",
        ),
    )
    warmup: int = declared(
        1,
        RunOption(
            "warmup",
            "Trials of each target before the first block; kept, not counted. The first"
            " runs of programs that take a second together, for their outputs, count as one.",
            whole_number(0),
            kind=int,
            minimum=0,
            default="1",
            unit="trials",
        ),
    )
    seed: int | None = declared(
        None,
        RunOption(
            "seed",
            "Of the order and the layout; drawn and recorded if absent.",
            whole_number(),
            kind=int,
        ),
    )
    seeds: Seeds = declared(
        Seeds.DECLARED,
        RunOption(
            "seeds",
            "What every block draws anew, the same for all targets: nothing (fixed), the parameters"
            " that the case gives a range or a choice of (declared), or its seed as well (fresh).",
            one_of(Seeds),
            choices=tuple(s.value for s in Seeds),
            default="declared",
        ),
    )
    given_draw: str = declared(
        "",
        RunOption(
            "given",
            "Give every block these values in place of what it draws, as a JSON object such as"
            " '{\"seed\": 12}': shows again what was wrong on them.",
            json_object,
        ),
    )
    """Empty: blocks draw."""
    cpus: tuple[int, ...] = declared(
        (), RunOption("cpus", "Pin targets to these CPUs, such as 0 or 0,2-3.", read_cpus)
    )
    design: Design = declared(
        Design.PAIRED,
        RunOption(
            "design",
            "Every target once per block in a random order (paired), or twice, the second time in"
            " the reverse order (mirrored).",
            one_of(Design),
            choices=tuple(d.value for d in Design),
            default="paired",
        ),
    )
    vary_layout: bool = declared(
        True,
        RunOption(
            "vary_layout",
            "Move the stack by a random padding in every block, so that its layout is no bias.",
            truth,
            kind=bool,
            default="vary-layout",
        ),
    )
    metrics: tuple[str, ...] = declared(
        (),
        RunOption(
            "metrics",
            "Show named figures: those that targets report of themselves, and those of these"
            " metric plugins, such as temperature (`harness adapters` lists them).",
            names_in,
            bare="",
        ),
    )
    """Metric plugins that take part beside those of the configuration."""
    jail: Jail | None = declared(
        None,
        RunOption(
            "jail",
            "What each trial may see and change: its build and its inputs alone, with nothing of an"
            " earlier one (strict), a home and temporary folders of its own (private), or what a"
            " program of yours may (none).",
            one_of(Jail),
            choices=tuple(jail.value for jail in Jail),
            default="none",
        ),
    )
    """None: that of the session, which is strict in a campaign."""
    family: int | None = declared(
        None,
        RunOption(
            "family",
            "Let the error level hold for this many comparisons together, of which this run makes"
            " some: an executor says so to the parts of a run.",
            whole_number(1),
            kind=int,
            minimum=1,
            unit="comparisons",
        ),
    )
    question: Question = field(default_factory=Question)
    steady: SteadyPlan = field(default_factory=SteadyPlan)

    def __post_init__(self) -> None:
        """UsageError for a field of another type, or for a number that makes no sense."""
        check_fields(self)
        if self.budget_ns is not None and self.budget_ns < 0:
            raise UsageError(f"Settings: budget_ns: want at least 0, got {self.budget_ns}")
        if any(cpu < 0 for cpu in self.cpus):
            raise UsageError(f"Settings: cpus: want numbers of CPUs, got {self.cpus!r}")

    @property
    def drawn_seed(self) -> int:
        """The seed of a run that has begun; ValueError where none was given or drawn yet."""
        if self.seed is None:
            raise ValueError("no seed was drawn: see Settings.seeded")
        return self.seed

    def seeded(self) -> Settings:
        """The same settings with a seed, drawn where none was given."""
        return self if self.seed is not None else replace(self, seed=drawn_seed())

    def time_limit(self, groups: int, tasks: int = 1) -> TimeLimit:
        """How long this many groups of so many tasks may take together."""
        if self.budget_ns is None and self.trials is None:
            if tasks == groups and groups * DEFAULT_BUDGET_NS > SHARED_BUDGET_NS:
                return TimeLimit(SHARED_BUDGET_NS)
            return TimeLimit(DEFAULT_BUDGET_NS * groups, STRETCH)
        return TimeLimit(self.budget_ns)

    @property
    def blocks_wanted(self) -> int:
        """The fewest blocks that can give a verdict on programs of any length."""
        return self.blocks_wanted_of(0)

    def blocks_wanted_of(self, shortest_ns: int) -> int:
        """The fewest blocks that can give a verdict, or the most that were asked for if fewer.

        `shortest_ns` is the shortest trial of a block. 0 for a run of a fixed number of trials: it
        has what it asked for.
        """
        if self.trials is not None:
            return 0
        first = self.question.boundary_from((shortest_ns,)).first_proof()
        if self.question.noise is not None:
            first = FEWEST
        figure = self.question.figure
        if figure is not None and figure.deterministic:
            first = EXACT_BLOCKS
        return min(first, self.max_blocks or first)


def drawn_seed() -> int:
    """A seed by chance."""
    return random.SystemRandom().getrandbits(32)


class Asked(TypedDict, total=False):
    """The keyword arguments that make Settings: the options declared above, for type checkers."""

    mode: Mode | str
    trials: int
    budget: str | float
    max_trials: int
    warmup: int
    seed: int
    seeds: Seeds | str
    given: str
    cpus: str | int | Sequence[int]
    design: Design | str
    vary_layout: bool
    metrics: str | Sequence[str]
    jail: Jail | str
    family: int
    metric: Metric | str
    confidence: float
    threshold: float | str
    precision: float | str
    per_comparison: bool
    guard: str | Sequence[str] | Mapping[str, str]
    tails: bool
    confirm: bool


def read_settings(
    given: Mapping[str, Any],
    over: Settings | None = None,
) -> Settings:
    """Settings of what a caller gave, by keyword; what is left out or None is as in `over`.

    Raises UsageError for a value that makes no sense, an unknown keyword, or two wishes of which
    one makes the other void.
    """
    known = {option.keyword: option for option in options_of(Settings)}
    for keyword in given:
        if keyword not in known:
            raise UsageError(f"unknown option {keyword!r}; there are: {', '.join(known)}")
    settings = given_to(over or Settings(), given)
    if settings.trials is not None:
        for keyword in ("max_trials", "precision"):
            if given.get(keyword) is not None:
                raise UsageError(
                    f"`trials` says exactly how many, `{keyword}` when to stop: not both"
                )
    return settings


def to_plan(settings: Settings) -> dict[str, Any]:
    """The settings as they stand in `run.json`, under the key `plan`."""
    return {each.name: jsonable(getattr(settings, each.name)) for each in fields(settings)}


def to_words(settings: Settings) -> list[str]:
    """The options of `harness run` that ask for these settings."""
    return words_for(settings)


def of_plan(plan: Mapping[str, Any]) -> Settings:
    """The settings of a stored run, from its `plan`; what an older harness lacked is the default.

    Raises ValueError for what makes no sense.
    """
    import msgspec

    own = {each.name: plan[each.name] for each in fields(Settings) if each.name in plan}
    try:
        settings: Settings = msgspec.convert(own, Settings)
    except UsageError as problem:
        raise ValueError(f"Invalid plan: {problem.message}") from problem
    return settings
