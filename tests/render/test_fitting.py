"""Tables fit their page, and no line of one is broken."""

from __future__ import annotations

import pytest

from harness.render.fitting import TableColumn, cut_to, fit_to, folded
from harness.render.page import Page, page, painted, uncoloured, width_of, written_on
from harness.render.tables import fitted_table, layout

COLUMNS = (
    TableColumn("target", ("nbody-c", "nbody-python"), rank=0),
    TableColumn("wall", ("2.91 ms [2.71, 5.44]", "-"), ("2.91 ms", "-"), rank=0),
    TableColumn("cpu", ("2.80 ms [2.67, 2.88]", "-"), ("2.80 ms", "-"), rank=6),
    TableColumn("trials", ("8", "8"), rank=9),
    TableColumn("nothing", ("-", "-"), rank=1),
)


def names(width: int | None) -> list[str]:
    return [column.name for column in fit_to(COLUMNS, width).columns]


def test_a_page_without_a_width_has_all_columns_that_say_something():
    assert names(None) == ["target", "wall", "cpu", "trials"]
    assert fit_to(COLUMNS, None).left_out == ()


def test_intervals_go_first_and_then_the_least_important_columns():
    assert names(50) == ["target", "wall", "cpu", "trials"]
    assert fit_to(COLUMNS, 50).columns[2].cells == ("2.80 ms", "-")
    assert names(34) == ["target", "wall", "cpu"]
    assert fit_to(COLUMNS, 24).left_out == ("cpu", "trials")


def test_what_must_stay_is_cut_in_the_middle():
    found = fit_to((TableColumn("target", ("sort -n " + "x" * 50 + " big.txt",)),), 30)
    assert found.columns[0].cells[0].startswith("sort -n")
    assert found.columns[0].cells[0].endswith("big.txt")
    assert found.width == 30


@pytest.mark.parametrize("width", [20, 40, 80, 100])
def test_no_line_is_longer_than_the_page(width):
    rows = [["a" * 30, "some words that say more than fits on it"], ["b", "c"]]
    with written_on(Page(width)):
        for table in (fitted_table(COLUMNS), layout(["name", "words"], rows)):
            assert max(map(width_of, table.splitlines())) <= max(width, 37)


def test_a_table_of_words_folds_into_lines_of_their_own():
    assert folded(["name", "words"], [["a", "one two three"]], 14).splitlines() == [
        "name   a",
        "words  one two",
        "       three",
    ]


def test_a_page_has_colours_only_where_it_is_said():
    assert painted("faster", "green") == "faster"
    with written_on(Page(80, colour=True)):
        shown = painted("faster", "green")
        assert shown != "faster"
        assert uncoloured(shown) == "faster"
        assert width_of(shown) == 6
    assert page() == Page()


def test_both_ends_of_a_long_name_stay():
    assert cut_to("abcdefghij", 5) == "ab…ij"
    assert cut_to("abc", 5) == "abc"
