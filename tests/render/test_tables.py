"""The main table: what stands in it for people, and what for programs."""

import csv
from collections.abc import Sequence
from dataclasses import replace

import pytest

from harness.model import Comparison, Estimate, Measurement, Metric, Mode, Verdict
from harness.plugins import Exporter
from harness.render.exporters import csv_table
from harness.render.main_table import measurement_table
from harness.render.tables import legend
from harness.testing.plugins import make_run


def measured(name: str, wall_ns: float, **more) -> Measurement:
    wall = Estimate("median", wall_ns, 0.9 * wall_ns, 1.1 * wall_ns, 0.95)
    facts = {"output_ok": True, "max_rss_bytes": 4096, "cpu_ns": None, **more}
    return Measurement("sum", "fast", name, "c", "C", Mode.COLD, 8, 0, wall, **facts)


@pytest.fixture
def both() -> list[Measurement]:
    made = {"toolchain": "gcc 12.2.0", "options": {"flags": ["-O3", "-g"]}, "build_ns": 89_000_000}
    return [measured("quick", 2e6, **made), measured("slow", 202e6)]


SLOWER = Comparison(
    candidate="slow",
    reference="quick",
    metric=Metric.WALL,
    ratio=Estimate("median ratio", 0.0099, 0.0091, 0.010, 0.95),
    verdict=Verdict.SLOWER,
    blocks=8,
    threshold=0.01,
    stopped_because="",
    task="sum",
    case="fast",
)


def test_a_slow_target_is_told_by_how_many_times_and_relative_to_the_fastest(both):
    head, _, quick, slow = measurement_table(both, [SLOWER], {}).splitlines()
    at = head.index("to fastest")
    assert quick[at:].split()[0] == "1.00"
    assert slow[at:].split()[0] == "101"
    assert "101 times slower [100, 110]" in slow
    assert "101 times slower [100, 110] slower" not in slow


@pytest.mark.parametrize(("metric", "factor"), [(Metric.CPU, "3.00"), (Metric.WALL, "101")])
def test_what_decides_says_how_far_it_is_to_the_fastest(both, metric, factor):
    """Where CPU time decides, wall times are disturbed, and those of unequal blocks most of all."""
    cpu = [Estimate("median", ns, ns, ns, 0.95) for ns in (1e6, 3e6)]
    rows = [replace(m, cpu_ns=own) for m, own in zip(both, cpu, strict=True)]
    head, _, _, slow = measurement_table(rows, [replace(SLOWER, metric=metric)], {}).splitlines()
    assert slow[head.index("to fastest") :].split()[0] == factor


def test_a_wrong_target_is_not_the_fastest(both):
    wrong = measured("wrong", 1e3, output_ok=False)
    head, _, quick, *_ = measurement_table([*both, wrong], [], {}).splitlines()
    assert quick[head.index("to fastest") :].split()[0] == "1.00"


def as_csv(measurements: Sequence[Measurement], *comparisons: Comparison) -> str:
    run = replace(make_run(), measurements=measurements, comparisons=comparisons)
    return Exporter("csv", csv_table).export(run, {})


def test_csv_holds_numbers_with_units_in_the_headers(both):
    first, second = csv.DictReader(as_csv(both, SLOWER).splitlines())
    assert float(first["wall_ns"]) == 2e6
    assert first["cpu_ns"] == first["speed_up"] == ""
    assert (first["options"], first["build_ns"]) == ("flags = -O3 -g", "89000000")
    assert [float(second[f"speed_up{end}"]) for end in ("", "_low", "_high")] == [
        0.0099,
        0.0091,
        0.01,
    ]
    assert second["verdict"] == "slower"


def test_the_legend_says_what_made_each_target(both):
    assert legend(both) == "quick: gcc 12.2.0, flags = -O3 -g, built in 89.0 ms"
