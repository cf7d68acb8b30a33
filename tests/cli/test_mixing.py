"""`harness try` where the time holds few blocks of all variants: mixes of them are asked."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from harness.analysis import Factorial, screening
from harness.api import calls
from harness.running import mixing
from harness.running.keywords import trying_of
from harness.system.store.run_file import read_run

from .test_together import PROGRAM, TOML, of_each, patches


@pytest.fixture
def tried(project, monkeypatch, times):
    """A script that says of three parts how long they take; no budget holds enough blocks."""
    monkeypatch.setattr(screening, "FEW_BLOCKS", 1e9)
    monkeypatch.setattr(screening, "MIXES_PAY", 0.0)
    times.cpu_ms = lambda words: sum(map(int, re.findall(r"# [ABC]=(\d+)", words)))
    times.noise = 0.05
    project.write("run.sh", PROGRAM).chmod(0o755)
    project.write("harness.toml", TOML)
    project.commit()
    monkeypatch.chdir(project.path)
    return project


def parts_of_runs(project):
    """What each stored run of a race was for, in the order of time."""
    folders = sorted(path.parent for path in project.path.glob(".harness/**/run.json"))
    found = [read_run(folder).plan["origin"]["part"] for folder in folders]
    return [part for at, part in enumerate(found) if part != found[at - 1] or not at]


def is_sum_of_both(said):
    """Is what was put together made of what gains, and of nothing else but what does nothing?

    Coins that nobody knows may add such a one: a share of 5 % of what is said to gain.
    """
    parts = set(said.result["together"]["parts"])
    return {"a", "b"} <= parts <= {"a", "b", "none"}


def test_mixes_tell_who_gains_and_what_they_are_together(harness, tried):
    names = patches(
        tried,
        a={"A=100": "A=75"},
        b={"B=30": "B=10"},
        other={"B=30": "B=29"},
        none={"C=6": "C=06"},
        slow={"q=0": "q=0 # C=20"},
    )
    said = harness("try", *names, "--json", "--budget", "60s")
    assert said.code == 0, said.err
    assert is_sum_of_both(said)
    assert said.result["winner"] == said.result["together"]["name"]
    assert said.result["comparison"]["ratio"]["point"] == pytest.approx(136 / 91, rel=0.1)
    assert of_each(said, "rank")["slow"] in ("no gain", "not told apart")
    assert {"a", "b"}.isdisjoint(each["name"] for each in said.result["leftover"])
    assert parts_of_runs(tried) == ["race", "mixes", "confirmation"]
    assert tried.read("run.sh") == PROGRAM


def test_where_a_look_follows_what_mixes_put_together_is_not_measured_twice(
    harness, tried, monkeypatch
):
    def unconfirmed(options):
        return replace(trying_of(options), confirms=False)

    monkeypatch.setattr(calls, "trying_of", unconfirmed)
    names = patches(
        tried, a={"A=100": "A=75"}, b={"B=30": "B=10"}, none={"C=6": "C=06"}, slow={"q=0": "q=00"}
    )
    said = harness("try", *names, "--json", "--budget", "60s")
    assert is_sum_of_both(said)
    best = said.result["variants"][0]
    assert (best["rank"], best["gains"], best["ratio"]) == ("best", True, None)
    assert best["why"] == "all of its parts gain"
    assert (said.result["winner"], said.result["verdict"]) == (None, "undecided")
    assert parts_of_runs(tried) == ["race", "mixes"]


def test_what_seems_to_gain_and_is_confirmed_together_is_said_to_gain(
    harness, tried, times, monkeypatch
):
    monkeypatch.setattr(Factorial, "look", lambda self: None)  # none is sure by itself
    times.noise = 0.02
    names = patches(tried, a={"A=100": "A=75"}, b={"B=30": "B=10"}, none={"C=6": "C=06"})
    said = harness("try", *names, "--json", "--budget", "3s")
    assert said.result["winner"] in ("a + b", "b + a")
    best, *parts = said.result["variants"][:3]
    assert (best["rank"], best["gains"], best["why"]) == ("best", True, "")
    assert {each["gains"] for each in parts} == {False}


def test_a_variant_that_is_wrong_in_a_mix_is_named_and_asked_no_more(harness, tried):
    """It is right as long as it is checked and raced, and wrong from then on."""
    names = patches(
        tried,
        a={"A=100": "A=75"},
        none={"C=6": "C=06"},
        late={
            "p=0": f'echo x >> {tried.path}/runs; p=0; [ "$(wc -l < {tried.path}/runs)" -gt 3 ] &&'
            " p=1; q=1; true",
            "\nq=0\n": "\n",
            "B=30": "B=10",
        },
    )
    said = harness("try", *names, "--json", "--budget", "60s")
    assert said.code == 0, said.err
    # By chance one that does nothing is now and then a part of the best.
    assert {*said.result["winner"].split(" + ")} - {"none"} == {"a"}
    assert of_each(said, "rank")["late"] == "wrong"


CLASHES = {
    "wrong": ({"p=0": "p=1"}, {"q=0": "q=1"}),
    "failing": ({"p=0": "p=1"}, {"q=0": "q=1; [ $p = 0 ] || exit 3"}),
}


@pytest.mark.parametrize("kind", CLASHES)
def test_two_that_do_not_go_together_are_asked_without_each_other(harness, tried, kind):
    first, second = CLASHES[kind]
    names = patches(
        tried,
        one={**first, "A=100": "A=80"},
        two={**second, "B=30": "B=5"},
        three={"C=6": "C=1"},
        none={"echo": " echo"},
    )
    said = harness("try", *names, "--json", "--budget", "60s")
    assert said.code == 0, said.err
    assert "a mix goes wrong" not in said.err
    parts = set(said.result["together"]["parts"])
    assert len(parts & {"one", "two"}) == 1
    assert "mixes" in parts_of_runs(tried)


def test_where_a_mix_is_wrong_for_three_at_once_each_is_asked_by_itself(harness, tried):
    names = patches(
        tried,
        one={"p=0": "p=2", "A=100": "A=80"},
        two={"q=0": "q=0; r=1", "B=30": "B=5"},
        three={"C=6": "C=1", "echo": '[ "$p$r" != 21 ] || p=1 q=1; echo'},
    )
    said = harness("try", *names, "--json", "--budget", "60s")
    assert "each is asked by itself: a mix goes wrong" in said.err
    assert said.result["winner"]


def test_where_there_is_no_time_to_make_mixes_each_is_asked_by_itself(harness, tried, monkeypatch):
    monkeypatch.setattr(mixing, "FEWEST_LEFT", 1e9)
    names = patches(tried, a={"A=100": "A=50"}, b={"B=30": "B=29"}, none={"C=6": "C=06"})
    said = harness("try", *names, "--json", "--budget", "60s")
    assert said.result["winner"] == "a"
    assert "mixes" not in parts_of_runs(tried)


def test_what_changes_the_same_lines_alone_is_not_mixed(harness, tried):
    names = patches(tried, a={"A=100": "A=70"}, b={"A=100": "A=80"}, c={"A=100": "A=90"})
    said = harness("try", *names, "--json", "--budget", "60s")
    assert said.result["winner"] == "a"
    assert "mixes" not in parts_of_runs(tried)
