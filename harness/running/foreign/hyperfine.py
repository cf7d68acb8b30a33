"""hyperfine's `--export-json`: whole processes, one trial per time."""

from __future__ import annotations

from harness.model import Mode, Trial, TrialStatus
from harness.running.foreign.measured import ForeignFile, ForeignTarget
from harness.running.foreign.nodes import Node


def is_hyperfine(document: Node) -> bool:
    """Is it hyperfine's? By its results, which have commands."""
    results = document.find("results")
    return (
        results is not None
        and isinstance(results.value, list)
        and any(isinstance(each, dict) and "command" in each for each in results.value)
    )


def read_hyperfine(document: Node) -> ForeignFile:
    """UsageError says what is wrong, and where."""
    return ForeignFile(tuple(_target(each) for each in document.at("results").items()))


def _target(result: Node) -> ForeignTarget:
    times = list(result.at("times").items())
    codes = _beside(result, "exit_codes", len(times))
    memory = _beside(result, "memory_usage_byte", len(times))
    return ForeignTarget(
        name=result.at("command").text(),
        mode=Mode.COLD,
        trials=tuple(_trial(*each) for each in zip(times, codes, memory, strict=True)),
        parameters={name: value.words() for name, value in result.pairs("parameters")},
        language="any",
    )


def _beside(result: Node, key: str, count: int) -> list[Node | None]:
    """A list that has an entry for each time, or Nones: older versions wrote fewer of them."""
    found = result.find(key)
    if found is None:
        return [None] * count
    each = list(found.items())
    if len(each) != count:
        found.refuse(f"as many entries as there are times, {count}")
    return [*each]


def _trial(time: Node, code: Node | None, memory: Node | None) -> Trial:
    ended = code.whole(least=-(2**31)) if code is not None and code.value is not None else None
    # None: a signal ended it; older versions say nothing of any trial.
    failed = code is not None and ended != 0
    return Trial(
        status=TrialStatus.FAILED if failed else TrialStatus.OK,
        wall_ns=time.ns(),
        exit_code=ended,
        message=f"exit code {ended}" if failed else "",
        max_rss_bytes=memory.whole(least=0) if memory is not None and memory.value else 0,
    )
