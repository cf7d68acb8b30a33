"""Energy that the CPU packages took during a trial, by RAPL; for `--metric energy`.

The kernel's powercap counters are read right before and right after a trial. They cover the whole
machine, whoever else is at work on it, and step about once in a millisecond. A machine without
them, or one that lets only root read them, has no figures.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.hookspecs import hookimpl
from harness.model import Better, MetricInfo, Trial

NAME = "energy"
STEP_J = 1e-3
"""What a package takes in a millisecond, about: the counters tell no less."""


@dataclass(frozen=True, slots=True)
class Counter:
    """The counter of one package, in microjoules, which begins anew beyond its range."""

    path: Path
    range_uj: int

    def read(self) -> int | None:
        return _number(self.path)

    def between(self, before: int, after: int) -> int:
        """What was taken from one reading to the next."""
        return after - before if after >= before else after - before + self.range_uj


class Energy:
    """The metric plugin, over the counters below a root."""

    def __init__(self) -> None:
        self.root = Path("/sys")

    def counters(self) -> tuple[Counter, ...]:
        """Those of whole packages that can be read; parts of a package are within them."""
        found = []
        for folder in sorted((self.root / "class/powercap").glob("intel-rapl:*")):
            if folder.name.count(":") != 1 or not _name(folder).startswith("package"):
                continue
            counter = Counter(folder / "energy_uj", _number(folder / "max_energy_range_uj") or 0)
            if counter.read() is not None:
                found.append(counter)
        return tuple(found)

    @hookimpl
    def harness_metrics(self) -> Sequence[MetricInfo]:
        return [MetricInfo(NAME, "J", Better.LOWER, resolution=STEP_J, source=NAME)]

    @hookimpl(wrapper=True)
    def harness_time(self) -> Generator[None, Trial | None, Trial | None]:
        counters = self.counters()
        before = [counter.read() for counter in counters]
        trial = yield
        after = [counter.read() for counter in counters]
        if trial is None or not counters or None in before or None in after:
            return trial
        readings = zip(counters, before, after, strict=True)
        taken = sum(c.between(first or 0, last or 0) for c, first, last in readings)
        return replace(trial, metrics={**trial.metrics, NAME: taken / 1e6})


def _name(folder: Path) -> str:
    try:
        return (folder / "name").read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


energy = Energy()
