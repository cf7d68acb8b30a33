"""`harness export`: stored runs for other tools."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec

import pytest


@pytest.fixture
def stored(harness, folder):
    """One run of one program."""
    harness("run", "--adapter", "command", "--trials", "2", "--", "true")
    return folder


def test_the_latest_run_is_printed_in_a_format_or_written_to_a_file(harness, stored):
    said = harness("export", "--format", "hyperfine")
    assert said.code == 0, said.err
    assert len(json.loads(said.out)["results"][0]["times"]) == 2
    assert harness("export", "-o", "run.csv").code == 0
    assert "true" in (stored / "run.csv").read_text()


def test_what_it_wrote_and_of_which_run_is_said_as_json(harness, stored):
    (run,) = harness("history", "--json").result["runs"]
    said = harness("export", run["run_id"][:12], "-o", "run.md", "--json")
    assert said.result == {"run_id": run["run_id"], "path": "run.md"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "in which format, or to which file?"),
        (("nope", "--format", "csv"), "no run in"),
        (("--format", "cvs"), "no exporter named 'cvs'"),
        (("-o", "run.xml"), "no exporter writes .xml"),
        (("--format", "asv"), "asv is a folder of files"),
        (("--format", "csv", "-o", "."), ". is a folder, and csv writes files"),
        (("--format", "asv", "-o", "there"), "there is a file, and asv writes folders"),
        (("--format", "asv", "-o", "new"), "was made outside of a git repository"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_written(harness, stored, arguments, words):
    (stored / "there").write_text("mine")
    before = sorted(stored.iterdir())
    said = harness("export", *arguments)
    assert (said.code, said.out) == (2, "")
    assert words in said.err
    assert sorted(stored.iterdir()) == before
    assert (stored / "there").read_text() == "mine"


def test_a_folder_in_place_of_a_file_is_refused_before_anything_runs(harness, folder):
    said = harness("run", "--adapter", "command", "--export-format", "csv", "--export", ".", "true")
    assert said.code == 2
    assert ". is a folder, and csv writes files" in said.err
    assert harness("history", "--json").result["runs"] == []


def git(*words: str) -> None:
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    subprocess.run(["git", *who, *words], check=True, capture_output=True)


@pytest.mark.git
@pytest.mark.slow
@pytest.mark.skipif(find_spec("asv") is None, reason="asv is not installed")
def test_asv_publishes_a_page_of_two_commits(harness, folder):
    git("init", "-q")
    (folder / ".gitignore").write_text(".harness\nresults\nhtml\n")
    conf = {
        "version": 1,
        "project": "x",
        "project_url": "-",
        "repo": ".",
        "dvcs": "git",
        "branches": ["HEAD"],
        "results_dir": "results",
        "html_dir": "html",
    }
    (folder / "asv.conf.json").write_text(json.dumps(conf))
    for number in (1, 2):
        (folder / "change").write_text(str(number))
        git("add", "-A")
        git("commit", "-qm", str(number))
        harness("run", "--adapter", "command", "--trials", "2", "--", "true")
        assert harness("export", "--format", "asv", "-o", "results").code == 0
    publish = [sys.executable, "-m", "asv", "publish", "--no-pull"]
    subprocess.run(publish, check=True, capture_output=True, timeout=120)
    points = json.loads((folder / "html/graphs/summary/true.json").read_text())
    assert len(points) == 2
    assert all(0 < seconds < 60 for _, seconds in points)
