"""What a metric may be declared as."""

import pytest

from harness.model import Better, MetricInfo


def test_a_metric_says_its_unit_direction_resolution_and_source():
    info = MetricInfo("package/energy_j", "J", Better.LOWER, 6.1e-5, "rapl")
    assert (info.unit, info.better, info.source) == ("J", Better.LOWER, "rapl")


@pytest.mark.parametrize("name", ["", "a b", "a=b", "1st", "é", "a\n"])
def test_a_name_that_no_line_could_carry_is_refused(name):
    with pytest.raises(ValueError, match="name begins with a letter"):
        MetricInfo(name)


@pytest.mark.parametrize("step", [0.0, -1.0, float("nan"), float("inf")])
def test_a_resolution_is_a_step(step):
    with pytest.raises(ValueError, match="resolution above 0"):
        MetricInfo("x", resolution=step)


def test_a_metric_without_a_source_is_refused():
    with pytest.raises(ValueError, match="source"):
        MetricInfo("x", source="")
