"""For the authors of adapters: a suite that every adapter passes, and fakes to test one with.

- `AdapterConformance`  a pytest class: subclass it, give it five small programs, run pytest
- `suite_of`            the same with the programs of a `sample.toml` beside the adapter
- `FakeRunner`          a Runner without a machine: records what it is asked, answers by script
- `check_exporter`, `check_metric`  the same for these kinds of plugins, in one call
- `make_...`            targets, builds, outputs and trials with sensible fields

The suite needs pytest, which the extra `testing` brings, and nothing else here does.
"""

from typing import TYPE_CHECKING

from harness.on_demand import loaded_when_used

if TYPE_CHECKING:
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
    from harness.testing.samples import suite_of
else:
    __getattr__ = loaded_when_used(
        __name__,
        {
            "conformance": "AdapterConformance",
            "fakes": "FakeRunner ToolCall",
            "makers": "completed make_build make_case make_host make_output make_record"
            " make_target make_task make_toolchain make_trial",
            "plugins": "check_exporter check_metric",
            "samples": "suite_of",
        },
    )

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
    "suite_of",
]
