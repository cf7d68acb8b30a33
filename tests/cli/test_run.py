"""`harness run` as a user meets it: tables, JSON, files without configuration, and bad input."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.waiting import until

CONFIG = """
[tasks.sum]
reference = "one"
[tasks.sum.cases.small]
params = { n = 10 }
[tasks.sum.cases.big]
params = { n = 20 }

[targets.one]
task = "sum"
adapter = "command"
program = "sh"
argv = ["-c", "echo total $1", "sh"]
args = ["{n}"]

[targets.two]
task = "sum"
adapter = "command"
program = "sh"
argv = ["-c", "SCRIPT", "sh"]
args = ["{n}"]
"""


@pytest.fixture
def project(folder):
    """Writes a harness.toml in which target `two` is the shell script given."""

    def write(script: str = "echo total $1", more: str = "") -> Path:
        quoted = script.replace("\\", "\\\\").replace('"', '\\"')
        (folder / "harness.toml").write_text(CONFIG.replace("SCRIPT", quoted) + more)
        return folder

    return write


def trials(said):
    return pq.read_table(said.result["parquet"]).to_pylist()


FIGURES = """
[tasks.sum.metrics.rate]
unit = "MB/s"
better = "higher"
"""


def test_a_targets_own_figures_are_stored_and_shown_and_are_no_wrong_output(harness, project):
    project("echo METRIC rate=$$ MB/s; echo total $1", FIGURES)
    said = harness("run", "--trials", "3", "--metrics")
    assert said.code == 0
    line = next(line for line in said.out.splitlines() if "rate" in line)
    assert line.split()[:2] == ["two", "rate"]
    assert "MB/s" in line
    assert "higher" in line
    stored = harness("run", "--trials", "3", "--json")
    assert all(set(t["metrics"]) in ({"rate"}, set()) for t in trials_as_maps(stored))
    (figure,) = row(stored, "two")["metrics"]
    assert figure["info"]["unit"] == "MB/s"
    assert figure["trials"] == 3


def trials_as_maps(said):
    return [{**t, "metrics": dict(t["metrics"])} for t in trials(said)]


def test_a_metric_plugin_without_sensors_says_so_and_an_unknown_one_is_refused(harness, project):
    project()
    said = harness("run", "--trials", "2", "--metrics", "temperature,frequency")
    assert said.code == 0
    unknown = harness("run", "--metrics", "temprature")
    assert unknown.code == 2
    assert "Did you mean 'temperature'?" in unknown.err


@pytest.mark.parametrize("name", ["out.csv", "out.md", "out.json"])
def test_a_run_is_written_to_a_file_in_the_format_of_its_suffix(harness, project, name):
    folder = project()
    said = harness("run", "--trials", "2", "--export", name)
    assert said.code == 0
    assert "one" in (folder / name).read_text()
    shown = {"out.csv": "csv", "out.md": "github"}.get(name)
    if shown:
        again = harness("run", "--trials", "2", "--format", shown)
        assert (folder / name).read_text().split()[0] == again.out.split()[0]


def test_an_export_that_fails_loses_no_answer(harness, project):
    project()
    said = harness("run", "--trials", "2", "--export", "no/such/folder/x.csv")
    assert said.code not in (0, 70)
    assert "trials.parquet" in said.out
    assert "no/such/folder" in said.err


def test_a_format_that_nobody_writes_is_refused_before_anything_runs(harness, project):
    folder = project()
    for arguments in (["--export", "x.xml"], ["--export", "x", "--export-format", "xml"]):
        assert harness("run", *arguments).code == 2
    assert harness("run", "--export-format", "csv").code == 2
    assert not (folder / ".harness" / "results").exists()


def test_metric_plugins_may_stand_in_the_configuration(harness, project):
    folder = project()
    toml = folder / "harness.toml"
    toml.write_text('metrics = ["voltage", "no such thing"]\n' + toml.read_text())
    said = harness("run", "--trials", "2")
    assert said.code == 2
    assert "no metric plugin named 'no such thing'" in said.err


def row(said, target):
    return next(m for m in said.result["measurements"] if m["target"] == target)


# -- what it answers ------------------------------------------------------------------------------


def test_the_table_has_a_row_a_target_and_names_the_file(harness, project):
    project()
    said = harness("run", "--trials", "3")
    assert said.code == 0
    assert "one" in said.out
    assert "two" in said.out
    assert "reference" in said.out
    assert "trials.parquet" in said.out


def test_json_carries_measurements_comparisons_and_the_host(harness, project):
    project()
    said = harness("run", "--trials", "12", "--json")
    assert said.code == 0
    assert said.result["host"]["cores"] >= 1
    one = row(said, "one")
    assert one["trials"] == 12
    assert one["output_ok"] is True
    assert one["wall_ns"]["low"] <= one["wall_ns"]["point"] <= one["wall_ns"]["high"]
    assert one["max_rss_bytes"] > 0
    [comparison] = said.result["comparisons"]
    assert (comparison["candidate"], comparison["reference"]) == ("two", "one")
    assert comparison["blocks"] == 12
    assert comparison["ratio"]["low"] <= comparison["ratio"]["point"] <= comparison["ratio"]["high"]


def test_trials_are_interleaved_in_blocks_after_a_marked_warm_up(harness, project):
    project()
    said = harness("run", "--trials", "4", "--warmup", "2", "--seed", "7", "--json")
    stored = trials(said)
    warm = [t for t in stored if t["warmup"]]
    assert sorted(t["target"] for t in warm) == ["one", "one", "two", "two"]
    timed = [t for t in stored if not t["warmup"]]
    blocks = {b: {t["target"] for t in timed if t["block"] == b} for b in range(4)}
    assert all(targets == {"one", "two"} for targets in blocks.values())
    assert said.result["seed"] == 7


def test_the_same_seed_gives_the_same_order(harness, project):
    project()
    orders = []
    for _ in range(2):
        said = harness("run", "--trials", "5", "--seed", "11", "--json")
        orders.append([t["target"] for t in trials(said) if not t["warmup"]])
    assert orders[0] == orders[1]


def test_a_case_is_chosen_by_name(harness, project):
    project()
    said = harness("run", "one", "--case", "big", "--trials", "2", "--json")
    assert row(said, "one")["case"] == "big"


def test_csv_is_nothing_but_the_table(harness, project):
    project()
    said = harness("run", "--trials", "2", "--format", "csv")
    header, *rows = said.out.strip().splitlines()
    assert header.startswith("task,case,target,language,mode,wall_ns,wall_low_ns")
    assert len(rows) == 2
    for line in csv.DictReader(said.out.splitlines()):
        assert float(line["wall_low_ns"]) <= float(line["wall_ns"]) <= float(line["wall_high_ns"])
        assert int(line["peak_memory_bytes"]) > 0


def test_setup_and_cleanup_commands_run_in_the_project(harness, project):
    here = project(
        more='setup = [["touch", "made by setup"]]\ncleanup = [["touch", "made by cleanup"]]\n'
    )
    assert harness("run", "two", "--trials", "1").code == 0
    assert (here / "made by setup").exists()
    assert (here / "made by cleanup").exists()


def test_commands_around_every_trial_of_a_target(harness, project):
    """Once around its check, its warm-up and each of two trials; one that fails fails the trial."""
    here = project(
        more='prepare = [["sh", "-c", "echo before >> log"]]\n'
        'conclude = [["sh", "-c", "echo after >> log"]]\n'
    )
    assert harness("run", "two", "--trials", "2").code == 0
    assert (here / "log").read_text() == "before\nafter\n" * 4
    project(more='prepare = [["sh", "-c", "exit 3"]]\n')
    said = harness("run", "two", "--trials", "2")
    assert said.code == 5
    assert "prepare command" in said.err


# -- without configuration ------------------------------------------------------------------------


def test_a_single_c_file_runs_without_configuration(harness, folder):
    (folder / "twice.c").write_text(
        "#include <stdio.h>\n#include <stdlib.h>\n"
        'int main(int n, char **v) { printf("%d\\n", 2 * atoi(v[n - 1])); }\n'
    )
    said = harness("run", "--adapter", "c", "twice.c", "--trials", "2", "--json", "--", "21")
    assert said.code == 0
    assert row(said, "twice.c")["trials"] == 2


def test_a_single_python_file_runs_without_configuration(harness, folder):
    (folder / "twice.py").write_text("import sys\nprint(2 * int(sys.argv[1]))\n")
    said = harness("run", "--adapter", "python", "twice.py", "--trials", "2", "--json", "--", "21")
    assert said.code == 0
    assert row(said, "twice.py")["language"] == "Python"


@pytest.mark.julia
def test_a_single_julia_file_runs_without_configuration(harness, folder):
    (folder / "twice.jl").write_text("println(2 * parse(Int, ARGS[1]))\n")
    said = harness("run", "--adapter", "julia", "twice.jl", "--trials", "2", "--json", "--", "21")
    assert said.code == 0, said.err
    assert row(said, "twice.jl")["language"] == "Julia"


def test_any_program_runs_without_configuration(harness, folder):
    script = folder / "anything"
    script.write_text("#!/bin/sh\necho $@ > arguments\n")
    script.chmod(0o755)
    said = harness(
        *("run", "--adapter", "command", "--trials", "1", "--json"),
        *("--", "./anything", "--its", "{args}"),
    )
    assert said.code == 0, said.err
    assert (folder / "arguments").read_text() == "--its {args}\n"


# -- bad input ------------------------------------------------------------------------------------


def test_no_configuration_says_where_it_looked_and_what_to_do(harness, folder):
    said = harness("run")
    assert said.code == 2
    assert str(folder) in said.err
    assert "--adapter command" in said.err


def test_an_unknown_adapter_suggests_the_near_one(harness, project):
    project()
    said = harness("run", "--adapter", "pyton")
    assert said.code == 3
    assert "Did you mean 'python'?" in said.err


def test_an_unknown_target_suggests_the_near_one(harness, project):
    project()
    said = harness("run", "onee")
    assert said.code == 2
    assert "Did you mean 'one'?" in said.err


def test_an_unknown_target_suggests_the_near_one_where_the_adapter_is_said(harness, project):
    project()
    said = harness("run", "--adapter", "c", "onee")
    assert said.code == 2
    assert "Did you mean 'one'?" in said.err


def test_a_missing_source_is_named(harness, folder):
    said = harness("run", "--adapter", "c", "nowhere.c")
    assert said.code == 2
    assert "no such file: nowhere.c" in said.err


def test_a_compile_error_shows_the_compilers_words(harness, folder):
    (folder / "bad.c").write_text("int main(void) { return nonsense; }\n")
    said = harness("run", "--adapter", "c", "bad.c", "--trials", "1")
    assert said.code == 4
    assert "nonsense" in said.err


@pytest.mark.parametrize("configured", [True, False])
def test_the_adapter_of_a_file_is_guessed_and_said(harness, project, folder, configured):
    if configured:
        project()
    (folder / "sum.c").write_text("int main(void) { return 0; }\n")
    said = harness("run", "sum.c", "--trials", "1")
    assert said.code == 0, said.err
    assert "sum.c: adapter c, by its suffix .c" in said.err


def test_arguments_of_a_target_are_sent_to_the_configuration(harness, project):
    project()
    said = harness("run", "one", "--", "7")
    assert said.code == 2
    assert "harness.toml" in said.err


@pytest.mark.parametrize("cpus", ["x", "3-1", "0-9999999999", "99999", "0,99999"])
def test_cpus_that_are_not_there_are_refused_at_once(harness, project, cpus):
    project()
    said = harness("run", "--cpus", cpus)
    assert said.code == 2
    assert "--cpus: " in said.err


def test_a_case_of_a_file_is_refused_not_ignored(harness, folder):
    said = harness("run", "--adapter", "command", "--case", "fast", "--", "true")
    assert said.code == 2
    assert "--case" in said.err


def test_a_missing_source_of_another_target_is_in_nobody_s_way(harness, project):
    project(more='[targets.three]\ntask = "sum"\nadapter = "c"\nsources = ["gone.c"]\n')
    assert harness("run", "one", "two", "--trials", "1").code == 0
    assert harness("history").code == 0
    for command in (["run", "--trials", "1"], ["run", "three"], ["config", "check"]):
        said = harness(*command)
        assert said.code == 2
        assert "targets.three.sources: source not found" in said.err


def test_a_setup_makes_the_input_of_its_target(harness, project):
    here = project(
        more='[targets.three]\ntask = "sum"\nadapter = "command"\nargs = ["cat", "made.txt"]\n'
        'inputs = ["made.txt"]\nsetup = [["sh", "-c", "echo total 10 > made.txt"]]\n'
    )
    said = harness("run", "one", "three", "--trials", "1", "--json")
    assert said.code == 0, said.envelope["error"]
    assert row(said, "three")["output_ok"]
    assert (here / "made.txt").exists()


def test_a_missing_compiler_says_how_to_get_one(harness, project, monkeypatch, folder):
    (folder / "fine.c").write_text("int main(void) { return 0; }\n")
    empty = folder / "bin"
    empty.mkdir()
    monkeypatch.setenv("PATH", str(empty))
    said = harness("run", "--adapter", "c", "fine.c", "--trials", "1")
    assert said.code == 3
    assert "apt-get install gcc" in said.err


MISSING = """
[targets.three]
task = "sum"
adapter = "c"
compiler = "{folder}/no-compiler"
sources = ["three.c"]
"""


@pytest.mark.parametrize(("names", "code"), [((), 0), (("one", "three"), 3), (("three",), 3)])
def test_a_missing_toolchain_is_told_and_fails_only_who_chose_it(harness, project, names, code):
    here = project(more=MISSING.format(folder="/nowhere"))
    (here / "three.c").write_text("int main(void) { return 0; }\n")
    said = harness("run", *names, "--trials", "2", "--json")
    assert said.code == code
    assert "/nowhere/no-compiler" in row(said, "three")["failure"]


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo oh dear >&2; exit 7", "7"),
        ("kill -SEGV $$", "SIGSEGV"),
    ],
)
def test_a_target_that_fails_stops_nothing_else(harness, project, script, words):
    project(script)
    said = harness("run", "--trials", "3", "--json")
    assert said.code == 5
    assert words in said.envelope["error"]
    assert row(said, "one")["trials"] == 3
    assert row(said, "two")["failure"]


def test_a_target_past_its_timeout_is_killed_with_what_it_started(harness, project):
    marker = f"4{os.getpid()}"
    project(f"sleep {marker} & wait", more='timeout = "300ms"\n')
    said = harness("run", "--trials", "2", "--json")
    assert said.code == 5
    assert "300 ms" in said.envelope["error"] or "0.3 s" in said.envelope["error"]
    assert subprocess.run(["pgrep", "-f", f"sleep {marker}"], check=False).returncode == 1


def test_a_process_that_lives_on_is_killed_and_reported(harness, project):
    marker = f"5{os.getpid()}"
    project(f"echo total $1; (setsid sleep {marker} >/dev/null 2>&1 &) ; sleep 0.05")
    said = harness("run", "--trials", "2", "--json")
    assert said.code == 0, said.err
    assert any("left" in w for w in row(said, "two")["warnings"])
    assert subprocess.run(["pgrep", "-f", f"sleep {marker}"], check=False).returncode == 1


def test_a_program_that_prints_too_much_is_stopped(harness, project):
    project("yes", more="max_output_bytes = 100000\n")
    said = harness("run", "--trials", "2", "--json")
    assert said.code == 5
    assert "max_output_bytes" in said.envelope["error"]


def test_a_program_that_prints_nothing_has_an_empty_output(harness, project):
    project("true")
    said = harness("run", "--trials", "2", "--json")
    assert said.code == 1
    assert row(said, "two")["output_ok"] is False


def test_output_that_is_not_utf_8_is_compared_as_bytes(harness, folder):
    (folder / "bytes.sh").write_text("#!/bin/sh\nprintf '\\377\\376\\n'\n")
    (folder / "bytes.sh").chmod(0o755)
    said = harness("run", "--adapter", "command", "--trials", "2", "--json", "--", "./bytes.sh")
    assert said.code == 0
    assert row(said, "bytes.sh")["output_ok"] is True


def test_a_flaky_output_is_wrong(harness, project):
    project("date +%N")
    said = harness("run", "--trials", "3", "--json")
    assert said.code == 1
    assert row(said, "one")["output_ok"] is True
    assert row(said, "two")["output_ok"] is False


def test_params_must_be_finite(harness, folder):
    (folder / "harness.toml").write_text(CONFIG.replace("n = 10", "n = nan"))
    said = harness("run")
    assert said.code == 2
    assert "must be finite" in said.err
    assert "tasks.sum.cases.small.params" in said.err


def test_a_results_folder_that_cannot_be_made_is_named(harness, project):
    here = project()
    (here / "a file").write_text("")
    said = harness("run", "--trials", "1", "--results", here / "a file" / "results")
    assert said.code == 2
    assert "a file/results" in said.err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_an_error_in_words(harness, project, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    project()
    monkeypatch.setattr("harness.system.store.runs.write_atomically", full)
    said = harness("run", "--trials", "1")
    assert said.code == 2
    assert "No space left on device" in said.err


# -- interrupted ----------------------------------------------------------------------------------


def start_run(folder, *arguments):
    process = subprocess.Popen(
        [sys.executable, "-m", "harness", "run", *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    results = folder / ".harness" / "results"
    for _ in range(600):
        streams = list(results.glob("*/trials.stream")) if results.exists() else []
        if streams and streams[0].stat().st_size > 20_000:
            return process
        time.sleep(0.05)
    process.kill()
    raise AssertionError(f"the run stored nothing: {process.communicate()}")


def test_ctrl_c_keeps_what_was_measured_and_says_how_to_resume(harness, project):
    here = project()
    process = start_run(here, "--trials", "100000", "--json")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "--resume" in out + err
    assert harness("history").out.count("unfinished") == 2


def test_a_killed_run_is_topped_up_by_resume(harness, project):
    here = project()
    process = start_run(here, "--trials", "40")
    process.kill()
    process.communicate()
    said = harness("run", "--resume", "--json")
    assert said.code == 0, said.err
    stored = trials(said)
    assert row(said, "one")["trials"] == 40
    timed = [(t["block"], t["target"]) for t in stored if not t["warmup"]]
    assert len(timed) == len(set(timed))


def interrupted(results, run_id):
    """Make a stored run look as if an older harness had been killed at its end."""
    path = results / run_id / "run.json"
    plan = json.loads(path.read_text())["plan"]
    path.write_text(json.dumps({"schema_version": 1, "plan": plan, "finished": False}))


def test_a_bare_resume_takes_the_latest_run_that_was_interrupted(harness, project):
    here = project()
    first = harness("run", "--trials", "1", "--json").result["run_id"]
    harness("run", "--trials", "1")
    assert "was interrupted" in harness("run", "--resume").err
    interrupted(here / ".harness" / "results", first)
    assert harness("run", "--resume", "--json").result["run_id"] == first


@pytest.mark.parametrize("words", [["--trials", "9"], ["--case", "big"], ["one"], ["--", "ls"]])
def test_what_resume_cannot_change_is_refused_not_ignored(harness, project, words):
    project()
    harness("run", "--trials", "1")
    said = harness("run", "--resume=2", *words)
    assert said.code == 2
    assert words[0] in said.err
    assert "cannot change" in said.err


def test_a_run_that_goes_on_elsewhere_is_not_resumed(harness, project):
    process = start_run(project(), "--trials", "100000")
    said = harness("run", "--resume")
    assert said.code == 7
    assert "by another process" in said.err
    assert "running" in harness("history").out
    process.kill()
    process.communicate()
    assert "unfinished: harness run --resume" in harness("history").out


def test_a_damaged_file_among_the_results_stops_nothing(harness, project):
    here = project()
    first = harness("run", "--trials", "1", "--json")
    harness("run", "--trials", "1")
    path = Path(first.result["parquet"])
    path.write_bytes(path.read_bytes()[:100])
    said = harness("history", "--json")
    assert said.code == 6
    assert str(path) in said.envelope["error"]
    assert len(said.result["runs"]) == 1
    assert harness("run", "--trials", "1").code == 0
    shutil.rmtree(here / ".harness")
    assert harness("history").code == 0


def test_a_run_killed_while_it_prepares_is_listed_and_goes_on(harness, folder):
    """Killed within its setup command, before there was any trial."""
    here, toml = folder, folder / "harness.toml"
    before = (
        "[tasks.t]\ncases.fast.params = { n = 1 }\n"
        '[targets.p]\ntask = "t"\nadapter = "command"\nprogram = "true"\n'
    )
    toml.write_text(f'{before}setup = [["sleep", "60"]]\n')
    process = subprocess.Popen(
        [sys.executable, "-m", "harness", "run", "--trials", "2"],
        cwd=here,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    results = here / ".harness" / "results"
    while not list(results.glob("*/run.json")):
        assert process.poll() is None
    said = harness("history")
    assert (said.code, "running" in said.out) == (0, True)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    # A process that was just being made has its lock until it has become another program.
    until(lambda: "unfinished" in harness("history").out)
    said = harness("history")
    assert (said.code, "unfinished" in said.out) == (0, True)
    toml.write_text(before)
    assert harness("run", "--resume").code == 0
    assert {path.name for path in results.glob("*/*")} == {"run.json", "trials.parquet"}


def test_a_plan_of_an_older_harness_that_makes_no_sense_is_damage(harness, project):
    here = project()
    first = harness("run", "--trials", "1", "--json").result["run_id"]
    interrupted(here / ".harness" / "results", first)
    path = here / ".harness" / "results" / first / "run.json"
    plan = json.loads(path.read_text())
    path.write_text(json.dumps({**plan, "plan": {**plan["plan"], "mode": 7}}))
    said = harness("run", "--resume", first)
    assert said.code == 6
    assert first in said.err


@pytest.mark.parametrize("style", ["plain", "github", "csv"])
def test_a_finished_run_is_shown_again_byte_for_byte(harness, project, style):
    """A target that fails, one that is right, and one whose output is wrong."""
    project("echo total $1", THREE)
    first = harness("run", "--trials", "3", "--format", style, "--phases")
    (folder,) = Path(".harness/results").glob("2*")
    again = harness("run", "--resume", folder.name, "--format", style, "--phases")
    assert (again.out, again.code) == (first.out, first.code)
    as_json = harness("run", "--resume", folder.name, "--json")
    assert as_json.code == first.code == 5
    failures = {m["target"]: m["failure"] for m in as_json.result["measurements"]}
    assert failures["one"] is None
    assert "3" in failures["broken"]
    assert "wrong output" in failures["wrong"]
    assert as_json.result["blocks"][0]["blocks"] == 3


THREE = """
[targets.broken]
task = "sum"
adapter = "command"
program = "sh"
argv = ["-c", "exit 3", "sh"]

[targets.wrong]
task = "sum"
adapter = "command"
program = "sh"
argv = ["-c", "echo total 11", "sh"]
"""
