"""Temperatures, voltages and CPU frequencies as the kernel reports them; for `--metrics`.

Each sensor is read right before and right after a trial. A temperature and a frequency are the
mean of the two readings, and `temperature_rise_c` is the difference of the warmest ones: a machine
that grows warm slows down, and a table of times alone does not say so. A machine without sensors,
such as most virtual ones, has no figures, and that is no error.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.hookspecs import hookimpl
from harness.model import MetricInfo, Trial

MOST_SENSORS = 256
"""The most sensors of one kind that are read; further ones are left out, so that a trial on a
machine with very many does not wait for them."""


@dataclass(frozen=True, slots=True)
class Sensor:
    """One file of /sys that holds a number."""

    name: str
    path: Path
    scale: float
    """What one step of the file is in the metric's unit."""

    def read(self) -> float | None:
        """The value in the metric's unit; None where the sensor does not answer."""
        try:
            return int(self.path.read_text(encoding="ascii")) * self.scale
        except (OSError, ValueError):
            return None


class Sensors:
    """A metric plugin over the sensors of one kind below a root."""

    def __init__(self, kind: str, unit: str, find: Callable[[Path], Iterator[Sensor]]) -> None:
        self.kind = kind
        self.unit = unit
        self.root = Path("/sys")
        self._find = find

    def sensors(self) -> tuple[Sensor, ...]:
        """Those that answer now, in a stable order and with names of their own."""
        found: dict[str, Sensor] = {}
        for sensor in self._find(self.root):
            if len(found) < MOST_SENSORS and sensor.read() is not None:
                name, number = sensor.name, 2
                while name in found:
                    name, number = f"{sensor.name}_{number}", number + 1
                found[name] = replace(sensor, name=name)
        return tuple(found.values())

    @hookimpl
    def harness_metrics(self) -> Sequence[MetricInfo]:
        infos = [
            MetricInfo(s.name, self.unit, resolution=s.scale, source=self.kind)
            for s in self.sensors()
        ]
        if infos and self.kind == "temperature":
            infos.append(MetricInfo("temperature_rise_c", "C", source=self.kind))
        return infos

    @hookimpl(wrapper=True)
    def harness_time(self) -> Generator[None, Trial | None, Trial | None]:
        sensors = self.sensors()
        before = {s.name: s.read() for s in sensors}
        trial = yield
        after = {s.name: s.read() for s in sensors}
        if trial is None:
            return None
        return replace(trial, metrics={**trial.metrics, **self._figures(before, after)})

    def _figures(
        self, before: Mapping[str, float | None], after: Mapping[str, float | None]
    ) -> dict[str, float]:
        pairs = {
            name: (first, last)
            for name, first in before.items()
            if first is not None and (last := after[name]) is not None
        }
        figures = {name: (first + last) / 2 for name, (first, last) in pairs.items()}
        if pairs and self.kind == "temperature":
            warmest = [max(values) for values in zip(*pairs.values(), strict=True)]
            figures["temperature_rise_c"] = warmest[1] - warmest[0]
        return figures


def _named(words: Sequence[str], unit: str) -> str:
    """A metric's name of what the kernel calls a sensor: letters, digits and `_`."""
    plain = re.sub(r"[^A-Za-z0-9]+", "_", "_".join(words)).strip("_").lower() or "sensor"
    return f"{plain}_{unit}" if plain[0].isalpha() else f"sensor_{plain}_{unit}"


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _below(folder: Path, pattern: str) -> list[Path]:
    """Files by a pattern, `temp2` before `temp10`."""
    digits = re.compile(r"\d+")
    return sorted(
        folder.glob(pattern), key=lambda p: [*map(int, digits.findall(str(p))), 0, str(p) != ""]
    )


def _monitored(root: Path, kind: str, unit: str) -> Iterator[Sensor]:
    """The inputs of one kind (`temp`, `in`) of all hardware monitors, in thousandths."""
    for path in _below(root / "class/hwmon", f"hwmon*/{kind}*_input"):
        stem = path.name.removesuffix("_input")
        label = _text(path.with_name(f"{stem}_label")) or stem
        yield Sensor(_named((_text(path.parent / "name"), label), unit), path, 1e-3)


def temperatures(root: Path) -> Iterator[Sensor]:
    """Yield the temperature sensors of all thermal zones, then of all hardware monitors."""
    for path in _below(root / "class/thermal", "thermal_zone*/temp"):
        yield Sensor(_named((_text(path.with_name("type")),), "c"), path, 1e-3)
    yield from _monitored(root, "temp", "c")


def voltages(root: Path) -> Iterator[Sensor]:
    """Yield the voltage sensors of all hardware monitors."""
    yield from _monitored(root, "in", "v")


def frequencies(root: Path) -> Iterator[Sensor]:
    """Yield one sensor of the clock frequency for each CPU that cpufreq drives."""
    for path in _below(root / "devices/system/cpu", "cpu[0-9]*/cpufreq/scaling_cur_freq"):
        yield Sensor(_named((path.parent.parent.name,), "mhz"), path, 1e-3)


temperature = Sensors("temperature", "C", temperatures)
voltage = Sensors("voltage", "V", voltages)
frequency = Sensors("frequency", "MHz", frequencies)
