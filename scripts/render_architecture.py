"""Writes the drawing of the floors into docs/architecture.md.

The floors stand in tests/test_architecture.py, which enforces them; the sentence beside each room
is the first one of its docstring. `--check` writes nothing and ends with 1 where the page is stale.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/architecture.md"
BEGIN, END = "<!-- floors -->\n", "<!-- /floors -->"


def floors() -> tuple[tuple[str, ...], ...]:
    """The rooms of each floor, lowest first, as the test declares them."""
    tree = ast.parse((ROOT / "tests/test_architecture.py").read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.AnnAssign) and getattr(node.target, "id", "") == "FLOORS":
            assert node.value is not None
            found: tuple[tuple[str, ...], ...] = ast.literal_eval(node.value)
            return found
    raise SystemExit("tests/test_architecture.py declares no FLOORS")


def sentence(room: str) -> str:
    """What a room says of itself in its first line."""
    module = ROOT / "harness" / f"{room}.py"
    source = module if module.exists() else ROOT / "harness" / room / "__init__.py"
    text = ast.get_docstring(ast.parse(source.read_text(encoding="utf-8"))) or ""
    return " ".join(text.partition("\n\n")[0].split())


def drawing() -> str:
    """One line for each room, from the top floor down."""
    lines = ["| floor | room | what it is |", "| --- | --- | --- |"]
    for number, rooms in reversed(list(enumerate(floors(), start=1))):
        lines += [f"| {number} | `{room}` | {sentence(room)} |" for room in rooms]
    return "\n".join(lines) + "\n"


def rendered() -> str:
    """The page with the drawing of today."""
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{drawing()}{END}{after}"


def main() -> int:
    text = rendered()
    if "--check" in sys.argv[1:]:
        return int(text != PAGE.read_text(encoding="utf-8"))
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
