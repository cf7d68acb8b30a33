"""What is asked: tasks, their cases and outputs, and the targets that implement them."""

from __future__ import annotations

import json
import math
import random
import string
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field, replace
from enum import Enum
from pathlib import Path
from typing import Any

from harness.frozen import dataclass
from harness.model.draws import FRESH_SEEDS, Range, Seeds
from harness.model.jails import JailTerms
from harness.model.metrics import MetricInfo
from harness.model.outputs import OutputSpec
from harness.model.relations import Relation
from harness.model.work import WorkOfCase

ParamValue = bool | int | float | str
"""What a case's parameter may be; each is written into a target's `args` by `{name}`."""
BENCHMARK = "benchmark"
"""The parameter of a case that says which benchmark of a suite it is."""


class WorkingFolder(Enum):
    """Which folder a trial runs in."""

    SCRATCH = "scratch"
    """A fresh, empty folder for every trial, with the target's `inputs` in it."""
    ROOT = "root"
    """The folder of `harness.toml`, or the current one where there is none."""


@dataclass(frozen=True, slots=True)
class Case:
    """A named parameter set of a task, with the seed that makes it repeatable."""

    name: str
    params: Mapping[str, ParamValue] = field(default_factory=dict)
    seed: int | None = None
    ranges: Mapping[str, Range] = field(default_factory=dict)
    """The parameters, and `seed`, that blocks draw a number for; the values above are those of
    every trial that belongs to no block."""
    choices: Mapping[str, tuple[ParamValue, ...]] = field(default_factory=dict)
    """The parameters that blocks choose one of several values for."""
    holdout: str = ""
    """A file of further sets of values that blocks draw from, kept where no program sees it; the
    case, which records show, has its name alone. Empty: there is none."""

    def __post_init__(self) -> None:
        for name, value in self.params.items():
            if isinstance(value, float) and not math.isfinite(value):
                raise ValueError(f"parameter {name} must be finite, got {value!r}")
        for name in (*self.ranges, *self.choices):
            if name not in self.params and not (name == "seed" and self.seed is not None):
                raise ValueError(f"{name} is drawn but has no value of its own")
        for name, values in self.choices.items():
            if len(set(values)) < 2:
                raise ValueError(f"{name} is drawn from less than two values")
        seed = self.ranges.get("seed")
        ends = self.choices.get("seed", (seed.low, seed.high) if seed else ())
        if any(not isinstance(end, int) or isinstance(end, bool) for end in ends):
            raise ValueError(f"seeds are whole numbers, got {', '.join(map(str, ends))}")

    def drawn_names(self, seeds: Seeds) -> tuple[str, ...]:
        """What blocks draw anew, in a fixed order; the case has a seed only where it is used."""
        if seeds is Seeds.FIXED:
            return ()
        fresh = seeds is Seeds.FRESH and self.seed is not None
        return tuple(sorted({*self.ranges, *self.choices, *(["seed"] if fresh else [])}))

    def drawn_count(self, seeds: Seeds) -> float:
        """How many sets of values blocks may draw; 1 where they draw none."""
        sizes = [
            float(len(self.choices[name]))
            if name in self.choices
            else self.ranges.get(name, Range(*FRESH_SEEDS)).count()
            for name in self.drawn_names(seeds)
        ]
        return math.prod(sizes)

    def drawn(self, seeds: Seeds, chance: random.Random) -> Case:
        """The case as one block is given it, under the same name."""
        values = {name: self._draw(name, chance) for name in self.drawn_names(seeds)}
        # A case keeps its seed apart from its parameters: `{seed}` is none of them.
        seed = values.pop("seed", self.seed)
        return replace(
            self,
            params={**self.params, **values},
            seed=None if seed is None else int(seed),
        )

    def ends(self, seeds: Seeds) -> Iterator[tuple[str, ParamValue]]:
        """Both ends of each range that is drawn from, and each of a few choices, by name."""
        for name in self.drawn_names(seeds):
            if name in self.choices:
                yield from ((name, value) for value in self.choices[name])
            else:
                drawn = self.ranges.get(name, Range(*FRESH_SEEDS))
                yield from ((name, drawn.low), (name, drawn.high))

    def given(self, values: Mapping[str, ParamValue]) -> Case:
        """The case with these values, its seed among them, under the same name."""
        params = dict(values)
        seed = params.pop("seed", self.seed)
        return replace(
            self, params={**self.params, **params}, seed=None if seed is None else int(seed)
        )

    def _draw(self, name: str, chance: random.Random) -> ParamValue:
        if name in self.choices:
            return chance.choice(self.choices[name])
        return self.ranges.get(name, Range(*FRESH_SEEDS)).draw(chance)

    def draw_text(self, seeds: Seeds) -> str:
        """The values of what is drawn as a JSON object; empty where nothing is."""
        names = self.drawn_names(seeds)
        values = {**self.params, "seed": self.seed}
        return json.dumps({name: values[name] for name in names}) if names else ""

    def values(self) -> dict[str, ParamValue]:
        """Everything that `{name}` may stand for in a target's arguments."""
        seed = {} if self.seed is None else {"seed": self.seed}
        return {**self.params, **seed, "case": base_name(self.name)}

    def filled_in(
        self, words: Iterable[str], more: Mapping[str, ParamValue] | None = None
    ) -> tuple[str, ...]:
        """Words with `{name}` replaced by the case's values, and by those of `more`.

        Raises KeyError or IndexError for a name without a value, ValueError for stray braces.
        """
        values = {**self.values(), **(more or {})}
        return tuple(word.format_map(values) for word in words)

    def with_params(self, params: Mapping[str, ParamValue]) -> Case:
        """This case with some parameters changed; its name says which ones were.

        Outputs and times of other parameters are not comparable with this case's, and so the two
        are never taken for the same.
        """
        changed = {k: v for k, v in params.items() if self.params.get(k) != v}
        if not changed:
            return self
        words = ", ".join(f"{name}={value}" for name, value in changed.items())
        return replace(
            self,
            name=f"{self.name} ({words})",
            params={**self.params, **changed},
            ranges={k: v for k, v in self.ranges.items() if k not in changed},
            choices={k: v for k, v in self.choices.items() if k not in changed},
        )


