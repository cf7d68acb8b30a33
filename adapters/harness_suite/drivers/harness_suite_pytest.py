"""A plugin of pytest: names the benchmarks of a suite, and times plain test functions.

It is handed to the target's own pytest by `-p`, and imports nothing but the standard library.
"""

from __future__ import annotations

import inspect
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

FIXTURE = os.environ.get("HARNESS_SUITE_FIXTURE", "")
RESULT = "benchmark.json"
BATCHES = 10


def pytest_addoption(parser: Any) -> None:
    """How long a function is called again and again; 0: it is called once."""
    parser.addoption("--harness-suite-milliseconds", type=int, default=0)


def pytest_collection_finish(session: Any) -> None:
    """Name what was collected, where nothing else is to be done with it."""
    if session.config.option.collectonly:
        for item in session.items:
            if not FIXTURE or FIXTURE in getattr(item, "fixturenames", ()):
                sys.stdout.write(f"\nharness_suite_pytest: {item.nodeid}\n")


def pytest_pyfunc_call(pyfuncitem: Any) -> bool | None:
    """Call the function in batches of equal size; None leaves it to pytest."""
    function = pyfuncitem.obj
    if FIXTURE or inspect.iscoroutinefunction(function):
        return None
    names = pyfuncitem._fixtureinfo.argnames
    arguments = {name: pyfuncitem.funcargs[name] for name in names}
    wanted_ns = pyfuncitem.config.getoption("--harness-suite-milliseconds") * 1_000_000
    batches = list(_batches(lambda: function(**arguments), wanted_ns))
    Path(RESULT).write_text(json.dumps({"batches": batches}), encoding="utf-8")
    return True


def _batches(call: Callable[[], object], wanted_ns: int) -> Iterator[tuple[int, int]]:
    """The batches that count; the first call alone where that is all."""
    first = _timed(call, 1)
    if not wanted_ns:
        yield first
        return
    count, (_, took) = 1, _timed(call, 1)
    while took < wanted_ns / BATCHES / 2 and count < 1 << 30:
        count *= 2
        _, took = _timed(call, count)
    for _ in range(BATCHES):
        yield _timed(call, count)


def _timed(call: Callable[[], object], count: int) -> tuple[int, int]:
    """How many calls, and how long they took in ns."""
    again = range(count)
    begun = time.perf_counter_ns()
    for _ in again:
        call()
    return count, time.perf_counter_ns() - begun
