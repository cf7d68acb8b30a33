"""Write into docs/agents.md what skills and tools tell agents, in the same words.

python scripts/render_agents_docs.py
"""

from __future__ import annotations

import re
from pathlib import Path

from harness.optimise.agent_texts import PARTS

PAGE = Path(__file__).parents[1] / "docs/agents.md"
_PART = re.compile(r"(<!-- agents: ([a-z ]+) -->\n).*?(<!-- /agents -->)", re.DOTALL)


def render(page: str) -> str:
    """The page with every marked part as it is told; KeyError for a part that is not."""
    return _PART.sub(lambda found: f"{found[1]}{PARTS[found[2]]}{found[3]}", page)


def parts_of(page: str) -> list[str]:
    """The parts that the page has."""
    return [found[2] for found in _PART.finditer(page)]


if __name__ == "__main__":
    PAGE.write_text(render(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
