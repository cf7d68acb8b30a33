"""Progress says what a step is a part of, and which of how many it is."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from harness.running.listening import Quiet
from harness.running.telling_steps import TellingSteps
from harness.testing import make_target


@dataclass
class Heard(Quiet):
    """A listener that keeps what it was told."""

    said: list[str] = field(default_factory=list)

    def step(self, what: str) -> None:
        self.said.append(what)


def test_a_step_names_its_part_of_the_command():
    heard = Heard()
    telling = TellingSteps(heard)
    with telling.part("race of 2 variants"):
        telling.step("block 1")
    telling.step("block 1")
    assert heard.said == ["race of 2 variants: block 1", "block 1"]


def test_each_thread_says_which_of_how_many_it_makes(tmp_path):
    heard = Heard()
    telling = TellingSteps(heard)

    def make(number: int) -> None:
        with telling.about(f"work@{number}", number, 2):
            telling.building(make_target(tmp_path / str(number)))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(make, (1, 2)))
    assert sorted(heard.said) == ["building work@1 (1 of 2)", "building work@2 (2 of 2)"]


def test_what_was_built_before_is_not_said_to_be_built_again(tmp_path):
    heard = Heard()
    telling = TellingSteps(heard)
    target = make_target(tmp_path)
    telling.building(target)
    telling.building(target)
    assert heard.said == [f"building {target.name}"]


def test_nothing_is_put_into_words_for_nobody():
    assert not TellingSteps(Quiet()).heard
    assert TellingSteps(Heard()).heard
