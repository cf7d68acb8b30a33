"""Tables of plain words are laid out as tabulate does it."""

import random
import string
import sys

import pytest
from tabulate import tabulate

from harness.render.plain_tables import plain_table
from harness.render.tables import layout

ALPHABET = string.ascii_letters + string.digits + "-_.,:;[]()%|'\" "


def words(rng: random.Random) -> str:
    return "".join(rng.choices(ALPHABET, k=rng.randrange(14))).strip()


@pytest.mark.parametrize("seed", range(200))
def test_a_table_is_as_tabulate_makes_it(seed: int):
    rng = random.Random(seed)
    columns = rng.randrange(1, 6)
    headers = [words(rng) for _ in range(columns)]
    rows = [[words(rng) for _ in range(columns)] for _ in range(rng.randrange(1, 8))]
    wanted = tabulate(rows, headers=headers, tablefmt="simple", disable_numparse=True)
    assert plain_table(headers, rows) == wanted


@pytest.mark.parametrize(
    "cell",
    ["größer", "二", "two\nlines", " indented", "after ", "\ttab", "\x1b[1mbold\x1b[0m", "\x7f"],
)
def test_what_is_more_than_plain_words_is_tabulates(cell: str):
    assert plain_table(["name", "value"], [["a", "1"], [cell, "2"]]) is None
    assert plain_table(["name", cell], [["a", "1"]]) is None
    assert layout(["name", "value"], [[cell, "2"]]) == tabulate(
        [[cell, "2"]], headers=["name", "value"], tablefmt="simple", disable_numparse=True
    )


@pytest.mark.parametrize(
    ("headers", "rows"), [([], []), (["a"], []), ([], [["1"]]), (["a", "b"], [["1"], ["1", "2"]])]
)
def test_an_odd_table_is_tabulates(headers: list[str], rows: list[list[str]]):
    assert plain_table(headers, rows) is None


def test_a_plain_table_imports_no_tabulate(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "tabulate", None)
    assert layout(["target"], [["true"]]).splitlines() == ["target", "--------", "true"]