def as_argument(word: str) -> str:
    """A word as one of a target's `args` that stands for itself: its braces fill nothing in."""
    return word.replace("{", "{{").replace("}", "}}")


def with_placeholders(argument: str, names: Iterable[str]) -> str:
    """An argument by `as_argument` in which these names, in braces, are placeholders after all."""
    for name in names:
        argument = argument.replace(f"{{{{{name}}}}}", f"{{{name}}}")
    return argument


def base_name(case: str) -> str:
    """The name that a task gives a case, of the name that `with_params` may have made of it."""
    return case.partition(" (")[0]


@dataclass(frozen=True, slots=True)
class Task:
    """What is computed; every target of it must give equivalent outputs."""

    name: str
    cases: tuple[Case, ...]
    """The first case is the default one."""
    outputs: tuple[OutputSpec, ...] = ()
    """Empty: the whole of standard output is the output, and it must be equal."""
    reference: str | None = None
    """The target against which ratios are given; the first one where it is not named."""
    metrics: tuple[MetricInfo, ...] = ()
    """Figures that its targets report of themselves."""
    picked: tuple[OutputSpec, ...] = ()
    """Where those of them are found that stand in the output, by their names."""
    work: WorkOfCase | None = None
    """How much work a case is; None: nobody says, and there is no throughput."""
    relations: tuple[Relation, ...] = ()
    """What `harness test` tries beside the outputs that are known."""
    ignores_output: bool = False
    """Whatever its targets print is right: somebody asked for that."""

    def __post_init__(self) -> None:
        if not self.cases:
            raise ValueError(f"task {self.name!r} has no case")

    def case(self, name: str | None = None) -> Case:
        """The case of that name, or the default one; KeyError where there is none."""
        if name is None:
            return self.cases[0]
        for case in self.cases:
            if case.name == name:
                return case
        raise KeyError(name)


