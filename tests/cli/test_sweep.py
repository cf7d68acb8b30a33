"""`harness run --sweep` and `harness compare --sweep`, as people use them."""

from __future__ import annotations

import json
from typing import get_overloads

import pytest

import harness as api
from harness.api import comparisons
from harness.running.keywords import ComparedOptions, CompareOptions
from harness.running.sweep_axes import WISHES

QUICK = ("--trials", "2", "--warmup", "0")


def test_a_word_of_a_command_is_swept(harness, folder):
    said = harness("run", "sleep {n}", "--sweep", "n=0.001..0.004*2", *QUICK, "--json")
    assert said.code == 0, said.err
    rows = said.result["sweep"]["rows"]
    assert [row["n"] for row in rows] == [0.001, 0.002, 0.004]
    assert all(row["trials"] == 2 and row["wall_ns"] > row["n"] * 1e9 for row in rows)
    assert "3 points, 3 rows: about" in said.err
    (run,) = harness("history", "--json").result["runs"]
    stored = json.loads((folder / ".harness/results" / run["run_id"] / "sweep.json").read_text())
    assert stored == json.loads(json.dumps(said.result["sweep"]))
    assert stored["growths"][0]["points"] == 3


def test_two_commands_are_compared_at_every_point_under_one_error_level(harness, folder):
    said = harness("compare", "sleep {n}", "sleep 0{n}", "--sweep", "n=0.001,0.002", *QUICK)
    assert said.code == 0, said.err
    assert said.out.count("reference") == 2
    assert "all 2 verdicts hold together at 95 %: each is at 97.5 % (Bonferroni)" in said.out


def test_each_point_can_have_the_level_for_itself(harness, folder):
    pair = ("compare", "sleep {n}", "sleep 0{n}", "--sweep", "n=0.001,0.002", *QUICK)
    for more, level in ((), 1 - 0.05 / 2), (("--per-comparison",), 0.95):
        said = harness(*pair, *more, "--json")
        assert {c["ratio"]["confidence"] for c in said.result["comparisons"]} == {level}
        assert said.result["sweep"]["confidence_each"] == pytest.approx(level)
        assert said.result["sweep"]["per_comparison"] == bool(more)


def test_a_guard_is_looked_at_at_every_point(harness, folder):
    large = "sh -c 'x=$(head -c 9000000 /dev/zero | tr \\\\0 a); : {n}'"
    asked = ("--sweep", "n=1,2", "--trials", "14", "--ignore-output", "--guard", "max_rss=5%")
    said = harness("compare", "sh -c ': {n}'", large, *asked, "--json")
    assert said.code == 1
    rows = [row for row in said.result["sweep"]["rows"] if row["verdict"]]
    assert [row["guards"] for row in rows] == [{"memory=5%": "broken"}] * 2
    assert said.envelope["error"].count("breaks memory=5%") == 2


def test_a_variable_is_swept_side_by_side(harness, folder):
    line = "sh -c 'test $N -lt 2'"
    said = harness("run", line, "--matrix", "env.N=1,2", *QUICK, "--json")
    assert said.code == 5
    rows = said.result["sweep"]["rows"]
    assert [row["target"].partition(" [")[2] for row in rows] == ["env.N=1]", "env.N=2]"]
    assert (rows[0]["failures"], rows[1]["trials"]) == (0, 0)


