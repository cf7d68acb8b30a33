"""Write the outputs in the tutorials anew, by doing what they say.

    python scripts/render_tutorial.py [docs/tutorial-c.md ...]

Left out: docs/tutorial.md and all docs/tutorial-*.md.

In the page, a block that begins with ```c title="NAME" is a file to be written, and one that begins
with ```console holds commands (`$ `, continued by `> `) with what they print. Everything runs in
order in one empty folder, by the `harness` beside this Python; a command that fails ends it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

PAGES = sorted((Path(__file__).parents[1] / "docs").glob("tutorial*.md"))
BLOCK = re.compile(r'^```(\w+)(?: title="(\S+)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Command:
    """A command of the tutorial with what the page says that it prints."""

    text: str
    """As a shell takes it; may have several lines."""
    shown: str


@dataclass(frozen=True, slots=True)
class File:
    """A file that the tutorial has its reader write."""

    name: str
    content: str


Step = Command | File


def steps(page: str) -> Iterator[Step]:
    """What a reader does, in order."""
    for language, name, body in BLOCK.findall(page):
        if name:
            yield File(name, body)
        elif language == "console":
            yield from commands(body)


def commands(block: str) -> Iterator[Command]:
    """The commands of one console block."""
    current: Command | None = None
    for line in block.splitlines():
        if line.startswith("$ "):
            if current:
                yield current
            current = Command(line[2:], "")
        elif current and line.startswith("> ") and not current.shown:
            current = replace(current, text=f"{current.text}\n{line[2:]}")
        elif current:
            current = replace(current, shown=f"{current.shown}{line}\n")
    if current:
        yield current


def perform(step: Step, folder: Path) -> str:
    """Do one step; returns what a command printed. Raises RuntimeError where it failed."""
    if isinstance(step, File):
        (folder / step.name).write_text(step.content, encoding="utf-8")
        return ""
    done = subprocess.run(
        ["bash", "-c", step.text],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{step.text!r} ended with {done.returncode}:\n{done.stdout}")
    lines = [line.rstrip() for line in done.stdout.replace(f"{folder}/", "").splitlines()]
    return "".join(f"{line}\n" for line in lines)


def environment() -> dict[str, str]:
    """This Python's `harness` first on PATH, and a git that knows who commits."""
    who = {"NAME": "Reader", "EMAIL": "reader@example.org"}
    return {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        **{f"GIT_{role}_{k}": v for role in ("AUTHOR", "COMMITTER") for k, v in who.items()},
    }


def rendered(page: str, folder: Path) -> str:
    """The page with what its commands print now."""

    def block(match: re.Match[str]) -> str:
        language, name, body = match.groups()
        if name:
            perform(File(name, body), folder)
        elif language == "console":
            shown = [f"{prompt(c)}{perform(c, folder)}" for c in commands(body)]
            return f"```console\n{''.join(shown)}```"
        return match[0]

    return BLOCK.sub(block, page)


def prompt(command: Command) -> str:
    """A command as a terminal shows it."""
    first, *rest = command.text.split("\n")
    return "".join(f"{mark}{line}\n" for mark, line in [("$ ", first), *(("> ", r) for r in rest)])


def main() -> None:
    for path in [Path(word) for word in sys.argv[1:]] or PAGES:
        with tempfile.TemporaryDirectory(prefix="tutorial-") as folder:
            page = rendered(path.read_text(encoding="utf-8"), Path(folder))
        path.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
