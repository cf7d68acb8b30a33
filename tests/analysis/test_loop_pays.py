"""The scripted engineers of `benchmarks/loop_pays.py`: their edits, and how they are scored."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
NAMES = ("coverage", "grid", "pairs", "report", "walk", "words")


@pytest.fixture
def scripted(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("scripted")


@pytest.mark.parametrize("name", NAMES)
def test_every_edit_applies_to_the_base_and_on_top_of_all_before_it(scripted, name):
    program = scripted.load_program(name)
    figures, text = {"n": "1"}, program.base
    assert len(program.edits) >= 12
    for edit in program.edits:
        assert program.edited(program.base, edit, figures) != program.base
        text = program.edited(text, edit, figures)
        assert edit.text.strip().splitlines()[0].split("{")[0] in text


def test_a_figure_of_the_tried_seed_stands_in_the_edits_that_know_it(scripted):
    program = scripted.load_program("grid")
    known = next(edit for edit in program.edits if edit.name == "the border as it was printed")
    assert "border(grid) = 4711\n" in program.edited(program.base, known, {"border": "4711"})


def test_the_edits_that_are_wrong_are_right_for_the_seed_that_is_tried(scripted, tmp_path):
    program = scripted.load_program("report")
    figures = program.figures(tmp_path)
    by_heart = next(edit for edit in program.edits if edit.kind == "fitted")
    text = program.edited(program.base, by_heart, figures)
    known = program.run(program.base, tmp_path, scripted.SEED).stdout
    assert b"customers" in known
    assert program.run(text, tmp_path, scripted.SEED).stdout == known


@pytest.mark.soak
def test_the_short_form_scores_all_engineers(tmp_path):
    short = ("--edits", "2", "--rounds", "5", "--budget", "5s")
    done = subprocess.run(
        [sys.executable, BENCHMARKS / "loop_pays.py", "pairs", *short],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "claims hold" in done.stdout, done.stderr
    assert "figure: wrong or fitted edits that a campaign keeps: 0; wanted: 0; holds" in done.stdout
