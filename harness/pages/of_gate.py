"""What a gate found, as people and services read it: text, a summary that folds, JUnit, a page."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Sequence
from itertools import chain
from xml.etree import ElementTree

from harness.errors import ExitCode
from harness.model.failure_lines import telling_lines
from harness.pages.of_run import run_document
from harness.render.documents import Chapter, Document, Grid, Part, Points, Verbatim, Words
from harness.render.markdown_pages import as_it_is, fenced
from harness.render.tables import layout
from harness.running.gate_results import CiResult, GateRow, GateStatus
from harness.system.store.run_file import read_run

MOST_LINES = 40
"""A summary has at most as many lines, however many targets there are."""
_MOST_SENTENCES = 6
_MOST_REASON = 200
_MOST_SAID = 12
"""A summary has at most as many lines of what compilers and programs said."""
_SAID_OF_ONE = 8
_SAID_ON_PAGE = 40
_TRACE = ("Traceback", "Stacktrace")
"""What begins a stack trace, of Python and of Julia."""

HEADS = ("target", "verdict", "speed-up", "base", "head")

_QUIET = (GateStatus.SAME_PROGRAM, GateStatus.UNTOUCHED)
_SAID = tuple(list(GateStatus)[: list(GateStatus).index(GateStatus.NOT_SLOWER)])
"""What is said in a sentence of its own; the rest is in the table."""


def gate_text(found: CiResult) -> str:
    """For a terminal: the answer, the table, what is to be said, and where the run is."""
    shown = [row for row in found.rows if row.status not in _QUIET]
    parts = [found.headline]
    if shown:
        parts += ["", layout(HEADS, [_cells(row) for row in shown])]
    said = [
        row.sentence() for row in found.rows if (row.why or row.slowed) and row.status not in _QUIET
    ]
    parts += [""] * bool(said) + said + _left_out(found, named=True)
    parts += ["", *found.notes]
    if found.folder is not None:
        parts.append(str(found.folder))
    return "\n".join(parts)


def gate_markdown(found: CiResult) -> str:
    """A summary of at most 40 lines, worst first, whose table folds; for a job or a comment."""
    head = f"### {found.mark} harness ci: {as_it_is(found.headline)}"
    bad = [row for row in found.rows if row.status in _SAID]
    lines = [head, ""]
    room = _MOST_SAID
    for row in bad[:_MOST_SENTENCES]:
        lines.append(f"- {as_it_is(_short(row.sentence()))}")
        told = _told(row, min(room, _SAID_OF_ONE))
        if told and room >= len(told):
            lines += textwrap.indent(fenced("\n".join(told), "text"), "  ").splitlines()
            room -= len(told)
    if len(bad) > _MOST_SENTENCES:
        lines.append(f"- and {len(bad) - _MOST_SENTENCES} more, below")
    lines += [f"- {as_it_is(words)}" for words in _left_out(found, named=False)]
    lines += [""] * bool(len(lines) > 2)
    lines += [as_it_is(" ".join(found.notes)), ""]
    shown = [row for row in found.rows if row.status not in _QUIET]
    if shown:
        room = max(1, MOST_LINES - len(lines) - 7)
        rows = [" | ".join(as_it_is(cell) for cell in _cells(row)) for row in shown[:room]]
        what = f"All {len(shown)} that were" if len(shown) > 1 else "What was"
        lines += [f"<details><summary>{what} built anew</summary>", ""]
        lines += [f"| {' | '.join(HEADS)} |", f"|{' --- |' * len(HEADS)}"]
        lines += [f"| {row} |" for row in rows]
        more = len(shown) - len(rows)
        lines += [f"| and {more} more |" + " |" * (len(HEADS) - 1)] * bool(more > 0)
        lines += ["", "</details>"]
    return "\n".join(lines)


def gate_annotations(found: CiResult) -> str:
    """A line for GitHub of each target that fails the gate or is undecided: it shows them.

    Where the slowed function is known it stands at its file and line.
    """
    lines = []
    for row in found.rows:
        if row.exit_code is not ExitCode.FINE or row.status is GateStatus.UNDECIDED:
            kind = "warning" if row.exit_code is ExitCode.FINE else "error"
            said = _escaped(row.sentence())
            lines.append(f"::{kind} {_place(row)}title=harness ci::{said}")
    return "\n".join(lines)


def _place(row: GateRow) -> str:
    """The file and line of an annotation, where the slowed function is known."""
    if row.slowed is None:
        return ""
    file = _escaped(row.slowed.file).replace(":", "%3A").replace(",", "%2C")
    return f"file={file}," + (f"line={row.slowed.line}," if row.slowed.line else "")


def _escaped(text: str) -> str:
    """As GitHub's workflow commands want it."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def gate_junit(found: CiResult) -> str:
    """JUnit's XML: a test case per target; a regression is a failure, a broken head an error."""
    count = Counter(_kind(row) for row in found.rows)
    names = {"failures": "failure", "errors": "error", "skipped": "skipped"}
    numbers = {name: str(count[kind]) for name, kind in names.items()}
    about = {"name": "harness ci", "tests": str(len(found.rows)), **numbers}
    suite = ElementTree.Element("testsuite", about)
    for row in found.rows:
        case = ElementTree.SubElement(suite, "testcase", classname=row.task, name=row.name)
        said = _printable(row.sentence())
        if kind := _kind(row):
            ElementTree.SubElement(case, kind, message=_printable(_short(said))).text = said
        else:
            ElementTree.SubElement(case, "system-out").text = said
    ElementTree.indent(suite)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True)


