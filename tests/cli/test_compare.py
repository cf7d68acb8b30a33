"""`harness compare` as a user meets it: verdicts, evidence, revisions, budgets, exit codes."""

from __future__ import annotations

import math
import shlex
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from harness.model import Comparison, Estimate, Metric, Verdict
from harness.render.explaining import explain
from harness.render.tables import show_comparison

CONFIG = """
[tasks.nap]
reference = "short"
[tasks.nap.cases.only]

[targets.short]
task = "nap"
adapter = "command"
program = "sh"
argv = ["-c", "sleep 0.005; echo done"]

[targets.long]
task = "nap"
adapter = "command"
program = "sh"
argv = ["-c", "sleep 0.03; echo done"]

[targets.wrong]
task = "nap"
adapter = "command"
program = "sh"
argv = ["-c", "echo something else"]

[targets.script]
task = "nap"
adapter = "command"
sources = ["script.sh"]

[tasks.other.cases.only]
[targets.stranger]
task = "other"
adapter = "command"
program = "true"
"""


@pytest.fixture
def project(folder, times) -> Path:
    (folder / "harness.toml").write_text(CONFIG)
    script(folder, "sleep 0.03; echo done")
    return folder


def script(folder: Path, text: str) -> None:
    path = folder / "script.sh"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


# -- verdicts -------------------------------------------------------------------------------------


def test_a_slower_candidate_is_slower_and_the_answer_is_no(harness, project):
    said = harness("compare", "short", "long", "--json")
    assert said.code == 1
    comparison = said.result["comparison"]
    assert comparison["verdict"] == "slower"
    assert comparison["ratio"]["high"] < 1
    assert comparison["stopped_because"] == "the verdict is sure"


def test_the_first_one_named_is_the_reference_whatever_the_task_says(harness, project):
    said = harness("compare", "long", "short", "--json")
    assert said.code == 0
    comparison = said.result["comparison"]
    assert (comparison["reference"], comparison["candidate"]) == ("long", "short")
    assert comparison["verdict"] == "faster"


def test_work_that_waits_is_judged_by_wall_time_and_both_metrics_are_shown(harness, project):
    comparison = harness("compare", "short", "long", "--json").result["comparison"]
    assert comparison["metric"] == "wall"
    assert "waits" in comparison["metric_because"]
    assert set(comparison["evidence"]) == {"wall", "cpu", "memory"}


def test_the_words_name_verdict_interval_blocks_reason_noise_and_file(harness, project):
    said = harness("compare", "short", "long")
    assert said.out.startswith("long is slower than short: 0.")
    for part in (
        "95 % interval",
        "blocks: the verdict is sure",
        "noise of a single block",
        "smallest effect",
    ):
        assert part in said.out
    assert "trials.parquet" in said.out


def test_too_few_trials_are_undecided_with_a_budget_that_would_do(harness, project):
    said = harness("compare", "short", "long", "--max-trials", "4", "--metric", "wall", "--json")
    assert said.code == 8
    comparison = said.result["comparison"]
    assert comparison["verdict"] == "undecided"
    assert comparison["blocks"] == 4
    assert comparison["blocks_needed"] >= 8
    assert comparison["budget_needed_ns"] > 0
    again, together = said.envelope["next_actions"]
    assert again.startswith("harness compare short long --metric wall --budget ")
    assert together == "harness compare short long --metric wall --stored"


def test_a_budget_for_one_block_is_undecided_and_says_how_many_would_do(harness, project):
    said = harness("compare", "short", "long", "--budget", "1ms", "--json")
    assert said.code == 8
    assert said.result["comparison"]["blocks"] == 1
    assert said.result["comparison"]["blocks_needed"] == 8
    assert "8 blocks" in said.envelope["hint"]


def test_the_metric_asked_for_decides(harness, project):
    said = harness("compare", "short", "long", "--metric", "memory", "--max-trials", "8", "--json")
    assert said.result["comparison"]["metric"] == "memory"


