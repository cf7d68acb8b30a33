"""Renders `protocol.h` and the tables of `docs/launcher.md` from the launcher's protocol.

python scripts/render_protocol.py           writes both
python scripts/render_protocol.py --check   ends with 1 where one of them is not up to date
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from harness.system.launcher import protocol

ROOT = Path(__file__).parent.parent
HEADER = ROOT / "harness/system/launcher/protocol.h"
DOCS = ROOT / "docs/launcher.md"

TABLES = {
    "numbers": protocol.JOB_NUMBERS,
    "texts": protocol.JOB_TEXTS,
    "figures": protocol.FIGURES,
}


def header() -> str:
    """The protocol as C macros: `JOB_NUMBERS(X)` is `X(ticket) X(timeout_ns) ...`."""
    lists = {
        "JOB_NUMBERS": protocol.JOB_NUMBERS,
        "JOB_TEXTS": protocol.JOB_TEXTS,
        "FIGURES": protocol.FIGURES,
    }
    lines = [
        "/* Rendered from protocol.py by scripts/render_protocol.py: change it there. */",
        f'#define VERSION "{protocol.VERSION}"',
        f"#define CONTROL_FD {protocol.CONTROL_FD}",
        "#define UNKNOWN INT64_MIN",
        *(
            f"#define {name} {getattr(protocol, name)}"
            for name in dir(protocol)
            if name.startswith("TOUCHED_")
        ),
        f"#define SAMPLE_NUMBERS {len(protocol.SAMPLE)}",
        *(
            f"#define {name}(X) {' '.join(f'X({word})' for word in of)}"
            for name, of in lists.items()
        ),
        *(
            f"#define {name} {', '.join(map(json.dumps, getattr(protocol, name)))}"
            for name in ("RANK_VARIABLES", "SIZE_VARIABLES")
        ),
    ]
    return "\n".join(lines) + "\n"


def docs(text: str) -> str:
    """The page with its tables as they are to be."""
    for name, of in TABLES.items():
        table = _table(of)
        text = re.sub(
            rf"(<!-- begin {name} -->\n).*?(<!-- end {name} -->)",
            lambda found, table=table: found[1] + table + found[2],  # type: ignore[misc]
            text,
            flags=re.DOTALL,
        )
    return text


def _table(of: Mapping[str, str]) -> str:
    rows = (f"| `{name}` | {meaning} |\n" for name, meaning in of.items())
    return "| name | meaning |\n| --- | --- |\n" + "".join(rows)


def main() -> int:
    """Write what has changed, or with `--check` say that it would."""
    wanted = {HEADER: header(), DOCS: docs(DOCS.read_text(encoding="utf-8"))}
    stale = {
        path: text
        for path, text in wanted.items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    }
    for path, text in stale.items():
        if "--check" in sys.argv:
            print(f"{path} is not up to date: run scripts/render_protocol.py")
        else:
            path.write_text(text, encoding="utf-8")
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
