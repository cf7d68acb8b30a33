"""What was shown to be faster is run on further draws before it is believed."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harness.model.draws import FRESH_SEEDS, Seeds
from harness.project.config import load_config
from harness.running import further_draws
from harness.running.further_draws import BothSides, Checked, check_further
from harness.running.session import open_session

CONFIG = """
[tasks.square]
[tasks.square.cases.fast]
seed = 42
[targets.plain]
task = "square"
adapter = "command"
program = "/bin/sh"
args = ["-c", "test $0 -lt 4294967295 && echo $(( $0 * $0 ))", "{seed}"]
[targets.other]
task = "square"
adapter = "command"
program = "/bin/sh"
args = ["-c", '''SCRIPT''', "{seed}"]
"""
HONEST = "echo $(( $0 * $0 ))"
RARELY_WRONG = "test $(( $0 % 3 )) = 1 && echo 9 || echo $(( $0 * $0 ))"

Check = Callable[..., Checked]


@pytest.fixture
def check(tmp_path: Path) -> Check:
    def run(script: str, seeds: Seeds = Seeds.FRESH, *, kept: bool = False) -> Checked:
        path = tmp_path / "harness.toml"
        path.write_text(CONFIG.replace("SCRIPT", script))
        config = load_config(path)
        with open_session(config) as session:
            made = [session.orchestrator.build(config.target(n)) for n in ("plain", "other")]
            both = BothSides(*made, config.task("square"))
            if kept:  # what the candidate is, the last kept state was already
                both = replace(both, reference=made[1], older=made[0])
            return check_further(session, both, config.case_of(config.target("plain"), None), seeds)

    return run


@pytest.fixture(autouse=True)
def as_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many draws as find what is wrong on a third of them, however long they take here."""
    monkeypatch.setattr(further_draws, "MOST_FURTHER", 60)
    monkeypatch.setattr(further_draws, "FURTHER_NS", 10**12)


def test_what_is_wrong_for_one_draw_in_three_is_found_and_the_draw_is_named(check) -> None:
    found = check(RARELY_WRONG)
    assert found.wrong is not None
    assert found.wrong.summary.startswith('given {"seed": ')
    seed = int(found.wrong.summary.partition("}")[0].rpartition(" ")[2])
    assert seed % 3 == 1


def test_an_older_build_finds_what_was_wrong_before_the_candidate(check) -> None:
    assert check(RARELY_WRONG, kept=True).wrong is not None


def test_the_ends_of_what_may_be_drawn_come_first(check, monkeypatch) -> None:
    monkeypatch.setattr(further_draws, "MOST_FURTHER", 2)
    for end in FRESH_SEEDS:
        found = check(f"test $0 = {end} && echo 9 || {HONEST}")
        assert found.wrong is not None
        assert found.wrong.summary.startswith(f'given {{"seed": {end}}}')


def test_what_fails_on_a_draw_does_not_end_well(check) -> None:
    found = check(f"test $(( $0 % 3 )) = 1 && exit 7; {HONEST}")
    assert found.wrong is not None
    assert "does not end well" in found.wrong.summary


def test_an_honest_candidate_is_right_on_every_draw(check, monkeypatch) -> None:
    monkeypatch.setattr(further_draws, "MOST_FURTHER", 5)
    assert check(HONEST) == Checked(5)


def test_nothing_is_tried_where_nothing_is_drawn_or_compared(check) -> None:
    assert check(RARELY_WRONG, Seeds.FIXED) == Checked()