@dataclass(frozen=True, slots=True)
class Target:
    """One implementation of a task: an adapter, sources and options. Paths are absolute."""

    name: str
    task: str
    adapter: str
    root: Path
    """The folder that relative paths in the configuration are relative to."""
    sources: tuple[Path, ...] = ()
    entry: str | None = None
    """The function that does the work, in steady mode; each adapter has a default."""
    args: tuple[str, ...] = ()
    """Arguments with `{param}`, `{seed}` and `{case}` still to be filled in."""
    launch: tuple[str, ...] = ()
    """Words before the program that start it, such as those of `mpirun`; placeholders as in `args`.
    What is handed to an adapter to run has them filled in; the Runner puts them there."""
    env: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    """What this adapter alone understands (compiler, flags, project, threads, ...)."""
    inputs: tuple[Path, ...] = ()
    """Files and folders that the program reads; they are put into every trial's folder."""
    inputs_by_name: bool = False
    """Put inputs there by their last name alone, as baselines of schema 1 were measured."""
    build_inputs: tuple[Path, ...] = ()
    """Files and folders that the build reads and the toolchain does not name."""
    build_inputs_digest: str = ""
    """SHA-256 over names and content of `build_inputs`, filled in by the core; empty: none."""
    private_copy: tuple[Path, Path] | None = None
    """The tops of the user's repository and of the private copy that `root` lies in; None: `root`
    is the user's own."""
    stdin: Path | None = None
    generate: tuple[str, ...] = ()
    """A command, with placeholders like `args`, that makes the inputs of a case; see
    `harness.running.generating`. Empty: there is none."""
    setup: tuple[tuple[str, ...], ...] = ()
    """Commands run once before the trials, each an argument list."""
    build: tuple[tuple[str, ...], ...] = ()
    """Commands that build it in a copy of the tree, before the adapter is asked; empty: the adapter
    builds alone."""
    setup_timeout_ns: int = 1_800_000_000_000
    """The time that each command of these kinds may take: setup, build, cleanup, and so on."""
    cleanup: tuple[tuple[str, ...], ...] = ()
    prepare: tuple[tuple[str, ...], ...] = ()
    """Commands run before each trial and before what it prints is first looked at, untimed."""
    conclude: tuple[tuple[str, ...], ...] = ()
    """Commands run after each of these."""
    timeout_ns: int = 600_000_000_000
    max_output_bytes: int = 268_435_456
    """The largest file, standard output included, that the program may write."""
    working_folder: WorkingFolder = WorkingFolder.SCRATCH
    tags: tuple[str, ...] = ()
    """What it is like, such as `simd`: like is compared with like."""
    metrics: tuple[MetricInfo, ...] = ()
    """Figures that it reports of itself, as its task declares them."""
    jail: JailTerms = field(default_factory=JailTerms)
    """What a jail lets through beside the build, its inputs, toolchain and system."""
    caches_last: bool = True
    """May a trial leave in a cache what the next one finds? Where not, as in a strict jail, the
    build fills the caches that its trials read; filled in by the core."""
    layouts: int = 1
    """In how many layouts an adapter that can builds it, where its options do not say; filled in
    by the core, for campaigns."""
    steady: bool = False
    """Built for steady mode: the adapter puts its driver around the sources."""

    def input_places(self) -> tuple[tuple[str, Path], ...]:
        """Each input with its place in a trial's folder: as it lies below the root, else its name.

        Not a mapping: two inputs of one place are the user's mistake, to be said where they meet.
        """

        def place(path: Path) -> str:
            below = not self.inputs_by_name and path.is_relative_to(self.root)
            parts = path.relative_to(self.root).parts if below else ()
            return "/".join(parts) if parts and ".." not in parts else path.name

        return tuple((place(path), path) for path in self.inputs)

    def input_names(self) -> tuple[str, ...]:
        """The name by which a trial finds each of its inputs."""
        if self.working_folder is WorkingFolder.SCRATCH:
            return tuple(place for place, _ in self.input_places())
        return tuple(map(str, self.inputs))

    def takes(self, parameter: str) -> bool:
        """Does this parameter, or `seed`, stand in its arguments, its launch or its generator?"""
        words = (*self.args, *self.launch, *self.generate)
        pieces = (piece for arg in words for piece in string.Formatter().parse(arg))
        return any(name == parameter for _, name, _, _ in pieces)

    def arguments(self, case: Case) -> tuple[str, ...]:
        """`args` with the case's values filled in.

        Raises ValueError naming a placeholder that the case has no value for.
        """
        if not self.args:
            return ()
        try:
            return case.filled_in(self.args)
        except (KeyError, IndexError) as missing:
            known = ", ".join(sorted(case.values()))
            raise ValueError(
                f"target {self.name!r}: no parameter {missing} in case {case.name!r}"
                f" (it has: {known})"
            ) from None
