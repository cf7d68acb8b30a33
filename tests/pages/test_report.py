"""`report`: what a page says of a run, and what it refuses."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import harness
from harness.errors import MadeByNewer, UsageError
from harness.pages.made_pages import undrawn
from tests.pages.conftest import HOST

SCRIPT = '<script>alert("x")</script>'


class Page(HTMLParser):
    """The tags and the words of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def all(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag == name]


def doubts(made) -> str:
    section = next(s for s in made.document.sections if s.title == "What this does not prove")
    return "\n".join(section.parts[0].items)


def test_the_answer_comes_first_in_words(make_run):
    made = harness.report(make_run("r1"))
    assert made.document.summary[0].startswith("new is faster than old: ")
    assert "on sum fast" in made.document.summary[0]
    assert "checked and are right" in made.document.summary[-1]


def test_the_page_needs_nothing_else_and_is_small(make_run):
    text = harness.report(make_run("r1")).html()
    loaded = re.findall(r'(?:src|href)="(?!data:|#)[^"]*"', text.replace("xlink:href", "href"))
    assert loaded == []
    assert "http-equiv" in text
    assert len(text) < 300_000


def test_every_picture_has_its_figures_in_words_and_in_a_table(make_run):
    made = harness.report(make_run("r1"))
    page = Page(made.html())
    pictures = page.all("svg")
    assert [p["role"] for p in pictures] == ["img"] * 4
    assert all(p["aria-label"] for p in pictures)
    assert len(page.all("details")) == len(made.document.pictures) == 4
    assert {head.get("scope") for head in page.all("th")} == {"col", "row"}


def test_ids_stand_once(make_run):
    ids = [a["id"] for _, a in Page(harness.report(make_run("r1")).html()).tags if a.get("id")]
    assert len(ids) == len(set(ids))


def test_names_and_messages_become_no_html(make_run):
    made = harness.report(make_run("r1", speeds={SCRIPT: 2e6, "a|b `c`": 1e6}, task="<b>t</b>"))
    page = Page(made.html())
    assert len(page.all("script")) == 1
    assert page.all("b") == []
    assert any(SCRIPT in words for words in page.words)
    text = made.markdown()
    assert "<script" not in text.replace("\\<script", "")
    assert r"a\|b \`c\`" in text


def test_disturbed_blocks_are_marked_and_said(make_run):
    made = harness.report(make_run("r1"))
    lines = next(p for p in made.document.pictures if p.slug.startswith("blocks"))
    assert lines.drawing.marked == (4.0, 5.0)
    assert "2 of 30 blocks" in doubts(made)


def test_what_is_not_proved_is_read_from_the_run(make_run):
    said = doubts(harness.report(make_run("r1")))
    assert "one machine (Some CPU, 2 cores)" in said
    assert "virtual" in said
    assert "one case (fast)" in said
    assert "30 places" in said
    bare = replace(HOST, virtualised=None)
    said = doubts(harness.report(make_run("r2", host=bare, disturbed=frozenset())))
    assert "virtual" not in said
    assert "disturbed" not in said


def test_uncommitted_changes_are_told(make_run):
    made = harness.report(
        make_run("r1", commit={"digest": "c" * 40, "made_at_ns": 1, "changed": True})
    )
    assert "changes that are in no commit" in doubts(made)
    assert f"git checkout {'c' * 40}" in made.markdown()


def test_an_undecided_comparison_is_told(make_run):
    made = harness.report(make_run("r1", speeds={"old": 1e6, "new": 1.001e6}, blocks=7))
    assert "new against old is undecided" in doubts(made)
    assert "not told apart" in made.document.summary[0]


def test_several_values_of_a_parameter_are_fitted(make_run):
    cases = {f"n{n}": {"n": n, "k": 1} for n in (1000, 2000, 4000, 8000)}
    made = harness.report(make_run("r1", cases=cases))
    (picture,) = [p for p in made.document.pictures if p.slug.startswith("scaling")]
    assert picture.drawing.both_logarithmic
    slopes = [float(row[3].text.split()[0]) for row in picture.content.rows]
    assert slopes == pytest.approx([1.0] * 8, abs=0.05)
    assert [line.fit_of for line in picture.drawing.lines] == [None, None, 0, 1]
    assert "grows as n to the power" in picture.alt


def test_of_many_trials_a_part_is_drawn_and_said(make_run):
    made = harness.report(make_run("r1", blocks=1000))
    spread = next(p for p in made.document.pictures if p.slug.startswith("trials"))
    assert "1500 are not drawn" in spread.note
    assert [row[1].key for row in spread.content.rows] == [1000, 1000]
    assert len(made.html()) < 600_000


def test_one_trial_is_no_interval(make_run):
    made = harness.report(make_run("r1", speeds={"only": 1e6}, blocks=1, disturbed=frozenset()))
    assert "only takes" in made.document.summary[0]
    assert "too few" in doubts(made)
    assert "<svg" in made.html()


def test_an_empty_run_says_so(make_run):
    made = harness.report(make_run("r1", blocks=0))
    assert "Nothing was measured." in made.document.summary
    assert "No trial was timed" in doubts(made)
    assert made.document.pictures == ()
    assert "<svg" not in made.html()


def test_an_unfinished_run_shows_its_trials_and_judges_none(make_run):
    made = harness.report(make_run("r1", finish=False))
    assert "not finished. 60 trials" in made.document.summary[0]
    assert [p.slug for p in made.document.pictures] == ["trials-sum-fast", "blocks-sum-fast"]
    assert "harness run --resume r1" in made.markdown()


