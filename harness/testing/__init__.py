"""For the authors of adapters: a suite that every adapter passes, and fakes to test one with.

- `AdapterConformance`  a pytest class: subclass it, give it five small programs, run pytest
- `FakeRunner`          a Runner without a machine: records what it is asked, answers by script
- `check_exporter`, `check_metric`  the same for these kinds of plugins, in one call
- `make_...`            targets, builds, outputs and trials with sensible fields

pytest is needed by those who import this package, and by nobody else.
"""

from harness.testing.conformance import AdapterConformance
from harness.testing.fakes import FakeRunner, ToolCall
from harness.testing.makers import (
    completed,
    make_build,
    make_case,
    make_host,
    make_output,
    make_record,
    make_target,
    make_task,
    make_toolchain,
    make_trial,
)
from harness.testing.plugins import check_exporter, check_metric

__all__ = [
    "AdapterConformance",
    "FakeRunner",
    "ToolCall",
    "check_exporter",
    "check_metric",
    "completed",
    "make_build",
    "make_case",
    "make_host",
    "make_output",
    "make_record",
    "make_target",
    "make_task",
    "make_toolchain",
    "make_trial",
]
