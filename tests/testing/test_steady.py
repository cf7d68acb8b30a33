"""What the suite says of steady samples: of the time that they took, and of what was counted."""

import pytest

from harness.model import Phase, Sample
from harness.testing.makers import make_trial
from harness.testing.steady import how_it_grows, how_often

MS = 1_000_000


def samples(*per_execution_ns: int) -> tuple[Sample, ...]:
    """Calibration by 1, 8, 64 executions and so on, then one that is timed."""
    batches = [8**i for i in range(len(per_execution_ns))]
    taken = [b * ns for b, ns in zip(batches, per_execution_ns, strict=True)]
    grown = [
        Sample(i, b, ns, ns, calibration=True)
        for i, (b, ns) in enumerate(zip(batches, taken, strict=True))
    ]
    return (*grown, Sample(len(grown), batches[-1], taken[-1], taken[-1]))


def test_time_that_grows_with_the_batch_is_as_it_should_be() -> None:
    assert not how_it_grows(samples(MS, MS, MS))


def test_time_that_does_not_grow_with_the_batch_is_named() -> None:
    assert "1.0 times the CPU time" in how_it_grows(samples(MS, MS, MS // 8))


@pytest.mark.parametrize(("calls", "right"), [(9 + 8, True), (9, False)])
def test_executions_are_held_against_what_the_marker_counted(calls: int, right: bool) -> None:
    trial = make_trial(samples=samples(MS, MS), phases=(Phase("sum", calls, MS),))
    assert (how_often(trial) == "") is right