def test_a_run_of_schema_1_is_shown(make_run):
    folder = make_run("r1")
    run = json.loads((folder / "run.json").read_text())
    old = {key: run[key] for key in ("plan", "finished", "summary")}
    for name in ("params", "commit", "cells"):
        old["plan"].pop(name)
    for name in ("blocks", "failures", "lacking"):
        old["summary"].pop(name)
    (folder / "run.json").write_text(json.dumps({"schema_version": 1, **old}))
    table = pq.read_table(folder / "trials.parquet").drop_columns(
        ["disturbed", "draw", "pad_bytes"]
    )
    table = table.replace_schema_metadata({"harness_schema_version": "1"})
    pq.write_table(table, folder / "trials.parquet")
    made = harness.report(folder)
    assert made.document.summary[0].startswith("new is faster than old")
    assert "stored by an older harness" in doubts(made)
    assert "<svg" in made.html()


def test_a_newer_schema_is_refused_in_words(make_run):
    folder = make_run("r1")
    run = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps({**run, "schema_version": 99}))
    with pytest.raises(MadeByNewer, match="made by a newer harness") as refused:
        harness.report(folder)
    assert "Upgrade" in refused.value.hint


def test_a_folder_that_is_no_run_is_refused(make_run, tmp_path):
    with pytest.raises(UsageError, match="is not the folder of a run"):
        harness.report(tmp_path)
    folder = make_run("r1")
    with pytest.raises(UsageError, match="holds 1 run and is none itself"):
        harness.report(folder.parent)
    with pytest.raises(UsageError, match="no such folder"):
        harness.report(tmp_path / "none")


def test_an_unknown_run_is_refused(make_run):
    folder = make_run("20260101-r1")
    with pytest.raises(UsageError, match=r"no run in .* with the id 'nbody'"):
        harness.report("nbody", results=folder.parent)
    assert "r1" in harness.report("2026", results=folder.parent).document.subtitle


def test_of_a_task_it_is_the_latest_run_with_the_most_targets(make_run):
    make_run("20260101")
    many = make_run("20260102", speeds={"old": 2e6, "new": 1e6, "third": 3e6})
    make_run("20260103")
    make_run("20260104", speeds={"a": 1e6, "b": 1e6, "c": 2e6, "d": 3e6}, task="other")
    made = harness.report(task="sum", results=many.parent)
    assert "20260102" in made.document.subtitle
    assert "Of 3 stored runs of sum" in made.document.summary[0]
    with pytest.raises(UsageError, match="no finished run of the task 'sim'") as refused:
        harness.report(task="sim", results=many.parent)
    assert "sum" in refused.value.hint


def test_runs_of_several_machines_are_not_mixed(make_run):
    folder = make_run("20260101")
    make_run("20260102", host=replace(HOST, id="h2", cpu="Other"))
    made = harness.report(task="sum", results=folder.parent)
    assert "2 machines" in made.document.summary[1]
    assert "on Other" in made.document.subtitle


def test_pictures_become_files(make_run, tmp_path):
    made = harness.report(make_run("r1"), plots=tmp_path / "plots")
    assert {p.suffix for p in made.written} == {".png", ".svg"}
    assert len(made.written) == 8
    png = tmp_path / "plots" / "ratio-sum-fast.png"
    assert png.read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "plots" / "ratio-sum-fast.svg").read_text().startswith("<?xml")


def test_a_file_of_another_kind_is_refused(make_run, tmp_path):
    (tmp_path / "new").mkdir()
    folder = make_run("r1")
    with pytest.raises(UsageError, match="HTML or Markdown"):
        harness.report(folder, path=tmp_path / "report.pdf")
    made = harness.report(folder, path=tmp_path / "new" / "report.md")
    assert made.written[0].read_text().startswith("## old and new")


def test_without_matplotlib_a_page_has_the_figures_and_says_what_it_lacks(
    make_run, monkeypatch, tmp_path
):
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    made = harness.report(make_run("r1"), path=tmp_path / "page.html")
    assert "new is faster than old" in made.markdown()
    assert made.document.pictures
    page = made.written[0].read_text()
    assert "<svg" not in page
    assert page.count("<table") > len(made.document.pictures)
    assert "pip install matplotlib" in undrawn(made.document, "html")
    with pytest.raises(UsageError, match="not installed"):
        harness.report(make_run("r2"), plots=tmp_path / "figures")


def test_a_result_is_reported_as_it_is(make_run):
    from harness.running.reading_back import checked_report
    from harness.running.run_results import RunResult
    from harness.system.store.run_file import read_run

    result = RunResult(checked_report(read_run(make_run("r1"))))
    assert harness.report(result).document.title == "old and new"


def recorded() -> Path:
    return Path(__file__).parents[2] / "harness.toml"


def test_a_campaign_shows_predictions_beside_what_was_measured():
    made = harness.report("nbody-c", config=recorded())
    slugs = [p.slug for p in made.document.pictures]
    assert slugs == ["climb", "predictions", "phases"]
    assert made.document.summary[0].startswith("nbody-c is 174.88x [169.39, 178.07] as fast")
    predictions = made.document.pictures[1]
    assert len(predictions.drawing.steps) == len(predictions.content.rows) == 7
    assert "2 of 7 measured" in predictions.alt
    assert "iteration 6" in doubts(made)
    (surroundings,) = [s for s in made.document.shown if s.title == "Machine and toolchain"]
    target, toolchain, _ = surroundings.parts[0].rows[0]
    assert (target.text, toolchain.text[:4]) == ("nbody-c", "cc (")
    assert "core" in surroundings.parts[1].rows[0][1].text


def test_an_unknown_campaign_is_refused(tmp_path):
    with pytest.raises(UsageError, match="nbody-d") as refused:
        harness.report("nbody-d", config=recorded(), results=tmp_path)
    assert "nbody-" in refused.value.hint
