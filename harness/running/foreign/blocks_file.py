"""Blocks of two functions that were called in turns within one process; pure.

`harness_compare.h` (C, C++) and `HarnessCompare` (Julia) write them, and any language can:

    {"harness_blocks": 1, "made_by": "harness_compare.h", "language": "C",
     "made_at_ns": 1795829957195498752, "seed": 7,
     "functions": [{"name": "by_loop", "batch": 4096}, {"name": "by_pairs", "batch": 8192}],
     "blocks": [[[0, 1865183, 1866034, 0, 0], [1, 2802267, 1934787, 0, 1]], ...]}

The first function is the reference. A block has a sample of each, in the order in which they ran:
the place of the function in the list, wall time and CPU time of its batch in nanoseconds (CPU time
-1: not known), and how often meanwhile the process gave up the CPU and how often it was taken away
(both may be left out).
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping

from harness.errors import UsageError
from harness.model import Better, MetricInfo, Mode, Sample, Trial, TrialStatus
from harness.running.foreign.measured import ForeignFile, ForeignHost, ForeignTarget
from harness.running.foreign.nodes import Node

_VERSION = 1
_SIDES = 2
FIGURES = {
    name: MetricInfo(name, unit, Better.LOWER, source="in-process")
    for name, unit in (("allocations", ""), ("allocated_bytes", "bytes"))
}
"""What may be said of one execution of a function, beside its time."""


def is_block_file(document: Node) -> bool:
    """Is it one of these? By its own word."""
    return document.has("harness_blocks")


_CLOCKS = ("wall_ns", "cpu_ns")
_PLAUSIBLE_NS = 1.0
"""Less than this a call hardly takes."""


def read_block_file(document: Node) -> ForeignFile:
    """UsageError says what is wrong, and where."""
    version = document.at("harness_blocks")
    if version.whole() != _VERSION:
        version.refuse(f"{_VERSION}, which is all that this harness reads")
    functions = list(document.at("functions").items())
    if len(functions) != _SIDES:
        document.at("functions").refuse("two functions, the reference and the candidate")
    names = [function.at("name").text() for function in functions]
    if names[0] == names[1]:
        functions[1].at("name").refuse("another name than the first one has")
    trials, places = _sides(document.at("blocks"), functions)
    language = document.at("language").text()
    made_at, seed, host = (document.find(key) for key in ("made_at_ns", "seed", "hostname"))
    return ForeignFile(
        tuple(
            ForeignTarget(
                *(name, Mode.STEADY, tuple(trials[side])),
                language=language,
                cpu_is_known=all(trial.samples[0].cpu_ns >= 0 for trial in trials[side]),
                places=tuple(places[side]),
            )
            for side, name in enumerate(names)
        ),
        host=ForeignHost(hostname=host.text() if host else ""),
        made_at_ns=made_at.whole(least=0) if made_at else 0,
        seed=seed.whole(least=0) if seed else 0,
        notes=(
            *(f"{name}: {value.words()}" for name, value in document.pairs("notes")),
            *(note for each in zip(names, trials, strict=True) for note in _left_out(*each)),
        ),
        made_by=document.at("made_by").text(),
    )


def _left_out(name: str, trials: list[Trial]) -> list[str]:
    """Words for a function that does nothing, as far as its time says.

    On a busy machine wall time has what others took, so that CPU time says it where it is known.
    """
    (batch,) = {trial.samples[0].batch for trial in trials}
    wall, cpu = ([getattr(trial.samples[0], clock) for trial in trials] for clock in _CLOCKS)
    times = (wall, cpu) if min(cpu) > 0 else (wall,)
    if min(map(statistics.median, times)) / batch >= _PLAUSIBLE_NS:
        return []
    return [
        f"{name}: an execution takes less than {_PLAUSIBLE_NS:g} ns: the compiler has left out what"
        " it does, or computed it beforehand"
    ]


def _sides(
    blocks: Node, functions: list[Node]
) -> tuple[list[list[Trial]], list[list[tuple[int, int]]]]:
    """The trials of each function, and their places: block and position in it."""
    batches = [function.at("batch").whole() for function in functions]
    figures = [_figures(function) for function in functions]
    trials: list[list[Trial]] = [[], []]
    places: list[list[tuple[int, int]]] = [[], []]
    for number, block in enumerate(blocks.items()):
        samples = [_sample(sample) for sample in block.items()]
        if sorted(sample[0] for sample in samples) != list(range(_SIDES)):
            block.refuse("a sample of each function")
        for position, (side, wall_ns, cpu_ns, gave_up, lost) in enumerate(samples):
            sample = Sample(0, batches[side], wall_ns, cpu_ns)
            made = Trial(
                *(TrialStatus.OK, wall_ns, max(cpu_ns, 0)),
                voluntary_switches=gave_up,
                involuntary_switches=lost,
                samples=(sample,),
                metrics=figures[side],
            )
            trials[side].append(made)
            places[side].append((number, position))
    if not trials[0]:
        raise UsageError("blocks: there is none")
    return trials, places


def _sample(sample: Node) -> tuple[int, int, int, int, int]:
    """Which function, its wall time and CPU time, and how often the CPU was given up and taken."""
    values = list(sample.items())
    if len(values) not in (3, 5):
        sample.refuse("a function's place, its wall time, its CPU time, and switches of two kinds")
    side, wall, cpu, *switches = values
    gave_up, lost = (each.whole(least=0) for each in switches) if switches else (0, 0)
    return side.whole(least=0), wall.whole(), cpu.whole(least=-1), gave_up, lost


def _figures(function: Node) -> Mapping[str, float]:
    """Further figures of one execution, such as its allocations."""
    found = {}
    for name, value in function.pairs("metrics"):
        if name not in FIGURES:
            value.refuse(f"one of {', '.join(FIGURES)}")
        found[name] = value.number()
    return found
