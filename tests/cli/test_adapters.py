"""`harness adapters`: what is installed, what it finds, and what is missing."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points

import pytest

from harness.plugins import Adapters, Exporter
from harness.plugins.installed import METRIC_GROUP

MISSING = """
from harness.errors import ToolchainMissing
from harness.hookspecs import hookimpl

@hookimpl
def harness_probe():
    raise ToolchainMissing("no cobol here", hint="apt-get install gnucobol")

@hookimpl
def harness_build():
    return None

@hookimpl
def harness_run():
    return None

@hookimpl
def harness_time():
    return None
"""


@pytest.fixture
def installed(monkeypatch, tmp_path):
    """Install adapters and plugins by name and module, for the command line alone."""
    monkeypatch.syspath_prepend(tmp_path)

    def install(adapters: dict[str, str], plugins: dict[str, str] | None = None) -> None:
        def points(group: str, pairs: dict[str, str]) -> list[EntryPoint]:
            return [EntryPoint(name, value, group) for name, value in pairs.items()]

        monkeypatch.setattr(
            "harness.running.installation.Adapters",
            lambda report: Adapters(points("a", adapters), points("p", plugins or {}), report),
        )

    return install


def test_installed_adapters_are_listed_with_package_and_toolchain(harness):
    said = harness("adapters")
    assert said.code == 0
    line = next(line for line in said.out.splitlines() if line.startswith("command"))
    assert "optim-harness 0.1.0" in line
    assert "/sh" in line


def test_the_envelope_has_all_that_the_table_says(harness):
    found = {a["name"]: a for a in harness("adapters", "--json").result["adapters"]}
    assert {"c", "command", "julia", "python"} <= found.keys()
    assert found["python"]["ok"] is True
    assert found["python"]["language"] == "Python"
    assert found["python"]["toolchain_version"].startswith("CPython 3.")
    assert found["python"]["distribution"] == "optim-harness"


def test_a_missing_toolchain_is_said_with_how_to_get_it_and_stops_nothing(
    harness, installed, tmp_path
):
    (tmp_path / "cobol_adapter.py").write_text(MISSING)
    installed({"cobol": "cobol_adapter", "command": "harness_command"})
    said = harness("adapters")
    assert said.code == 0
    assert "missing: no cobol here" in said.out
    assert "cobol: apt-get install gnucobol" in said.out
    assert "/sh" in said.out
    envelope = harness("adapters", "--json").envelope
    assert envelope["next_actions"] == ["cobol: apt-get install gnucobol"]


def test_an_adapter_that_does_not_import_is_listed_with_its_error(harness, installed):
    installed({"gone": "no_such_module_here", "command": "harness_command"})
    said = harness("adapters")
    assert said.code == 0
    assert "broken: adapter 'gone' (no_such_module_here) cannot be imported" in said.out
    assert "/sh" in said.out


def test_cross_cutting_plugins_are_listed(harness, installed, tmp_path):
    (tmp_path / "energy_meter.py").write_text("")
    installed({"command": "harness_command"}, {"energy": "energy_meter"})
    assert "energy" not in harness("adapters", "--format", "csv").out
    assert "plugin energy" in harness("adapters").out
    (plugin,) = harness("adapters", "--json").result["plugins"]
    assert (plugin["name"], plugin["module"]) == ("energy", "energy_meter")


def test_plugins_of_every_kind_are_listed(harness):
    """Ours among them, whatever else is installed here."""
    lines = harness("adapters").out.splitlines()
    listed = {
        kind: names.split(", ") for kind, _, names in (line.partition(": ") for line in lines)
    }
    ours = {
        "metrics": {
            *("energy", "frequency", "instructions", "io", "python_memory", "temperature"),
            *("tree_memory", "voltage"),
        },
        "proposers": {"agent", "flags", "patches"},
        "executors": {"local", "slurm"},
        "exporters": {"csv", "markdown"},
    }
    for kind, names in ours.items():
        assert names <= {*listed[kind]}, kind
    result = harness("adapters", "--json").result
    for kind in ("executors", "metrics"):
        found = {e["name"] for e in result[kind] if e["distribution"] == "optim-harness"}
        assert found == ours[kind]


def test_a_broken_plugin_of_any_kind_is_named_and_takes_nothing_down(harness, monkeypatch):
    broken = [EntryPoint("gone", "no_such_module_here", Exporter.GROUP)]
    real = Exporter._claims(None)
    monkeypatch.setattr(Exporter, "_claims", lambda found: {**real, "gone": broken})
    said = harness("adapters")
    assert said.code == 0
    assert "left out: exporter 'gone' (no_such_module_here) cannot be imported" in said.out
    assert any(
        line.startswith("exporters: ") and " csv, " in line for line in said.out.splitlines()
    )


RAISING = """
from harness.hookspecs import hookimpl

@hookimpl
def harness_metrics():
    raise RuntimeError("no meter")
"""


def test_a_metric_plugin_that_cannot_serve_is_named_with_its_reason(harness, monkeypatch, tmp_path):
    (tmp_path / "broken_meter.py").write_text(RAISING)
    monkeypatch.syspath_prepend(tmp_path)
    modules = {
        "gone": "no_such_module_here",
        "meter": "broken_meter",
        "voltage": "harness.metrics.sensors:voltage",
    }
    points = [EntryPoint(name, module, METRIC_GROUP) for name, module in modules.items()]
    monkeypatch.setattr(
        "harness.plugins.installed.entry_points",
        lambda group: points if group == METRIC_GROUP else entry_points(group=group),
    )
    said = harness("adapters", "--json")
    assert [each["name"] for each in said.result["metrics"]] == ["voltage"]
    reasons = [(each["name"], each["message"]) for each in said.result["left_out"]]
    for name, reason in (
        ("gone", "No module named 'no_such_module_here'"),
        ("meter", "harness_metrics raised RuntimeError: no meter"),
    ):
        assert any(name == left and reason in message for left, message in reasons), reasons


def test_csv_holds_the_table_alone(harness, installed):
    installed({"gone": "no_such_module_here"})
    said = harness("adapters", "--format", "csv")
    assert len(said.out.splitlines()) == 2


def test_two_packages_with_one_adapter_name_are_listed_and_named(harness, monkeypatch):
    both = [EntryPoint("d", value, "harness.adapters") for value in ("harness_d", "other_d")]
    monkeypatch.setattr(
        "harness.running.installation.Adapters", lambda report: Adapters(both, (), report)
    )
    said = harness("adapters")
    assert said.code == 0
    assert "register the adapter 'd': harness_d and other_d" in said.out


def test_a_plugin_that_is_left_out_is_not_listed_as_taking_part(harness, installed):
    installed({"command": "harness_command"}, {"gone": "no_such_module_here"})
    said = harness("adapters")
    assert said.code == 0
    assert "left out: plugin 'gone' (no_such_module_here) cannot be imported" in said.out
    assert "plugin gone" not in said.out