def test_more_confidence_wants_more_blocks(harness, project):
    said = harness("compare", "short", "long", "--confidence", "0.99", "--json")
    assert said.result["comparison"]["ratio"]["confidence"] == 0.99
    assert said.result["comparison"]["blocks"] > 8


# -- revisions ------------------------------------------------------------------------------------


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=Me", "-c", "user.email=me@example.org")
    subprocess.run(("git", *who, *arguments), cwd=folder, check=True, capture_output=True)


def test_a_target_is_compared_with_itself_at_an_older_revision(harness, project):
    git(project, "init", "-q", "-b", "main")
    git(project, "add", "harness.toml", "script.sh")
    git(project, "commit", "-q", "-m", "slow")
    script(project, "echo done")
    said = harness("compare", "script@main", "script", "--json")
    assert said.code == 0
    assert said.result["comparison"]["verdict"] == "faster"
    assert {m["target"] for m in said.result["measurements"]} == {"script@main", "script"}
    assert (project / "script.sh").read_text().endswith("echo done\n")


# -- what cannot be asked -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("specs", "words"),
    [
        (("short", "short"), "itself"),
        (("short", "short", "--stored"), "itself"),
        (("short", "stranger"), "only targets of one task"),
        (("short", "shrot"), "shrot"),
        (("short", "short@"), "TARGET@REVISION"),
    ],
)
def test_what_has_no_answer_is_refused_in_words(harness, project, specs, words):
    said = harness("compare", *specs)
    assert said.code == 2
    assert words in said.err


@pytest.mark.parametrize(
    "option", [("--confidence", "1.5"), ("--threshold", "0"), ("--budget", "soon")]
)
def test_an_option_out_of_range_is_refused(harness, project, option):
    assert harness("compare", "short", "long", *option).code == 2


def test_a_wrong_output_is_the_answer_no_and_not_a_verdict(harness, project):
    said = harness("compare", "short", "wrong", "--json")
    assert said.code == 1
    assert "wrong" in said.envelope["error"]
    assert "comparison" not in said.result


# -- what is stored -------------------------------------------------------------------------------


@pytest.fixture
def twice(harness, project) -> Path:
    """Two undecided runs of six blocks each; and others, that say nothing of the two together."""
    for _ in range(2):
        assert harness("compare", "short", "long", "--max-trials", "6").code == 8
    harness("run", "short", "--trials", "3")
    return project / ".harness" / "results"


def test_stored_blocks_are_judged_together_and_nothing_runs(harness, twice):
    before = sorted(twice.iterdir())
    said = harness("compare", "short", "long", "--stored", "--json")
    assert said.code == 1
    (finding,) = said.result["findings"]
    assert finding["comparison"]["blocks"] == 12
    assert finding["comparison"]["verdict"] == "slower"
    assert finding["comparison"]["stopped_because"] == "no more is stored, in 2 runs"
    assert finding["host"]["id"] == finding["setting"]["machine"]["host_id"]
    assert sorted(twice.iterdir()) == before


def test_guards_of_stored_blocks_are_looked_at(harness, twice):
    asked = ("compare", "long", "short", "--stored", "--json")
    said = harness(*asked, "--guard", "max_rss=1GiB", "--guard", "binary_bytes=1KiB")
    (finding,) = said.result["findings"]
    guards = {g["guard"]["name"]: g for g in finding["comparison"]["guards"]}
    assert list(guards) == ["memory", "binary_bytes"]
    assert guards["binary_bytes"]["because"] == "no stored block has it"
    assert "not known of short: " in said.envelope["error"]
    assert harness(*asked, "--guard", "nope=1%").code == 2


def test_the_same_case_with_other_parameters_is_another_row(harness, twice):
    config = twice.parents[1] / "harness.toml"
    case = "[tasks.nap.cases.only]\n"
    config.write_text(config.read_text().replace(case, f"{case}seed = 3\n", 1))
    harness("compare", "short", "long", "--max-trials", "6")
    said = harness("compare", "short", "long", "--stored", "--json")
    assert [f["comparison"]["blocks"] for f in said.result["findings"]] == [12, 6]


