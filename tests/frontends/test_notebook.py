"""`%load_ext harness` in a notebook that a real kernel executes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(
    find_spec("nbclient") is None or find_spec("ipykernel") is None, reason="no nbclient here"
)


def executed(folder: Path, cells: Sequence[str], *, fails: bool = False) -> list[list[Any]]:
    """The outputs of each cell, as nbclient has them."""
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    client = NotebookClient(
        notebook, timeout=180, allow_errors=fails, resources={"metadata": {"path": str(folder)}}
    )
    client.execute()
    return [cell["outputs"] for cell in notebook.cells]


@pytest.mark.filterwarnings("ignore")
def test_cells_are_compared_and_the_result_is_shown(tmp_path: Path) -> None:
    outputs = executed(
        tmp_path,
        [
            "%load_ext harness",
            "%%harness --setup\nnumbers = list(range(20_000))",
            "%%harness loop\ntotal = 0\nfor n in numbers:\n    total += n\nprint(total)",
            "%%harness builtin\nprint(sum(numbers))",
            "%%harness wrong\nprint(1)",
            "print('mine')\nresult = %harness compare loop builtin --trials 2 --mode cold\nresult",
            "print(result.comparison.blocks, result.candidate)",
            "%harness compare loop nothing",
            "%harness compare loop builtin --budgt 3s",
            "%%harness two names\n1",
        ],
        fails=True,
    )
    said = [" ".join(str(output) for output in of) for of in outputs]
    assert said[1] == said[2] == said[3] == ""
    assert "text/html" in said[5]
    assert "<table" in said[5]
    assert "mine" in said[5], "what a cell prints itself stays"
    assert "harness: " not in said[5], "what went on is not kept in the cell"
    assert "2 builtin" in said[6]
    assert "no cell is kept as 'nothing'; there are: loop, builtin, wrong" in said[7]
    assert "no option --budgt" in said[8]
    assert "want one name" in said[9]


@pytest.mark.filterwarnings("ignore")
def test_the_cells_of_the_page_run(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs/pytest.md").read_text(encoding="utf-8")
    cells = re.findall(
        r"^```python title=\"notebook\"\n(.*?)^```$", page, flags=re.MULTILINE | re.DOTALL
    )
    assert len(cells) == 5
    cells[-1] = cells[-1].rstrip() + " --trials 2 --mode cold"
    outputs = executed(tmp_path, cells)
    assert "<table" in str(outputs[-1])
