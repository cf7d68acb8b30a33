"""A metric plugin that was asked for by name and fails: named, with its reason and exit code 3."""

from __future__ import annotations

import json
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import pytest

import harness
from harness.cli import cli
from harness.cli.shared.base import guard
from harness.plugins.installed import METRIC_GROUP
from harness.running.reading_back import report_of
from harness.running.run_results import RunResult
from harness.system.store.run_file import read_run

DECLARES = """
from dataclasses import replace
from harness.hookspecs import hookimpl
from harness.model import MetricInfo

@hookimpl
def harness_metrics():
    return [MetricInfo("one_x", "x", source="NAME")]

@hookimpl(wrapper=True)
def harness_time():
    BEFORE
    trial = yield
    return replace(trial, metrics={**trial.metrics, "one_x": 1.0})
"""
LATE = """
N = 0

@hookimpl(wrapper=True)
def harness_time():
    global N
    N += 1
    late = N > 2
    BEFORE
    trial = yield
    AFTER
    return trial
"""


def late(before: str = "pass", after: str = "pass") -> str:
    """A plugin that serves in a warm-up and a trial, and not in what follows."""
    served = LATE.replace("BEFORE", before).replace("AFTER", after)
    return DECLARES.partition("@hookimpl(wrapper")[0] + served


PLUGINS = {
    "tool": late("if late: raise ToolchainMissing('no meter any more')").replace(
        "from harness.model", "from harness.errors import ToolchainMissing\nfrom harness.model"
    ),
    "dark": late("if late: raise RuntimeError('gone dark')"),
    "exits": late("if late: raise SystemExit(3)"),
    "nothing": late(after="if late: return None"),
    "text": late(after="if late: return 'x'"),
    "unyielding": late("if late: return"),
    "meter": DECLARES.replace("BEFORE", "pass"),
    "breaks": DECLARES.replace("BEFORE", "raise RuntimeError('no meter')"),
    "gone": "import no_such_module_here",
    "new": "HARNESS_CONTRACT = 99",
}


@pytest.fixture(autouse=True)
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a program, and metric plugins of which one alone serves."""
    for name, text in PLUGINS.items():
        (tmp_path / f"{name}_metric.py").write_text(text.replace("NAME", name))
    points = [EntryPoint(name, f"{name}_metric", METRIC_GROUP) for name in PLUGINS]
    monkeypatch.setattr(
        "harness.plugins.installed.entry_points",
        lambda group: points if group == METRIC_GROUP else entry_points(group=group),
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "old.py").write_text("print(1)\n")
    (tmp_path / "new.py").write_text("print(1)\n")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "reason"), [("gone", "no_such_module_here"), ("new", "is written for contract 99")]
)
def test_one_that_cannot_serve_is_refused_before_anything_runs(
    installed: Path, name: str, reason: str
):
    with pytest.raises(harness.AdapterError, match=reason) as caught:
        harness.run("old.py", trials=2, metrics=name)
    assert caught.value.message.startswith(f"metric plugin {name!r} cannot serve")
    assert caught.value.exit_code is harness.ExitCode.ADAPTER
    assert not (installed / ".harness/results").exists()


def test_one_that_fails_in_a_trial_is_named_and_the_times_are_kept():
    result = harness.run("old.py", trials=2, metrics="breaks,meter")
    assert not result.failures
    assert result["old.py"].trials == 2
    assert "harness_time raised RuntimeError: no meter" in result.lacking["breaks"]
    assert result.lacking.keys() == {"breaks"}
    assert result.exit_code is harness.ExitCode.ADAPTER
    assert any("no meter" in warning for warning in result.warnings)
    assert [figure.info.name for figure in result["old.py"].metrics] == ["one_x"]


@pytest.mark.parametrize("name", ["tool", "dark", "exits", "nothing", "text", "unyielding"])
def test_one_that_served_and_fails_later_is_named_and_no_bug_of_ours(name: str):
    result = harness.run("old.py", trials=3, metrics=name)
    assert result.exit_code is harness.ExitCode.TRIAL
    assert f"plugin {name!r}" in str(result.failures["old.py"])


def test_what_lacks_is_stored_and_read_back():
    result = harness.run("old.py", trials=2, metrics="breaks")
    again = RunResult(report_of(read_run(result.folder)))
    assert again.lacking == result.lacking
    assert again.exit_code is harness.ExitCode.ADAPTER


def test_a_comparison_says_it_too():
    result = harness.compare("old.py", "new.py", trials=2, metrics="breaks")
    assert "no meter" in result.lacking["breaks"]
    assert result.exit_code >= harness.ExitCode.ADAPTER


def test_one_that_the_configuration_names_is_left_out_and_warned_of(installed: Path):
    (installed / "harness.toml").write_text(
        'metrics = ["breaks"]\n[tasks.t.cases.fast]\n'
        '[targets.a]\ntask = "t"\nadapter = "python"\nsources = ["old.py"]\n'
    )
    result = harness.run("a", trials=2)
    assert result.ok
    assert any("no meter" in warning for warning in result.warnings)


@pytest.mark.parametrize("name", ["gone", "breaks"])
def test_the_command_ends_with_3_and_the_reason(name: str, capfd: pytest.CaptureFixture[str]):
    words = ["run", "--adapter", "python", "old.py", "--trials", "2", "--metrics", name]
    code = guard(cli, [*words, "--json"])
    said = json.loads(capfd.readouterr().out)
    assert code == 3
    assert name in said["error"]
    assert ("no meter" if name == "breaks" else "no_such_module_here") in said["error"]


def test_the_doctor_names_the_plugins_that_do_not_serve():
    finding = next(f for f in harness.doctor(watch_s=0).findings if f.name == "plugins")
    assert finding.seen == "left out: gone, new"
    assert "no_such_module_here" in finding.meaning