def _kind(row: GateRow) -> str:
    if row.exit_code is ExitCode.ANSWER_IS_NO:
        return "failure"
    if row.exit_code is not ExitCode.FINE:
        return "error"
    return "skipped" if row.status in _QUIET else ""


def _printable(text: str) -> str:
    """Without the control characters that XML knows no way to write."""
    return "".join(letter if letter.isprintable() or letter in "\n\t" else "?" for letter in text)


def gate_document(found: CiResult) -> Document:
    """A page of the gate: its answer and its table, then the whole page of the run, if one was."""
    rows = [[*_cells(row), _short(row.why)] for row in found.rows]
    table = Grid.of("Every target, the worst first", (*HEADS, "why"), rows)
    chapters: tuple[Chapter, ...] = (
        Chapter("Head against its base", (table, Points(tuple(found.notes)))),
    )
    reasons = tuple(chain.from_iterable(map(_reason, found.rows)))
    chapters += (Chapter("What was said of those that fail", reasons),)
    subtitle = f"{found.head[:12]} against {found.base.short} ({found.base.name})"
    said = [_short(row.sentence()) for row in found.rows if row.status in _SAID]
    said = said[:_MOST_SENTENCES]
    summary = (found.headline[:1].upper() + found.headline[1:] + ".", *said)
    if found.folder is not None and not found.interrupted:
        chapters += run_document(read_run(found.folder)).sections
    return Document(f"Gate: {found.headline}", subtitle, summary, chapters)


def _cells(row: GateRow) -> list[str]:
    return [row.name, row.verdict, row.speed_up, row.time_of("base"), row.time_of("head")]


def _told(row: GateRow, most: int) -> list[str]:
    """What a compiler or a program said of a row, below its sentence: the lines that tell why.

    Those from the first error on; of what has a stack trace, whose reason may stand below it, those
    that tell most (see `telling_lines`).
    """
    lines = textwrap.dedent(row.why.strip().partition("\n")[2]).splitlines()
    if len(lines) <= most:
        return lines
    if any(line.startswith(_TRACE) for line in lines):
        return telling_lines("\n".join(lines), most - 2) if most > 2 else []
    first = next((i for i, line in enumerate(lines) if "error" in line.lower()), 0)
    return lines[first : first + most]


def _reason(row: GateRow) -> tuple[Part, ...]:
    told = _told(row, _SAID_ON_PAGE)
    return (Words(_short(row.sentence())), Verbatim(tuple(told))) if told else ()


def _left_out(found: CiResult, *, named: bool) -> list[str]:
    """How many were not measured, and why not."""
    said = []
    for status in _QUIET:
        rows = found.with_(status)
        if rows:
            who = _names(rows) if named or len(rows) <= 3 else f"{len(rows)} targets"
            said.append(f"{who}: {rows[0].why}")
    return said


def _names(rows: Sequence[GateRow]) -> str:
    names = ", ".join(row.name for row in rows[:8])
    return names + (f" and {len(rows) - 8} more" if len(rows) > 8 else "")


def _short(text: str) -> str:
    """The first line, or as much of it as a list has room for."""
    line = text.strip().partition("\n")[0]
    return line if len(line) <= _MOST_REASON else line[: _MOST_REASON - 3] + "..."
