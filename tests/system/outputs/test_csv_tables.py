"""Tables in CSV: the same numbers as when read whole, and no more memory than they need."""

import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from harness.correctness.printed import PrintedArray
from harness.system.outputs import csv_tables
from harness.system.outputs.csv_tables import TableError, read_table


def table(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "t.csv"
    path.write_text(text)
    return path


def test_a_table_of_many_parts_is_that_of_its_numbers(tmp_path: Path) -> None:
    drawn = random.Random(3)
    rows = [[f"{drawn.uniform(-9, 9):.6f}" for _ in range(3)] for _ in range(60_000)]
    text = "a,b,c\n" + "".join(",".join(row) + "\n" for row in rows)
    found = read_table(table(tmp_path, text), None)
    assert isinstance(found, PrintedArray)
    assert found.shape == (60_000, 3)
    assert np.asarray(found).tolist() == [[float(cell) for cell in row] for row in rows]
    assert found.tokens is not None
    assert found.tokens.astype(str).tolist() == [cell for row in rows for cell in row]
    second = read_table(tmp_path / "t.csv", "b")
    assert np.asarray(second).tolist() == [float(row[1]) for row in rows]


def column(tmp_path: Path, first: str, last: str, monkeypatch: pytest.MonkeyPatch) -> object:
    """A column whose first and last cells fall into different parts."""
    monkeypatch.setattr(csv_tables, "_PART", 2)
    return read_table(table(tmp_path, f"x\n{first}\n2\n3\n{last}\n"), "x")


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("1", "4", np.array([1, 2, 3, 4])),
        ("1.5", "4", np.array([1.5, 2, 3, 4])),
        ("1", "4.5", np.array([1, 2, 3, 4.5])),
        ("1", str(2**63), np.array([1, 2, 3, 2**63], dtype=np.uint64)),
        ("nan", "4", np.array([np.nan, 2, 3, 4])),
    ],
)
def test_parts_of_different_kinds_have_a_common_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: str, last: str, expected: np.ndarray
) -> None:
    found = column(tmp_path, first, last, monkeypatch)
    assert isinstance(found, np.ndarray)
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(np.asarray(found), expected)


@pytest.mark.parametrize(("first", "last"), [("-1", str(2**63)), ("1", "four")])
def test_what_has_no_common_kind_is_a_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: str, last: str
) -> None:
    assert column(tmp_path, first, last, monkeypatch) == f"{first}\n2\n3\n{last}"


def test_a_table_with_words_is_a_text_in_one_layout(tmp_path: Path) -> None:
    path = table(tmp_path, 'name;value\nx;"1;5"\n\n y ;2\n')
    assert read_table(path, None) == "name,value\nx,1;5\ny,2"


@pytest.mark.parametrize(
    ("limit", "text", "words"),
    [
        ("MOST_CELLS", "1,2\n3,4\n5,6\n", "more than 5 cells"),
        ("MOST_LINE", "1,2\n3,4\n", "line of more than 3 characters"),
        ("MOST_TEXT", "a,b\nc,d\n", "no numbers alone at most 5"),
    ],
)
def test_what_would_fill_the_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, text: str, words: str
) -> None:
    monkeypatch.setattr(csv_tables, limit, 3 if limit == "MOST_LINE" else 5)
    with pytest.raises(TableError, match=words):
        read_table(table(tmp_path, text), None)


PEAK = """
import resource, sys
from pathlib import Path
from harness.system.outputs import csv_tables
from harness.system.outputs.csv_tables import read_table
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
found = read_table(Path(sys.argv[1]), None)
print(found.size, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.parametrize(
    "megabytes", [10, pytest.param(100, marks=pytest.mark.soak)], ids=["10 MB", "100 MB"]
)
def test_a_table_takes_a_few_times_its_size(tmp_path: Path, megabytes: int) -> None:
    line = "0.123456789012345678,1234.5678,-1e-300,7\n"
    count = megabytes * 1_000_000 // len(line)
    path = table(tmp_path, line * count)
    said = subprocess.run(
        [sys.executable, "-c", PEAK, path], check=True, capture_output=True, text=True
    ).stdout
    cells, kib = map(int, said.split())
    assert cells == 4 * count
    assert kib < 40_000 + 5 * megabytes * 1000
