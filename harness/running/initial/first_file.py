"""The text of a first configuration; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harness.project.config_words import as_toml
from harness.running.initial.found_program import FoundProgram
from harness.running.initial.frameworks_seen import SUITE

_HEAD = """\
# Written by `harness init`: the programs that were found here, each tried once.
#
#   harness run                       time them
#   harness compare OLD NEW           which is faster, and how sure is that?
#   harness config schema             every key; docs/configuration.md explains them
"""
_SAID = {
    "args": '# args = ["1000"]                   # its arguments; "{n}" is filled in from a case',
    "inputs": '# inputs = ["data"]                 # what it opens: trials run in an empty folder',
}


def first_file(targets: Mapping[str, tuple[str, FoundProgram]], left_out: Mapping[str, str]) -> str:
    """The configuration of targets (name: task and program); those left out stand as comments.

    `left_out` says why, by target.
    """
    parts = [_HEAD]
    tasks = dict.fromkeys(task for task, _ in targets.values())
    for task in tasks:
        own = [name for name, (of, _) in targets.items() if of == task]
        kept = [name for name in own if name not in left_out]
        cases = "" if all(targets[name][1].adapter == SUITE for name in own) else ".cases.default"
        parts.append("\n".join(_task(f"tasks.{task}{cases}", kept)))
        for name in own:
            lines = list(_target(name, *targets[name]))
            if name in left_out:
                why = " ".join(left_out[name].split())
                lines = [f"# Left out: {why}", *(_commented(line) for line in lines)]
            parts.append("\n".join(lines))
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def _task(table: str, kept: list[str]) -> Iterator[str]:
    if not kept:
        yield f"# [{table}]"
        return
    if len(kept) > 1:
        yield f"# {', '.join(kept)}: of one name, and they print the same, so they are one task."
    yield f"[{table}]"


def _target(name: str, task: str, program: FoundProgram) -> Iterator[str]:
    yield f"# {program.reason}"
    yield f"[targets.{name}]"
    yield f"task = {as_toml(task)}"
    yield from program.lines
    if program.adapter != SUITE:
        yield from (line for key, line in _SAID.items() if key not in program.options)


def _commented(line: str) -> str:
    return line if line.startswith("#") else f"# {line}"
