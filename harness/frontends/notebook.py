"""The magics of notebooks: `%%harness NAME` keeps a cell as a program, `%harness compare` compares.

%load_ext harness

%%harness --setup
data = list(range(1000))

%%harness loop
total = 0
for i in data: total += i

%%harness builtin
total = sum(data)

%harness compare loop builtin --budget 20s
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import harness
from harness.errors import HarnessError, UsageError
from harness.frontends.scripts import config_of_scripts
from harness.frozen import dataclass
from harness.model.suggesting import did_you_mean
from harness.running.listening import Progress, StepBegun

_SCRIPT = """\
# Written by the harness: the cell {name}, below what all cells share.
{setup}

_cell = compile({code!r}, {name!r}, "exec")

if __name__ == "__main__":
    exec(_cell, globals())
"""
_USAGE = "%harness compare NAME NAME... [--budget 20s] [--mode cold|steady] [--metric wall|cpu]"
_OPTIONS = ("budget", "mode", "metric", "threshold", "trials")


@dataclass(slots=True)
class Cells:
    """The cells that a notebook has kept, and what they share."""

    setup: str = ""
    code: dict[str, str] = field(default_factory=dict)

    def keep(self, line: str, cell: str) -> None:
        """`%%harness NAME`: keep the cell as a program of its own; `--setup`: what all share."""
        words = shlex.split(line)
        if words == ["--setup"]:
            compile(cell, "setup", "exec")
            self.setup = cell
            return
        if len(words) != 1 or not words[0].isidentifier():
            raise UsageError(f"%%harness {line}: want one name, or --setup, above a cell of code")
        compile(cell, words[0], "exec")  # a SyntaxError now, with its line in the cell
        self.code[words[0]] = cell

    def answer(self, line: str) -> Any:
        """`%harness compare A B`: each in fresh interpreters, interleaved; shown as a table."""
        words = shlex.split(line)
        if len(words) < 3 or words[0] != "compare":
            raise UsageError(f"%harness {line}: want {_USAGE}")
        names, options = _read(words[1:])
        for name in names:
            if name not in self.code:
                known = ", ".join(self.code) or "none"
                raise UsageError(
                    f"no cell is kept as {name!r}; there are: {known}",
                    hint=did_you_mean(name, self.code),
                )
        options.setdefault("mode", "steady")
        with TemporaryDirectory(prefix="harness-cells-") as folder:
            config = config_of_scripts("cells", self._scripts(names), Path(folder))
            results = Path.cwd() / ".harness/results"
            with _telling() as told:
                return harness.compare(
                    *names, config=config, results=results, progress=told, **options
                )

    def _scripts(self, names: Sequence[str]) -> dict[str, str]:
        return {
            name: _SCRIPT.format(name=name, setup=self.setup, code=self.code[name])
            for name in names
        }


@contextmanager
def _telling() -> Iterator[Progress]:
    """Shows in the cell what goes on, in one line that changes and is empty at the end.

    So a saved notebook has none of it, and what the cell printed itself stays.
    """
    from IPython.display import display

    shown = display(_line("starting"), display_id=True, raw=True)  # type: ignore[no-untyped-call]

    def told(event: object) -> None:
        if isinstance(event, StepBegun) and shown is not None:
            shown.update(_line(event.what), raw=True)

    try:
        yield told
    finally:
        if shown is not None:
            shown.update({"text/plain": ""}, raw=True)


def _line(what: str) -> dict[str, str]:
    return {"text/plain": f"harness: {what}"}


def _read(words: Sequence[str]) -> tuple[list[str], dict[str, Any]]:
    """The names, and the options that follow them as `--name value` or `--name=value`."""
    names: list[str] = []
    options: dict[str, Any] = {}
    rest = iter(words)
    for word in rest:
        if not word.startswith("--"):
            names.append(word)
            continue
        name, _, value = word.removeprefix("--").partition("=")
        if name not in _OPTIONS:
            near = did_you_mean(name, _OPTIONS)
            raise UsageError(f"no option --{name}; there are: {', '.join(_OPTIONS)}", hint=near)
        value = value or next(rest, "")
        options[name] = int(value) if name == "trials" and value.isdigit() else value
    return names, options


def register_magics(shell: Any) -> None:
    """Register the magics `%harness` and `%%harness` with an InteractiveShell."""
    cells = Cells()

    def line_magic(line: str) -> Any:
        return _shown(lambda: cells.answer(line))

    def cell_magic(line: str, cell: str) -> Any:
        return _shown(lambda: cells.keep(line, cell))

    shell.register_magic_function(line_magic, "line", "harness")
    shell.register_magic_function(cell_magic, "cell", "harness")


def _shown(answer: Callable[[], Any]) -> Any:
    """What is answered; a mistake in words, without a traceback, as an error of the cell."""
    from IPython.core.error import UsageError as WrongUse

    try:
        return answer()
    except HarnessError as problem:
        hint = f" {problem.hint}" if problem.hint else ""
        raise WrongUse(f"{problem}{hint}") from None
