"""Functions compared within this process: blocks in random order, judged as trials are.

What this cannot know: one process has one layout of memory, one hash seed and one history of its
allocator, so its verdict rests on one process, and another may say something else (Georges,
Buytaert and Eeckhout, OOPSLA 2007; Kalibera and Jones, ISMM 2013). Fresh interpreters are the
default for that reason.
"""

from __future__ import annotations

import gc
import resource
import time
from collections.abc import Callable, Mapping
from typing import Any

from harness.analysis import Question
from harness.analysis.schedule import Block, Design, block_order
from harness.analysis.stop_rules import sequential_rule
from harness.model import Comparison, Mode, Sample, Trial, TrialRecord, TrialStatus
from harness.running.one_process import compared_in_process

_BATCH_NS = 2_000_000
"""A sample takes at least as long: the clock's own cost is then a thousandth of it."""
_LARGEST_BATCH = 1 << 24
_SEED = 1


def compare_here(
    functions: Mapping[str, Callable[[], Any]], question: Question, budget_ns: int
) -> Comparison | None:
    """The second function against the first, in blocks until the verdict is sure or time is up.

    Each sample calls a function in a batch that takes about 2 ms, with the garbage collector off,
    as `timeit` has it. None where not even one block fits.
    """
    reference, candidate = functions
    batches = {name: _batch(function) for name, function in functions.items()}
    rule = sequential_rule(reference, question, max_blocks=None)
    blocks: list[Block] = []
    ends_ns = time.monotonic_ns() + budget_ns
    told = None
    while told is None and time.monotonic_ns() < ends_ns:
        order = block_order(list(functions), Design.PAIRED, _SEED, len(blocks))
        blocks.append(
            {
                name: [_record(name, len(blocks), at, _timed(functions[name], batches[name]))]
                for at, name in enumerate(order)
            }
        )
        told = rule(blocks)
    names = (reference, candidate)
    return compared_in_process(names, blocks, question, told or "the budget is spent")


def _batch(function: Callable[[], Any]) -> int:
    """How many calls a sample has."""
    function()
    batch = 1
    # Twice over: one of a few calls may have waited for the CPU.
    while batch < _LARGEST_BATCH and any(
        _timed(function, batch).wall_ns < _BATCH_NS for _ in range(2)
    ):
        batch *= 2
    return batch


def _timed(function: Callable[[], Any], batch: int) -> Trial:
    """A batch of calls: its times, and how often the CPU was given up and taken away meanwhile."""
    calls = range(batch)
    collects = gc.isenabled()
    gc.disable()
    try:
        before = resource.getrusage(resource.RUSAGE_SELF)
        cpu_ns = time.process_time_ns()
        wall_ns = time.perf_counter_ns()
        for _ in calls:
            function()
        wall_ns = max(time.perf_counter_ns() - wall_ns, 1)
        cpu_ns = time.process_time_ns() - cpu_ns
        after = resource.getrusage(resource.RUSAGE_SELF)
    finally:
        if collects:
            gc.enable()
    return Trial(
        *(TrialStatus.OK, wall_ns, cpu_ns),
        voluntary_switches=after.ru_nvcsw - before.ru_nvcsw,
        involuntary_switches=after.ru_nivcsw - before.ru_nivcsw,
        samples=(Sample(0, batch, wall_ns, cpu_ns),),
    )


def _record(name: str, block: int, position: int, trial: Trial) -> TrialRecord:
    return TrialRecord(
        run_id="in-process",
        task="functions",
        case="default",
        target=name,
        adapter="python",
        language="Python",
        build_digest="",
        mode=Mode.STEADY,
        block=block,
        position=position,
        warmup=False,
        started_at_ns=time.time_ns(),
        trial=trial,
    )
