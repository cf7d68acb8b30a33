"""What `harness bench` prints within a campaign."""

from harness.campaign.case_parts import PhaseGain
from harness.campaign.objectives import Guards
from harness.campaign.values import CaseResult, Ratio
from harness.cli.campaign.step_answers import _case_text
from harness.model import Verdict


def result(metric: str, step: Ratio) -> CaseResult:
    total = Ratio(2.09, 2.05, 2.12, 0.999, Verdict.FASTER)
    phases = (PhaseGain("sum", 2e6, 1e6), PhaseGain("gone", 1e6, 0.0))
    guards = Guards(
        baseline_wall_ns=4e6, current_wall_ns=2e6, baseline_cpu_ns=4e6, current_cpu_ns=2e6
    )
    return CaseResult("fast", True, step, total, 4e6, 2e6, metric, phases, guards, 9)


def test_a_campaign_s_table_is_that_of_a_bench():
    text = _case_text(result("cpu", Ratio(0.0099, 0.0091, 0.01, 0.999, Verdict.SLOWER)))
    rows = [" ".join(line.split()) for line in text.splitlines()]
    assert "sum 2.00 ms 1.00 ms 2.00x" in rows
    assert "TOTAL (wall) 4.00 ms 2.00 ms 2.00x does not decide" in rows
    assert "TOTAL (CPU) 4.00 ms 2.00 ms 2.09x [2.05, 2.12] faster" in rows
    assert "kept state: 101 times slower [100, 110], slower (99.9 % interval)" in text


def test_a_campaign_says_that_an_interval_is_missing_as_a_bench_does():
    text = _case_text(result("wall", Ratio(1.7, 1e-6, 1e6, 0.999, Verdict.UNDECIDED)))
    assert "last kept state: 1.70x, too few blocks for an interval, undecided\n" in text
    assert "TOTAL (" not in text
