"""`harness compare --task`: all targets of a task in one table."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.running.source_size import without_comments

CONFIG = """
[tasks.say]
reference = "say-plain"
[tasks.say.cases.only]
[targets.say-plain]
task = "say"
adapter = "command"
sources = ["plain.sh"]
[targets.say-quick]
task = "say"
adapter = "command"
sources = ["quick.sh"]
tags = ["quick"]
[targets.say-wrong]
task = "say"
adapter = "command"
sources = ["wrong.sh"]
tags = ["quick"]
"""


@pytest.fixture
def project(folder: Path, times: object) -> Path:
    (folder / "harness.toml").write_text(CONFIG)
    for name, line in (
        ("plain", "sleep 0.1; echo 1"),
        ("quick", "echo 1"),
        ("wrong", "echo 2"),
    ):
        (folder / f"{name}.sh").write_text(f"#!/bin/sh\n# a comment\n{line}\n")
        (folder / f"{name}.sh").chmod(0o755)
    return folder


def test_the_level_of_a_task_is_that_of_the_whole_table_unless_it_is_said(harness, project):
    asked = ("compare", "--task", "say", "--trials", "2", "--json")
    shared, alone = (harness(*asked, *more).result for more in ((), ("--per-comparison",)))
    levels = [{c["ratio"]["confidence"] for c in r["comparisons"]} for r in (shared, alone)]
    assert levels == [{1 - 0.05 / 3}, {0.95}], "three targets have three comparisons"


def test_all_targets_of_a_task_are_ranked_and_a_wrong_one_has_no_place(harness, project):
    said = harness("compare", "--task", "say", "--max-trials", "8", "--json")
    assert said.code == 1, "one computes something else"
    assert said.result["rankings"][0]["sets"] == [["say-quick"], ["say-plain"]]
    by_name = {m["target"]: m for m in said.result["measurements"]}
    assert "wrong output" in by_name["say-wrong"]["failure"]
    assert by_name["say-quick"]["source_bytes"] > 0
    assert by_name["say-quick"]["start_up_ns"] > 0
    assert by_name["say-quick"]["steady"] is None, "a command has no steady mode"


def test_a_tag_picks_targets(harness, project):
    said = harness("compare", "--task", "say", "--tag", "quick", "--trials", "1", "--json")
    assert {m["target"] for m in said.result["measurements"]} == {"say-quick", "say-wrong"}


def test_like_is_ranked_with_like(harness, project):
    lines = ("[targets.say-slow]", 'task = "say"', 'adapter = "command"', 'sources = ["slow.sh"]')
    config = CONFIG.partition("[targets.say-wrong]")[0].replace('"quick"]', '"quick", "short"]')
    (project / "slow.sh").write_text("#!/bin/sh\nsleep 0.2; echo 1\n")
    (project / "slow.sh").chmod(0o755)
    (project / "harness.toml").write_text("\n".join((config, *lines, 'tags = ["quick"]\n')))
    said = harness("compare", "--task", "say", "--max-trials", "8", "--json")
    assert said.result["rankings"][0]["sets"] == [["say-quick"], ["say-plain"], ["say-slow"]]
    assert said.result["rankings"][0]["tag"] is None
    (by_tag,) = said.result["rankings_by_tag"]
    assert (by_tag["tag"], by_tag["sets"]) == ("quick", [["say-quick"], ["say-slow"]])
    sentence = "of those tagged quick: the fastest is say-quick; then say-slow"
    shown = harness("compare", "--task", "say", "--max-trials", "8")
    assert sentence in shown.out
    assert "quick: 2" in shown.out
    assert sentence in harness("report", "--format", "md").out


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--task", "sya"), "Did you mean 'say'?"),
        (("--task", "say", "--tag", "slow"), "no target has the tag 'slow'"),
        (("--task", "say", "say-plain"), "of two targets or more, say-plain alone"),
        (("--task", "say", "--input", "x"), "`input` is for"),
        (("say-plain", "say-quick", "--tag", "quick"), "--tag picks among"),
    ],
)
def test_what_makes_no_table_is_refused_in_words(harness, project, words, expected):
    said = harness("compare", *words)
    assert said.code == 2
    assert expected.replace("`input`", "--input") in said.err


def test_sizes_are_of_sources_without_comments_but_with_their_strings():
    text = 'int a; // one\n/* two\n */ char *s = "// no";   int b;\n'
    assert without_comments(text, Path("x.c"), "c") == 'int a;\nchar *s = "// no"; int b;\n'
    assert without_comments("#!/bin/sh\n# x\necho '#'\n", Path("x"), "command") == "echo '#'\n"


PYTHON = """
[tasks.add.cases.only]
[targets.add-loop]
task = "add"
adapter = "python"
sources = ["loop.py"]
[targets.add-sum]
task = "add"
adapter = "python"
sources = ["sum.py"]
"""


def test_the_latest_run_is_the_table_and_not_its_steady_times(harness, folder):
    (folder / "harness.toml").write_text(PYTHON)
    (folder / "loop.py").write_text("n = 0\nfor i in range(9):\n    n += i\nprint(n)\n")
    (folder / "sum.py").write_text("print(sum(range(9)))\n")
    said = harness("compare", "--task", "add", "--trials", "1", "--json")
    table = Path(said.result["parquet"]).parent.name
    assert len(list((folder / ".harness" / "results").iterdir())) == 2
    exported = harness("export", "--format", "csv", "--json")
    assert exported.result["run_id"] == table
    page = harness("report", "--task", "add", "-o", "page.md", "--json")
    assert page.code == 0
    assert table in (folder / "page.md").read_text()


def test_cold_and_steady_times_share_the_budget(harness, folder: Path, monkeypatch):
    from harness.running import implementations

    asked, perform = [], implementations.perform

    def watched(orchestrator, results, experiment):
        asked.append((experiment.settings.mode.value, experiment.settings.budget_ns))
        return perform(orchestrator, results, experiment)

    monkeypatch.setattr(implementations, "perform", watched)
    config = "[tasks.say.cases.only]\n"
    for name in ("one", "two"):
        (folder / f"{name}.py").write_text(f"def main():\n    print(1)  # {name}\n\n\nmain()\n")
        config += f'[targets.{name}]\ntask = "say"\nadapter = "python"\nsources = ["{name}.py"]\n'
    (folder / "harness.toml").write_text(config)
    harness("compare", "--task", "say", "--budget", "400ms", "--max-trials", "2", "--json")
    (cold, first), (steady, left) = asked
    assert (cold, first, steady) == ("cold", 200_000_000, "steady")
    assert left <= 400_000_000
