"""The same work on every machine, timed by its own clock: what `harness doctor` has nodes do."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable

HASHED_BYTES = 8 * 2**20
COPIED_BYTES = 64 * 2**20
"""More than the last cache of most CPUs: what is timed is the memory."""
_WARM = 3


def time_the_same_work(repeats: int) -> dict[str, list[tuple[int, int]]]:
    """Wall and CPU nanoseconds of each repeat of each kind of work, in turns: `cpu` hashes,
    `memory` copies.

    A repeat of each takes some 5 to 50 ms. Both are done by one thread.
    """
    import numpy as np

    hashed = bytes(HASHED_BYTES)
    source, target = (np.zeros(COPIED_BYTES // 8) for _ in range(2))
    source[:] = 1.0  # pages that were never written are all one page, and in the cache
    works: dict[str, Callable[[], object]] = {
        "cpu": lambda: hashlib.sha256(hashed).digest(),
        "memory": lambda: np.copyto(target, source),
    }
    found: dict[str, list[tuple[int, int]]] = {name: [] for name in works}
    for number in range(-_WARM, repeats):
        for name, work in works.items():
            began_ns, began_cpu_ns = time.perf_counter_ns(), time.thread_time_ns()
            work()
            took_ns, cpu_ns = (
                time.perf_counter_ns() - began_ns,
                time.thread_time_ns() - began_cpu_ns,
            )
            if number >= 0:
                found[name].append((took_ns, cpu_ns))
    return found
