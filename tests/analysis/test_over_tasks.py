"""One implementation over several tasks: the geometric mean, and how sure it is."""

import pytest

from harness.analysis import overall
from harness.model import Comparison, Estimate, Metric, Verdict


def compared(task: str, ratio: float, confidence: float = 0.99) -> Comparison:
    estimate = Estimate("median ratio", ratio, ratio / 1.1, ratio * 1.1, confidence)
    names = f"{task}-c", f"{task}-rust"
    return Comparison(
        *names, Metric.WALL, estimate, Verdict.FASTER, 9, 0.01, "enough", task=task, case="fast"
    )


def test_the_mean_of_two_tasks_errs_when_either_of_them_does():
    (found,) = overall([compared("sort", 2.0), compared("sum", 8.0)])
    assert (found.name, found.reference, found.tasks) == ("c", "rust", 2)
    assert found.ratio.point == pytest.approx(4.0)
    assert (found.ratio.low, found.ratio.high) == pytest.approx((4 / 1.1, 4 * 1.1))
    assert found.ratio.confidence == pytest.approx(0.98)


def test_one_task_has_no_mean():
    assert overall([compared("sort", 2.0)]) == ()
