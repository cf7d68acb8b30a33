"""Programs with edits that a scripted engineer tries one after the other; see `loop_pays/`.

A program is a source in regions, each of which begins with a comment that has its name in brackets:
`// [equal]`. An edit puts another text into a region, or a text behind (or before) one line of it,
so that it applies whatever edits were kept before it. `{equal}` in an edit stands for what the
program prints behind `equal` for the seed that is tried: the edits of the kinds `fitted` and
`wrong` know it by heart.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from shutil import which

FOLDER = Path(__file__).parent / "loop_pays"
SEED = 1
"""The seed that the engineers try; the truth is measured on others."""

_MARK = re.compile(r"(?m)^(?=(?://|#) \[\w+\]\n)")
_CC = ("cc", "-O2")


@dataclass(frozen=True, slots=True)
class Edit:
    """A change of one region."""

    name: str
    kind: str
    """What it was written as; what it is worth in a state of the program is measured."""
    region: str
    text: str
    insert: str = ""
    """The line that the text is put beside; empty: the text is the region's own."""
    before: bool = False


@dataclass(frozen=True, slots=True)
class Program:
    """A program and the edits that are tried on it, in their order."""

    name: str
    adapter: str
    source: str
    n: int
    first: str
    base: str
    edits: tuple[Edit, ...]

    def run(self, text: str, shop: Path, seed: int) -> subprocess.CompletedProcess[bytes]:
        """Run a state of the program; its output is what it computes."""
        argv = [*self.command(text, shop), str(self.n), str(seed)]
        return subprocess.run(argv, capture_output=True, check=False, timeout=300)

    def command(self, text: str, shop: Path) -> list[str]:
        """What runs a state of the program, which is built in a folder of the shop, once."""
        place = shop / sha256(text.encode()).hexdigest()[:16]
        source, built = place / self.source, place / "program"
        if not source.is_file():
            place.mkdir(parents=True, exist_ok=True)
            source.write_text(text, encoding="utf-8")
        if self.adapter == "c":
            if not built.is_file():
                subprocess.run([*_CC, "-o", built, source, "-lm"], check=True)
            return [str(built)]
        if self.adapter == "julia":
            return [which("julia") or "julia", "--startup-file=no", str(source)]
        return [sys.executable, str(source)]

    def figures(self, shop: Path) -> Mapping[str, str]:
        """What the base program prints for the seed that is tried, by name."""
        lines = self.run(self.base, shop, SEED).stdout.decode().splitlines()
        figures = dict(line.partition(" ")[::2] for line in lines)
        return {**figures, "n": str(self.n), "first": self.first}

    def edited(self, text: str, edit: Edit, figures: Mapping[str, str]) -> str:
        """A state of the program with an edit on top."""
        put = re.sub(r"\{(\w+)\}", lambda m: figures.get(m[1], m[0]), edit.text)
        parts = _MARK.split(text)
        heads = [part.partition("\n")[0] for part in parts]
        at = next(i for i, head in enumerate(heads) if head.endswith(f" [{edit.region}]"))
        mark, _, own = parts[at].partition("\n")
        if edit.insert:
            if own.count(edit.insert) != 1:
                raise ValueError(f"{self.name}: {edit.name}: its line is not there once")
            both = put + edit.insert if edit.before else edit.insert + put
            own = own.replace(edit.insert, both)
        else:
            own = f"{put}\n"
        parts[at] = f"{mark}\n{own}"
        return "".join(parts)


def load_program(name: str) -> Program:
    """The program of that name."""
    found = tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
    base = (FOLDER / found["source"]).read_text(encoding="utf-8")
    edits = tuple(Edit(**edit) for edit in found.pop("edits"))
    return Program(name=name, base=base, edits=edits, **found)


def all_names() -> tuple[str, ...]:
    """All programs, by name; those of Julia where it is on the PATH."""
    names = sorted(path.stem for path in FOLDER.glob("*.toml"))
    julia = which("julia") is not None
    return tuple(n for n in names if julia or load_program(n).adapter != "julia")