def test_older_builds_are_shown_and_decide_nothing(harness, project):
    assert harness("compare", "short", "script").code == 1
    script(project, "echo done")
    assert harness("compare", "short", "script").code == 0
    said = harness("compare", "short", "script", "--stored", "--json")
    assert said.code == 0
    assert [f["older"] for f in said.result["findings"]] == [True, False]
    assert "slower (older)" in harness("compare", "short", "script", "--stored").out


def test_a_single_stored_verdict_has_all_of_its_evidence(harness, twice):
    text = harness("compare", "short", "long", "--stored").out
    assert text.startswith("long is slower than short: 0.")
    for part in (
        "cpu",
        "memory",
        "metric: wall time",
        "noise of a single block",
        "smallest effect",
    ):
        assert part in text
    assert "machine: " in text
    assert "(2)\nbuilds: " in text


def test_several_stored_verdicts_are_rows_with_what_a_reader_must_know(harness, twice):
    harness("compare", "short", "long", "--max-trials", "6", "--cpus", "0")
    lines = harness("compare", "short", "long", "--stored").out.splitlines()
    rows = [line.split() for line in lines if " only " in line]
    assert [row[0] for row in rows] == ["1", "2"]
    assert "slower" in rows[0]
    assert "undecided" in rows[1]
    assert any(line.startswith("1: metric: wall time") for line in lines)
    assert any(line.startswith("2: machine: ") and "on CPU 0" in line for line in lines)
    assert any(line.startswith("2: runs: ") and line.endswith("(1)") for line in lines)


@pytest.mark.parametrize("option", ["--budget=9s", "--max-trials=9", "--seed=9", "--cpus=0"])
def test_options_of_new_trials_do_not_go_with_stored_ones(harness, twice, option):
    said = harness("compare", "short", "long", "--stored", option)
    assert said.code == 2
    assert option.split("=")[0] in said.err


def test_a_name_that_the_store_does_not_know_is_answered_with_those_it_does(harness, twice):
    said = harness("compare", "short", "lnog", "--stored")
    assert said.code == 2
    assert "no stored trial of lnog in " in said.err
    assert "the targets that have any: long, short" in said.err


@pytest.mark.parametrize("arguments", [("long", "wrong"), ("short", "long", "--case", "other")])
def test_nothing_stored_of_both_is_refused_with_the_command_that_measures(
    harness, twice, arguments
):
    harness("run", "wrong", "--trials", "1")
    said = harness("compare", *arguments, "--stored")
    assert said.code == 2
    assert f"harness compare {arguments[0]} {arguments[1]}" in said.err


def test_wrong_and_failed_trials_in_the_store_are_no_verdict(harness, project):
    """From the fifth execution on another output, or an exit code."""
    count = "echo >> count; [ $(wc -l < count) -lt 5 ]"
    for ending, code in (("echo else", 1), ("exit 3", 5)):
        text = f"cd {shlex.quote(str(project))}; {count} && echo done || {ending}"
        script(project, text)
        (project / "count").unlink(missing_ok=True)
        live = harness("compare", "long", "script", "--max-trials", "12", "--metric", "wall")
        said = harness("compare", "long", "script", "--stored", "--json")
        assert live.code == said.code == code
        assert "script: " in said.envelope["error"]
        shutil.rmtree(project / ".harness" / "results")


@pytest.mark.parametrize("how", ["gone", "flipped", "without a column"])
def test_damage_of_every_kind_is_named(harness, twice, how):
    path = min(twice.iterdir()) / "trials.parquet"
    content = path.read_bytes()
    if how == "gone":
        path.unlink()
    elif how == "flipped":
        middle = len(content) // 4
        path.write_bytes(
            content[:middle]
            + bytes(255 - b for b in content[middle : middle + 40])
            + content[middle + 40 :]
        )
    else:
        pq.write_table(pq.read_table(path).drop_columns(["wall_ns"]), path)
    said = harness("compare", "short", "long", "--stored", "--json")
    assert said.code == 6
    assert path.parent.name in said.envelope["error"]
    assert said.result["findings"][0]["comparison"]["blocks"] == 6


