"""A run's report in a file, in an exporter's format."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from harness.errors import AdapterError, ExitCode, UsageError
from harness.plugins import Exporter
from harness.plugins.found import OURS
from harness.running.exporting import Export
from harness.running.reports import Failure, Report
from harness.running.run_results import RunResult
from harness.testing.plugins import make_run

ALIEN = """
from harness.hookspecs import hookimpl

@hookimpl
def harness_suffix():
    return ".csv"

@hookimpl
def harness_export(run):
    return ""
"""

REPORT = Report(
    make_run(),
    Path("/nowhere"),
    {("sum", "fast", "sum-y"): Failure("build failed", "no semicolon", ExitCode.BUILD)},
)


def test_a_result_is_written_by_its_suffix_or_by_name(tmp_path):
    result = RunResult(REPORT)
    result.export(tmp_path / "run.csv")
    result.export(tmp_path / "run.txt", "csv")
    written = (tmp_path / "run.csv").read_text()
    assert written == (tmp_path / "run.txt").read_text() == result.table("csv") + "\n"
    assert "build failed" in written


def test_a_suffix_that_nobody_writes_leaves_no_file(tmp_path):
    with pytest.raises(UsageError, match=r"no exporter writes \.xml"):
        Export.of(tmp_path / "run.xml", None)
    assert [*tmp_path.iterdir()] == []


class Ours:
    """The distribution whose exporters keep their suffixes."""

    name, version = OURS, "0"


def entry(name: str, module: str, ours: bool = False) -> EntryPoint:
    point = EntryPoint(name, module, Exporter.GROUP)
    vars(point).update(dist=Ours() if ours else None)
    return point


def test_ours_writes_its_suffix_and_others_are_not_loaded_for_it(monkeypatch, tmp_path, capsys):
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("alien_a", "alien_b"):
        (tmp_path / f"{name}.py").write_text(ALIEN)
    module = next(p.module for p in Exporter.installed() if p.name == "csv")
    points = [
        entry("a", "alien_a"),
        entry("b", "alien_b"),
        entry("broken", "no_such_module_here"),
        entry("zcsv", module, ours=True),
    ]
    assert Exporter.for_file(Path("x.CSV"), points).name == "zcsv"
    assert capsys.readouterr().err == ""
    points[0], points[1] = entry("a", "alien_c"), entry("b", "alien_d")
    for name in ("alien_c", "alien_d"):
        (tmp_path / f"{name}.py").write_text(ALIEN.replace(".csv", ".odd"))
    with pytest.raises(AdapterError, match=r"several installed exporters write \.odd: a and b"):
        Exporter.for_file(Path("x.odd"), points)
    assert "exporter 'broken'" in capsys.readouterr().err
