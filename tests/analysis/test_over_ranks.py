"""What the ranks of a target amount to over its trials."""

import pytest

from harness.analysis import summarise_cell
from harness.analysis.over_ranks import SeenRanks
from harness.model import Mode, Phase, RankReport
from harness.model.of_ranks import RanksFound


def found(*trials: tuple[RankReport, ...]) -> RanksFound:
    seen = SeenRanks()
    for ranks in trials:
        seen.add(ranks)
    made = seen.found()
    assert made is not None
    return made


def rank(number: int, user_ns: int | None = 10, **more) -> RankReport:
    return RankReport(number, "n1", str(number), user_ns=user_ns, sys_ns=0, **more)


def figure(of: RanksFound, name: str):
    return next((each for each in of.figures if each.name == name), None)


def test_the_most_the_mean_and_the_imbalance_are_medians_over_trials():
    of = found(*[(rank(0, 10 * n), rank(1, 30 * n)) for n in (1, 2, 9)])
    cpu = figure(of, "cpu")
    assert (cpu.maximum, cpu.mean, cpu.imbalance, cpu.trials) == (60, 40, 1.5, 3)
    assert (of.ranks, of.hosts) == (2, ("n1",))


def test_one_rank_is_in_balance_with_itself():
    assert figure(found((rank(0),)), "cpu").imbalance == 1


def test_a_figure_that_one_rank_lacks_is_not_known_of_that_trial():
    of = found((rank(0), rank(1, None)), (rank(0), rank(1, 20)))
    assert figure(of, "cpu").trials == 1
    assert figure(of, "cpu").maximum == 20
    assert figure(of, "peak memory") is None


def test_a_mean_of_nothing_has_no_imbalance():
    assert figure(found((rank(0, 0), rank(1, 0))), "cpu").imbalance is None


def test_a_rank_that_was_never_in_a_phase_took_no_time_there():
    def phases(**times: int) -> tuple[Phase, ...]:
        return tuple(Phase(name, 1, ns) for name, ns in times.items())

    of = found((rank(0, phases=phases(work=30, write=8)), rank(1, phases=phases(work=10))))
    assert figure(of, "work").imbalance == pytest.approx(1.5)
    assert (figure(of, "write").maximum, figure(of, "write").mean) == (8, 4)
    assert figure(found((rank(0, phases=phases(work=30)), rank(1))), "work") is None


def test_a_cell_without_ranks_has_none(record):
    assert summarise_cell([record()], Mode.COLD, 0.95)["ranks"] is None