def test_only_damaged_runs_are_damage(harness, twice):
    for run in twice.iterdir():
        (run / "trials.parquet").write_bytes(b"nothing of the kind")
    said = harness("compare", "short", "long", "--stored")
    assert said.code == 6
    assert "damaged" in said.err


def test_stored_blocks_that_do_not_decide_say_what_would(harness, project):
    harness("compare", "short", "long", "--max-trials", "4", "--metric", "wall")
    said = harness("compare", "short", "long", "--stored", "--metric", "wall", "--json")
    assert said.code == 8
    assert "blocks would decide" in said.envelope["hint"]
    again, _ = said.envelope["next_actions"]
    assert again.startswith("harness compare short long --metric wall --budget ")


def test_a_damaged_run_is_named_and_the_others_are_judged(harness, twice):
    first = min(twice.iterdir())
    (first / "trials.parquet").write_bytes(b"nothing of the kind")
    said = harness("compare", "short", "long", "--stored", "--json")
    assert said.code == 6
    assert first.name in said.envelope["error"]
    assert said.result["findings"][0]["comparison"]["blocks"] == 6


# -- words ----------------------------------------------------------------------------------------

RATIO = Estimate("median ratio", 1.003, 0.997, 1.008, 0.95)
COMPARISON = Comparison(
    candidate="new",
    reference="old",
    metric=Metric.CPU,
    ratio=RATIO,
    verdict=Verdict.EQUIVALENT,
    blocks=40,
    threshold=0.01,
    stopped_because="the verdict is sure",
    metric_because="CPU time: the CPU is taken away",
    evidence={Metric.CPU: RATIO},
    disturbed_blocks=7,
)


def test_equivalent_is_said_with_its_threshold():
    assert explain(COMPARISON).startswith("new is equivalent within 1.0 % to old: 1.003x [0.997")


def test_memory_is_larger_or_smaller():
    by_memory = replace(COMPARISON, metric=Metric.MEMORY, verdict=Verdict.SLOWER)
    assert explain(by_memory).startswith("new is larger than old: ")


def test_disturbed_blocks_are_said():
    assert "disturbed blocks (kept): 7" in explain(COMPARISON)


def test_no_winner_is_named_without_an_interval():
    open_ratio = replace(RATIO, point=1.7, low=0.0, high=math.inf)
    text = explain(replace(COMPARISON, ratio=open_ratio, verdict=Verdict.UNDECIDED))
    assert text.startswith("new is not told apart from old: 1.70x, too few blocks for an interval")


def test_one_block_says_nothing_of_the_noise_between_blocks():
    ratio = replace(RATIO, low=0.0, high=math.inf)
    text = explain(replace(COMPARISON, blocks=1, ratio=ratio, verdict=Verdict.UNDECIDED))
    assert "stopped after 1 block:" in text
    assert "noise" not in text


@pytest.mark.parametrize(
    ("point", "words"), [(38.2, "much faster than"), (0.014, "much slower than")]
)
def test_a_huge_ratio_of_few_blocks_has_words_that_fit(point, words):
    ratio = replace(RATIO, point=point, low=0.0, high=math.inf)
    text = explain(replace(COMPARISON, ratio=ratio, blocks=4, verdict=Verdict.UNDECIDED))
    assert text.startswith(f"new is in all likelihood {words} old: ")
    assert "too few blocks" in text.splitlines()[0]


