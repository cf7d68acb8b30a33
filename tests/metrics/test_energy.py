"""Energy of a made-up powercap: packages alone, counters that begin anew, none at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.metrics.energy import Energy
from harness.model import TrialPlan
from harness.plugins import Adapter, CrossCutting
from harness.testing import FakeRunner, check_metric, make_build, make_case, make_target
from tests.metrics.test_sensors import Language


def zone(root: Path, folder: str, name: str, energy_uj: object) -> Path:
    path = root / "class/powercap" / folder
    path.mkdir(parents=True, exist_ok=True)
    (path / "name").write_text(f"{name}\n")
    (path / "max_energy_range_uj").write_text("1000000\n")
    (path / "energy_uj").write_text(f"{energy_uj}\n")
    return path / "energy_uj"


def timed(plugin: Energy, tmp_path: Path, during=lambda: None) -> dict[str, float]:
    adapter = Adapter("x", Language(during), CrossCutting({"energy": plugin}))
    build = make_build(make_target(tmp_path))
    return dict(adapter.time(build, make_case(), TrialPlan(), FakeRunner(tmp_path / "f")).metrics)


@pytest.fixture
def plugin(tmp_path):
    made = Energy()
    made.root = tmp_path / "sys"
    return made


def test_the_packages_are_added_up_and_their_parts_are_within_them(plugin, tmp_path):
    one = zone(plugin.root, "intel-rapl:0", "package-0", 100_000)
    two = zone(plugin.root, "intel-rapl:1", "package-1", 900_000)
    zone(plugin.root, "intel-rapl:0:0", "core", 5)
    zone(plugin.root, "intel-rapl:2", "psys", 5)

    def during() -> None:
        one.write_text("350000\n")
        two.write_text("50000\n")  # it began anew at its range

    assert timed(plugin, tmp_path, during) == {"energy": pytest.approx(0.25 + 0.15)}


def test_a_machine_without_counters_and_one_that_hides_them_have_no_figure(plugin, tmp_path):
    assert timed(plugin, tmp_path) == {}
    zone(plugin.root, "intel-rapl:0", "package-0", "hidden")
    assert timed(plugin, tmp_path) == {}
    check_metric(plugin, tmp_path / "checked")
