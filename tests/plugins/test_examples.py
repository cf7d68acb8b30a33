"""The examples of docs/plugins.md: each is executed as it stands there."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

import pytest

from harness.testing import check_exporter, check_metric

TEXT = (Path(__file__).parents[2] / "docs/plugins.md").read_text(encoding="utf-8")


def example(heading: str) -> ModuleType:
    """The first Python block below a heading, as a module."""
    section = TEXT.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    found = re.search(r"```python\n(.*?)```", section, re.DOTALL)
    assert found is not None, f"no example under {heading}"
    module = ModuleType(heading.lower())
    exec(compile(found[1], f"docs/plugins.md: {heading}", "exec"), module.__dict__)
    return module


def test_the_metric_plugin_adds_its_figure(tmp_path):
    assert set(check_metric(example("Metrics"), tmp_path).metrics) == {"load_1m"}


def test_a_metric_plugin_that_declares_nothing_is_found_out(tmp_path):
    module = example("Metrics")
    del module.harness_metrics
    with pytest.raises(AssertionError, match="'load_1m' of adapter 'x': no plugin declares it"):
        check_metric(module, tmp_path)


def test_the_exporter_writes_every_target():
    assert check_exporter(example("Exporters")) == "sum-x: 2000000 ns\nsum-y: build failed"