def test_a_figure_that_a_side_lacks_has_no_ratio():
    ratio = Estimate("median ratio", 1.0, 0.0, math.inf, 0.95)
    text = explain(replace(COMPARISON, ratio=ratio, blocks=2, verdict=Verdict.UNDECIDED))
    assert text.startswith("new is not told apart from old: no ratio is known by")


def test_a_verdict_by_cpu_time_says_that_wall_time_is_sure_of_the_opposite():
    evidence = {
        Metric.CPU: replace(RATIO, point=1.8, low=1.7, high=1.9),
        Metric.WALL: replace(RATIO, point=0.025, low=0.02, high=0.03),
    }
    made = replace(
        COMPARISON, ratio=evidence[Metric.CPU], evidence=evidence, verdict=Verdict.FASTER
    )
    said = "but by wall time 40.0 times slower [33.3, 50.0]"
    assert explain(made).splitlines()[0].endswith(said)
    assert show_comparison(made) == f"1.80x [1.70, 1.90] faster (cpu; {said})"


class TestWhatRevisionsAreMadeOf:
    """Two revisions of one target find the same things as a baseline does."""

    @pytest.fixture
    def revisions(self, project) -> Path:
        (project / "harness.toml").write_text(
            CONFIG
            + """
[targets.own]
task = "nap"
adapter = "command"
program = "tools/python"
args = ["in.txt"]
inputs = ["in.txt"]
"""
        )
        (project / ".gitignore").write_text("tools\nin.txt\n.harness\n")
        (project / "tools").mkdir()
        (project / "tools" / "pyvenv.cfg").touch()
        (project / "tools" / "python").symlink_to("/bin/cat")
        (project / "in.txt").write_text("done\n")
        commit(project, "one")
        (project / "x").write_text("x")
        commit(project, "two")
        return project

    def test_ignored_data_and_environments_are_found(self, harness, revisions):
        said = harness("compare", "own@HEAD~1", "own@HEAD", "--max-trials", "2", "--json")
        assert said.result["measurements"][0]["trials"] == 2, said.err

    def test_one_program_in_both_is_said(self, harness, revisions):
        said = harness("compare", "own@HEAD~1", "own", "--max-trials", "2", "--json")
        (words,) = [w for w in said.result["warnings"] if "same program" in w]
        assert "although x differs" in words


def commit(folder: Path, message: str) -> None:
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    if not (folder / ".git").exists():
        subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    subprocess.run(["git", "add", "-A"], cwd=folder, check=True)
    subprocess.run(["git", *identity, "commit", "-qm", message], cwd=folder, check=True)


def test_two_programs_are_compared_on_an_input_without_configuration(
    harness, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data.txt").write_text("1\n2\n")
    for name, body in (("one.sh", "cat"), ("two.sh", "while read line; do echo $line; done")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n")
        (tmp_path / name).chmod(0o755)
    files = ("./one.sh", "./two.sh", "--adapter", "command")
    said = harness("compare", *files, "--input", "data.txt", "--trials", "2", "--json")
    result = said.envelope["result"]
    assert result["comparison"]["blocks"] == 2
    assert [m["output_ok"] for m in result["measurements"]] == [True, True]
    assert "no such file" in harness("compare", *files, "--input", "gone").err


@pytest.mark.parametrize("command", ["run", "compare", "profile", "test", "bench"])
def test_an_option_of_one_value_is_refused_twice(harness, command):
    said = harness(command, "--case", "fast", "--case", "full")
    assert said.code == 2
    assert "--case is given more than once" in said.err


def test_an_input_is_no_option_of_a_configured_target(harness, project):
    said = harness("compare", "short", "long", "--input", "x")
    assert said.code == 2
    assert 'stdin = "FILE"' in said.err


def test_files_after_two_dashes_are_said_to_be_the_program_s_arguments(harness, project):
    said = harness("compare", "--", "./-p.c", "q.c")
    assert said.code == 2
    assert "what follows `--` are the program's own arguments, here ./-p.c q.c" in said.err
    assert "before `--`; a file whose name begins with a dash is written ./-name" in said.err
