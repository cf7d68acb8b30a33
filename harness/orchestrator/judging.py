"""Is an output right? By the adapter's own knowledge where it has any, else by the core's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from harness.correctness import agree_all
from harness.model import Agreement, Output, Task
from harness.plugins import Adapter


def judge(
    adapter: Adapter,
    task: Task,
    expected: Output,
    actual: Output,
    judged: Mapping[str, Agreement] | None = None,
) -> Agreement:
    """Compare all declared outputs: by the adapter's own knowledge where it has any.

    `judged` holds, by output, what has been said already.
    """
    own = dict(judged or {})
    if adapter.compares():
        for spec in task.outputs:
            if spec.name in own:
                continue
            tolerance = replace(spec.tolerance, output=spec.name)
            agreement = adapter.compare(expected, actual, tolerance)
            if agreement is not None:
                own[spec.name] = agreement
    return agree_all(task, expected.values, actual.values, own)