def test_a_sweep_can_be_exported(harness, folder):
    said = harness("run", "sleep {n}", "--sweep", "n=0.001,0.002", *QUICK, "--export", "a.csv")
    assert said.code == 0, said.err
    assert "default (n=0.002)" in (folder / "a.csv").read_text()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--sweep", "n=1"), 2, "one point is no sweep"),
        (("--sweep", "m=1,2"), 2, "no argument of sleep uses {m}; its arguments: sleep '{n}'"),
        (("--sweep", "n=1..1000+1"), 2, "a sweep has at most 200"),
        (("--matrix", "flags=-O2,-O3"), 2, "flags"),
        (("--sweep", "n=0.001,0.002", "--budget", "2h"), 2, "nothing longer than 1800s is begun"),
        (("--sweep", "n=1,2", "--resume", "x"), 2, "of a sweep --resume names no run"),
        (("--sweep", "n=1,2", "--resume"), 2, "was interrupted that has these targets and points"),
        (("--yes",), 2, "--yes is of a sweep"),
        (("--point", "0"), 2, "--point is of a sweep"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_stored(harness, folder, arguments, code, words):
    said = harness("run", *arguments, "--", "sleep", "{n}")
    assert (said.code, said.out) == (code, "")
    assert words in said.err
    assert harness("history", "--json").result["runs"] == []


def test_compare_refuses_what_is_of_a_sweep_or_not(harness, folder):
    assert "--resume is of a sweep" in harness("compare", "true", "false", "--resume").err
    said = harness("compare", "sleep {n}", "sleep 0{n}", "--sweep", "n=1,2", "--stored")
    assert "--stored runs nothing, and a sweep is run" in said.err


def test_slower_at_a_point_fails_where_that_is_wanted(harness, folder, times):
    lines = ("sleep 0.000{n}", "sleep 0.02{n}")
    swept = ("--sweep", "n=1,2", "--trials", "12", "--metric", "wall")
    assert harness("compare", *lines, *swept).code == 0
    assert harness("compare", *lines, *swept, "--fail-on", "slower").code == 1


def test_a_sweep_takes_no_tag(harness, folder):
    said = harness("compare", "sleep {n}", "--sweep", "n=1,2", "--task", "x", "--tag", "y")
    assert said.code == 2
    assert "not by a --tag" in said.err


def test_an_unknown_compiler_is_named(harness, folder):
    (folder / "a.c").write_text("int main(void) { return 0; }")
    said = harness("run", "a.c", "--matrix", "compiler=cc,no-such-compiler", *QUICK)
    assert said.code == 3
    assert "'no-such-compiler' was not found" in said.err


def test_an_interrupted_sweep_goes_on_where_it_was(harness, folder):
    seen = []

    def stop(event: object) -> None:
        seen.append(event)
        stored = [each for each in seen if isinstance(each, api.TrialStored)]
        if len(stored) == 5:
            raise KeyboardInterrupt

    asked = {"sweep": {"n": [0.001, 0.002]}, "trials": 4, "warmup": 0}
    with pytest.raises(api.Interrupted) as caught:
        api.sweep(["sleep", "{n}"], **asked, progress=stop)
    first = caught.value.result
    assert first is not None
    said = harness("run", "--resume", first.id)
    assert said.code == 2
    assert "cannot be resumed by its id: it is a sweep" in said.err
    assert "The same call with resume=True goes on." in said.err
    result = api.sweep(["sleep", "{n}"], **asked, resume=True)
    assert result.id == first.id
    assert [m.trials for m in result.measurements] == [4, 4]
    with pytest.raises(api.NotAllowed, match="is finished"):
        api.sweep(["sleep", "{n}"], **asked, resume=True)


def test_compare_and_run_of_the_api_take_a_sweep(harness, folder):
    quick = {"sweep": {"n": [0.001, 0.002]}, "trials": 1, "warmup": 0}
    result = api.compare(["sleep", "{n}"], ["sleep", "0{n}"], **quick)
    assert isinstance(result, api.SweepResult)
    assert len(result.rows()) == 4
    assert isinstance(api.run(["sleep", "{n}"], **quick), api.SweepResult)
    with pytest.raises(api.UsageError, match="`resume` is of a sweep"):
        api.run(["sleep", "1"], resume=True)


def test_what_compare_gives_is_typed_by_what_is_asked():
    given = [each.__annotations__ for each in get_overloads(comparisons.compare)]
    assert [each["return"] for each in given] == ["ComparisonResult", "TableResult", "SweepResult"]
    plain, _, swept = (each["options"] for each in given)
    assert (plain, swept) == ("Unpack[ComparedOptions]", "Unpack[CompareOptions]")
    assert CompareOptions.__optional_keys__ - ComparedOptions.__optional_keys__ == set(WISHES)
