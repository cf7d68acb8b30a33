"""Where CPU time would decide far sooner, that is said with how it is had, and nowhere else."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from harness.campaign.port import SealedBaseline
from harness.campaign.values import RULES, KnownNoise, Terms
from harness.model import Noise
from harness.optimise.disturbed import advice_on_cpu, cpu_words, mostly_waits
from harness.project.first_config import CalledProgram, config_text
from harness.testing import make_trial

TERMS = Terms("work", "fast", rules=RULES, objective="wall")


def sealed(wall: float, cpu: float | None) -> SealedBaseline:
    known = (KnownNoise("here", "fast", Noise(10, wall)),)
    by_cpu = Noise() if cpu is None else Noise(10, cpu)
    return SealedBaseline("b" * 40, "5" * 64, 4e8, noise=known, cpu_noise=by_cpu)


def test_a_crowded_machine_is_said_with_the_line_that_helps():
    words = cpu_words(TERMS, sealed(0.2, 0.01))
    assert "by less waiting is not seen" in words
    assert words.endswith("To have CPU time decide:")


@pytest.mark.parametrize(
    ("text", "how"),
    [
        (config_text(CalledProgram("python", ("near.py",))), "`harness optimise` with --objective"),
        ("[campaigns.near]\n", 'objective = "cpu" in [campaigns.near]'),
    ],
)
def test_how_cpu_time_is_had_depends_on_who_wrote_the_configuration(tmp_path, text, how):
    path = tmp_path / "harness.toml"
    path.write_text(text)
    state = SimpleNamespace(agreed=TERMS, sealed=sealed(0.2, 0.01))
    campaign = SimpleNamespace(name="near", state=state, config=SimpleNamespace(path=path))
    assert how in advice_on_cpu(campaign)


def test_half_the_time_is_worth_a_word_where_wall_time_is_not_sure_within_a_budget():
    baseline = sealed(0.03, 0.018)
    assert cpu_words(replace(TERMS, bench_budget_ns=10**9), baseline) != ""
    assert cpu_words(replace(TERMS, bench_budget_ns=10**13), baseline) == ""


@pytest.mark.parametrize(
    ("terms", "baseline"),
    [
        (TERMS, sealed(0.01, 0.01)),
        (TERMS, sealed(0.2, None)),  # the program mostly waits, or nothing is known
        (replace(TERMS, objective="cpu"), sealed(0.2, 0.01)),
        (replace(TERMS, objective=""), sealed(0.2, 0.01)),
    ],
)
def test_nothing_is_said_where_it_would_not_help(terms, baseline):
    assert cpu_words(terms, baseline) == ""


def test_a_look_says_it_by_the_noise_that_it_has_shown():
    quiet_then = sealed(0.01, 0.01)
    assert cpu_words(TERMS, quiet_then, Noise(8, 0.3)) != ""
    assert cpu_words(TERMS, quiet_then, Noise()) == ""


@pytest.mark.parametrize(
    ("cpu_ns", "pressure_ns", "waits"),
    [
        (90, 0, False),
        (20, 0, True),  # it sleeps, or reads
        (20, 75, False),  # other programs had the CPUs meanwhile
        (20, 10, True),
        (2, 95, True),  # even a crowded machine gives each its part
    ],
)
def test_a_low_share_of_cpu_time_is_waiting_where_nobody_else_had_the_cpus(
    cpu_ns: int, pressure_ns: int, waits: bool
) -> None:
    trial = make_trial(wall_ns=100, user_ns=cpu_ns, pressure_ns=pressure_ns)
    assert mostly_waits([trial]) == waits
