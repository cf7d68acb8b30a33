"""Outputs of a build over the seeds that a case wants, and whether they are the baseline's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from harness.correctness.agreement import combine
from harness.correctness.declared import stochastic, without_chance
from harness.correctness.used import room_used
from harness.errors import TrialFailed
from harness.frozen import dataclass
from harness.model import Agreement, Build, Case, Output, Task
from harness.plugins import Adapter
from harness.running import Orchestrator, check_outputs
from harness.system.outputs.reading import read_outputs


@dataclass(frozen=True, slots=True)
class BuiltWorkload:
    """A build with the adapter that runs it."""

    orchestrator: Orchestrator
    adapter: Adapter
    build: Build

    def output(self, task: Task, case: Case) -> Output:
        """Run once and read the declared outputs; TrialFailed where that cannot be."""
        return self.orchestrator.check(self.adapter, self.build, task, case)

    def discard(self, output: Output) -> None:
        """Remove what a run left."""
        self.orchestrator.runner.discard(output)


@dataclass(frozen=True, slots=True)
class Expected:
    """A case's stored outputs: of its own seed, and of the further ones."""

    main: Output
    further: Mapping[int, Output]
    """By seed; of a case without a seed, by the number of the run."""


def further_seeds(task: Task, case: Case, *, another: bool = False) -> tuple[int, ...]:
    """The seeds that outputs are compared for beside the case's own.

    There are enough of them that each side has as many runs as the tolerances of stochastic
    outputs ask for. A program that takes no seed is run as often; its runs are numbered from 1.
    `another`: one at least, where the case has a seed, so that a program that only prints a
    remembered answer is found out.
    """
    runs = max((spec.tolerance.seeds for spec in stochastic(task)), default=1)
    if another and case.seed is not None:
        runs = max(runs, 2)
    first = case.seed if case.seed is not None else 0
    return tuple(range(first + 1, first + runs))


def _with_seed(case: Case, seed: int) -> Case:
    """The case with another seed, where it takes any."""
    return case if case.seed is None else replace(case, seed=seed)


def agrees(ready: BuiltWorkload, task: Task, case: Case, expected: Expected) -> Agreement:
    """Run a build on a case, with every seed that was stored, and check all outputs.

    An output that is missing or cannot be read is a wrong one. Raises TrialFailed where the
    program itself does not end well.
    """
    results: list[Agreement] = []
    further: dict[int, Output] = {}
    runs = [(None, case), *((seed, _with_seed(case, seed)) for seed in expected.further)]
    main: Output | None = None
    try:
        for seed, seeded in runs:
            output = ready.orchestrator.run_once(ready.adapter, ready.build, seeded)
            try:
                output = replace(output, values=read_outputs(output, task.outputs))
            except TrialFailed as problem:
                ready.discard(output)
                return Agreement(ok=False, summary=problem.message)
            if seed is None:
                main = output
            else:
                further[seed] = output
        assert main is not None
        paired = case.seed is not None
        over_seeds = _over_seeds(task, expected, Expected(main, further), paired)
        results.append(check_outputs(ready.adapter, task, expected.main, main, over_seeds))
        results += _seed_by_seed(ready.adapter, task, expected, further)
        found = combine(results)
        if found.ok:
            used = room_used(task, expected.main.values, main.values)
            if used is not None:
                found = replace(found, tolerance_used=used.share, relative_error=used.error)
    finally:
        for output in (*further.values(), *([main] if main else [])):
            ready.discard(output)
    return found


def _over_seeds(
    task: Task, expected: Expected, actual: Expected, paired: bool
) -> dict[str, Agreement]:
    """The verdict on every stochastic output, by name."""
    found = {}
    for spec in stochastic(task):
        name = spec.name
        sides = [
            [side.main.values[name], *(output.values[name] for output in side.further.values())]
            for side in (expected, actual)
        ]
        tolerance = replace(spec.tolerance, output=name)
        # Here, since numpy comes with it, and a profile compares no output.
        from harness.correctness import equivalent_over_seeds

        found[name] = equivalent_over_seeds(sides[0], sides[1], tolerance, paired=paired)
    return found


def _seed_by_seed(
    adapter: Adapter, task: Task, expected: Expected, actual: Mapping[int, Output]
) -> Iterator[Agreement]:
    """What is wrong with the outputs that are not stochastic at a further seed; nothing if ok."""
    rest = without_chance(task)
    if not rest.outputs:
        return
    for seed, output in actual.items():
        agreement = check_outputs(adapter, rest, expected.further[seed], output)
        if not agreement.ok:
            yield replace(
                agreement,
                summary=f"with seed {seed}: {agreement.summary}",
                mismatches=tuple(
                    replace(m, place=f"{m.place}, seed {seed}") for m in agreement.mismatches
                ),
            )


def run_all(ready: BuiltWorkload, task: Task, case: Case, seeds: Sequence[int]) -> Iterator[Output]:
    """The outputs of a case's own seed and of further ones, in this order; to be discarded."""
    yield ready.output(task, case)
    for seed in seeds:
        yield ready.output(task, _with_seed(case, seed))
