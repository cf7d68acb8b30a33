"""Sensors of a made-up /sys: what is named, in which unit, and what a silent one costs."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.hookspecs import hookimpl
from harness.metrics.sensors import MOST_SENSORS, Sensors, frequencies, temperatures, voltages
from harness.model import Build, Output, Target, Toolchain, Trial, TrialPlan
from harness.plugins import Adapter, CrossCutting
from harness.testing import (
    FakeRunner,
    make_build,
    make_case,
    make_target,
    make_toolchain,
    make_trial,
)


def write(root: Path, **files: object) -> None:
    for name, value in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{value}\n")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write(tmp_path, class__thermal__thermal_zone0__temp=40000)
    write(tmp_path, class__thermal__thermal_zone0__type="x86_pkg_temp")
    write(tmp_path, class__hwmon__hwmon0__name="nct6775", class__hwmon__hwmon0__in0_input=1120)
    write(tmp_path, class__hwmon__hwmon0__in0_label="Vcore", class__hwmon__hwmon0__temp1_input=3)
    write(tmp_path, devices__system__cpu__cpu0__cpufreq__scaling_cur_freq=3_400_000)
    return tmp_path


def sensors(kind: str, root: Path) -> Sensors:
    made = {
        "temperature": Sensors("temperature", "C", temperatures),
        "voltage": Sensors("voltage", "V", voltages),
        "frequency": Sensors("frequency", "MHz", frequencies),
    }[kind]
    made.root = root
    return made


class Language:
    """An adapter whose trials do something to the machine."""

    def __init__(self, during=lambda: None) -> None:
        self.during = during

    @hookimpl
    def harness_probe(self) -> Toolchain:
        return make_toolchain()

    @hookimpl
    def harness_build(self, target: Target) -> Build:
        return make_build(target)

    @hookimpl
    def harness_run(self, build: Build) -> Output | None:
        return None

    @hookimpl
    def harness_time(self) -> Trial:
        self.during()
        return make_trial()


def timed(plugin: Sensors, tmp_path: Path, during=lambda: None) -> dict[str, float]:
    adapter = Adapter("x", Language(during), CrossCutting({plugin.kind: plugin}))
    build = make_build(make_target(tmp_path))
    runner = FakeRunner(tmp_path / "fake")
    return dict(adapter.time(build, make_case(), TrialPlan(), runner).metrics)


def test_a_temperature_is_the_mean_of_before_and_after_with_its_rise(root, tmp_path):
    figures = timed(
        sensors("temperature", root),
        tmp_path,
        lambda: write(root, class__thermal__thermal_zone0__temp=50000),
    )
    assert figures["x86_pkg_temp_c"] == 45
    assert figures["temperature_rise_c"] == 10
    assert figures["nct6775_temp1_c"] == pytest.approx(0.003)


def test_voltages_and_frequencies_are_in_their_units(root, tmp_path):
    assert timed(sensors("voltage", root), tmp_path) == {"nct6775_vcore_v": pytest.approx(1.12)}
    assert timed(sensors("frequency", root), tmp_path) == {"cpu0_mhz": pytest.approx(3400)}


def test_what_is_declared_says_unit_step_and_who(root):
    (info,) = sensors("voltage", root).harness_metrics()
    assert (info.unit, info.resolution, info.source) == ("V", 1e-3, "voltage")


def test_a_machine_without_sensors_has_no_figures(tmp_path):
    for kind in ("temperature", "voltage", "frequency"):
        plugin = sensors(kind, tmp_path / "empty")
        assert plugin.harness_metrics() == []
        assert timed(plugin, tmp_path) == {}


def test_a_sensor_that_falls_silent_has_no_figure_and_the_others_stay(root, tmp_path):
    gone = root / "class/thermal/thermal_zone0/temp"
    figures = timed(sensors("temperature", root), tmp_path, gone.unlink)
    assert set(figures) == {"nct6775_temp1_c", "temperature_rise_c"}


def test_a_sensor_that_says_no_number_is_passed_over(root):
    write(root, class__thermal__thermal_zone0__temp="N/A")
    assert {s.name for s in sensors("temperature", root).sensors()} == {"nct6775_temp1_c"}


def test_two_sensors_of_one_name_are_told_apart_and_there_is_a_most(root):
    for number in range(2, MOST_SENSORS + 9):
        write(root, **{f"class__thermal__thermal_zone{number}__temp": 1000})
        write(root, **{f"class__thermal__thermal_zone{number}__type": "zone"})
    names = [s.name for s in sensors("temperature", root).sensors()]
    assert names[:3] == ["x86_pkg_temp_c", "zone_c", "zone_c_2"]
    assert len(set(names)) == len(names) == MOST_SENSORS
