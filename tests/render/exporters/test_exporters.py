"""The formats that come with the harness, and the suite that holds every exporter."""

from __future__ import annotations

import csv
import io
import json
from importlib.metadata import EntryPoint
from pathlib import Path
from types import SimpleNamespace

import pytest

from harness.errors import PluginFailed, UsageError
from harness.hookspecs import hookimpl
from harness.plugins import Exporter
from harness.render.exporters import csv_table, json_text, markdown
from harness.testing import check_exporter
from harness.testing.plugins import FAILURES, make_run


def exporter(suffix: object = ".txt", content: object = "sum-x sum-y") -> SimpleNamespace:
    return SimpleNamespace(
        harness_suffix=hookimpl(lambda: suffix), harness_export=hookimpl(lambda: content)
    )


@pytest.mark.parametrize("module", [csv_table, json_text, markdown])
def test_every_exporter_of_ours_passes_the_suite(module):
    check_exporter(module)


def test_csv_has_numbers_and_what_failed():
    rows = [*csv.DictReader(io.StringIO(str(check_exporter(csv_table))))]
    assert [row["target"] for row in rows] == ["sum-x", "sum-y"]
    assert float(rows[0]["wall_ns"]) == 2e6
    assert rows[0]["language"] == "X, or |Y|"
    assert rows[1]["output"] == "build failed"
    assert rows[1]["wall_ns"] == ""


def test_json_has_the_whole_run():
    loaded = json.loads(str(check_exporter(json_text)))
    assert loaded["id"] == make_run().id
    assert loaded["measurements"][0]["metrics"][0]["info"]["name"] == "rate"
    assert loaded["failures"] == [
        {"task": "sum", "case": "fast", "target": "sum-y", "failure": "build failed"}
    ]


def test_markdown_is_a_table():
    lines = str(check_exporter(markdown)).splitlines()
    assert lines[0].startswith("| target")
    assert set(lines[1]) <= set("|-:")


@pytest.mark.parametrize(
    ("plugin", "words"),
    [
        (exporter(suffix="txt"), "want a suffix such as '.csv', got 'txt'"),
        (exporter(content=7), "harness_export returned int, want str or bytes"),
        (exporter(content=None), "harness_export returned nothing"),
        (SimpleNamespace(), "does not implement harness_suffix, harness_export"),
    ],
)
def test_an_exporter_that_breaks_the_contract_is_named(plugin, words):
    with pytest.raises(PluginFailed, match="exporter 'exporter'") as caught:
        check_exporter(plugin)
    assert words in caught.value.message


def test_the_suite_finds_an_exporter_that_leaves_a_target_out():
    with pytest.raises(AssertionError, match="sum-y is missing"):
        check_exporter(exporter(content="sum-x"))


def points(**modules: str) -> list[EntryPoint]:
    return [EntryPoint(name, value, Exporter.GROUP) for name, value in modules.items()]


def test_a_suffix_chooses_and_a_broken_exporter_takes_nothing_else_down(capsys):
    found = points(broken="no_such_module_here", csv="harness.render.exporters.csv_table")
    chosen = Exporter.for_file(Path("a.CSV"), found)
    assert chosen.name == "csv"
    assert chosen.export(make_run(), FAILURES)
    assert "left out: exporter 'broken' (no_such_module_here) cannot be" in capsys.readouterr().err
    with pytest.raises(UsageError, match=r"no exporter writes \.xml"):
        Exporter.for_file(Path("a.xml"), found)


def test_an_unknown_exporter_suggests_the_near_one():
    with pytest.raises(UsageError, match="no exporter named 'markdwn'") as caught:
        Exporter.find("markdwn")
    assert "Did you mean 'markdown'?" in caught.value.hint
