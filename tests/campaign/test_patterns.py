"""Patterns: which of the guide's fit what a profile shows."""

from harness.campaign.patterns import PATTERNS, describe_patterns, fitting, pattern_named
from harness.campaign.profile_values import ProfileOutcome, ProfileRow


def numbers(*rows: ProfileRow, cpu_share: float | None = 1.0) -> list[str]:
    return [p.number for p, _ in fitting(ProfileOutcome("fast", rows, cpu_share=cpu_share))]


def test_a_dominant_computation_on_one_core_is_for_algorithm_and_parallelism():
    assert numbers(ProfileRow("forces", 0.8)) == ["8.3", "8.4"]


def test_a_program_that_waits_is_for_input_and_output_alone():
    assert numbers(ProfileRow("forces", 0.8), cpu_share=0.3) == ["8.5"]


def test_a_program_on_several_cores_already_is_not_for_parallelism():
    assert "8.4" not in numbers(ProfileRow("forces", 0.8), cpu_share=3.5)


def test_a_selection_is_for_early_stopping():
    assert "8.1" in numbers(ProfileRow("filter_candidates", 0.5))


def test_a_preparation_is_for_caching():
    assert "8.2" in numbers(ProfileRow("build_table", 0.2))


def test_a_named_bottleneck_is_looked_at_instead_of_the_largest():
    profile = ProfileOutcome("fast", (ProfileRow("forces", 0.7), ProfileRow("load", 0.2)))
    assert [p.number for p, _ in fitting(profile, "load")] == ["8.5"]


def test_every_offer_has_a_check_and_a_risk():
    profile = ProfileOutcome("fast", (ProfileRow("filter_table", 0.9),))
    text = describe_patterns(fitting(profile))
    assert text.count("check:") == text.count("risk:") == len(fitting(profile)) >= 3


def test_the_guides_five_patterns_are_there_by_number_and_name():
    assert [p.number for p in PATTERNS] == ["8.1", "8.2", "8.3", "8.4", "8.5"]
    assert pattern_named("8.4") is pattern_named(" Parallelism ")
    assert pattern_named("8.9") is None
