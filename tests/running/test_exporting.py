"""A run's report in a file, in an exporter's format."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import ExitCode, UsageError
from harness.running.exporting import Export
from harness.running.reports import Failure, Report
from harness.running.run_results import RunResult
from harness.testing.plugins import make_run

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
