"""`harness report` and `harness history --plot`, as people use them."""

from __future__ import annotations

import json

QUICK = ("--trials", "2", "--warmup", "0")


def test_the_latest_run_becomes_report_html(harness, folder):
    harness("run", "--adapter", "command", *QUICK, "--", "true")
    said = harness("report")
    assert (said.code, said.out) == (0, "report.html\n")
    assert (folder / "report.html").read_text().startswith("<!doctype html>")


def test_markdown_is_printed_where_no_file_is_named(harness, folder):
    harness("run", "--adapter", "command", *QUICK, "--", "true")
    said = harness("report", "--format", "md")
    assert said.out.startswith("## true\n")
    assert "### What this does not prove" in said.out
    assert list(folder.iterdir()) == [folder / ".harness"]
    assert harness("report", "--format", "md", "--json").result["text"] == said.out.rstrip("\n")


def test_a_folder_that_is_not_there_is_said_and_not_made(harness, folder):
    harness("run", "--adapter", "command", *QUICK, "--", "true")
    for words in (("-o", "away/x.md"), ("--plots", "away/figures")):
        said = harness("report", *words)
        assert said.code == 2
        assert "there is no folder away" in said.err
    assert not (folder / "away").exists()


def test_pictures_alone_are_written_where_only_they_are_asked_for(harness, folder):
    harness("run", "--adapter", "command", *QUICK, "--", "true")
    said = harness("report", "--plots", "figures", "--json")
    written = [folder / name for name in said.result["written"]]
    assert sorted(written) == sorted((folder / "figures").iterdir())
    assert {path.suffix for path in written} == {".png", ".svg"}
    assert not (folder / "report.html").exists()


def test_a_report_says_what_level_its_verdicts_have(harness, folder):
    for more, words in ((), "1.7 % of its own"), (("--per-comparison",), "5.0 % of its own"):
        naps = ("sleep 0.001", "sleep 0.002", "sleep 0.003")
        harness("compare", *naps, "--trials", "16", *more)
        text = " ".join(harness("report", "--format", "md").out.split())
        assert words in text


def test_no_run_is_said(harness, folder):
    said = harness("report")
    assert said.code == 2
    assert "no runs in" in said.err


def test_a_sweep_is_shown_by_its_axis(harness, folder):
    harness("run", "sleep {n}", "--sweep", "n=0.001..0.008*2", *QUICK)
    said = harness("report", "-o", "sweep.html", "--json")
    assert said.code == 0, said.err
    assert said.result["pictures"] == ["scaling-the-time"]
    assert said.result["sections"][0] == "Scaling"
    assert "log-log slope" in said.result["summary"][0]
    page = (folder / "sweep.html").read_text()
    assert "beyond the points that were swept" in page
    assert "There are 4 cases" in page


def test_a_sweep_of_a_newer_harness_is_refused(harness, folder):
    harness("run", "sleep {n}", "--sweep", "n=0.001,0.002", *QUICK)
    (path,) = (folder / ".harness" / "results").glob("*/sweep.json")
    path.write_text(json.dumps({"schema_version": 99}))
    said = harness("report")
    assert said.code == 2
    assert "newer harness" in said.err
    path.write_text("{}")
    assert harness("report").code == 6


def test_history_plots_what_is_stored(harness, folder):
    harness("run", "--adapter", "command", *QUICK, "--", "true")
    said = harness("history", "--plot")
    assert said.out.startswith("true (true default, on ")
    assert "no change can be sure" in said.out
    said = harness("history", "-o", "history.svg", "--json")
    assert said.result["written"] == ["history.svg"]
    assert (folder / "history.svg").read_text().startswith("<?xml")
    assert harness("history", "-o", "history.txt").code == 2
