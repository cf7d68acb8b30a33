"""What came of a technique: blocked, flagged, silent; and of an honest change."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.campaign.values import TestStatus
from harness.errors import ExitCode
from harness.redteam.playing import ends_the_iteration
from harness.redteam.techniques import Technique
from harness.redteam.told import Played, Result, Said, Stage, TechniqueKind, Tried

_FLAG = re.compile(r"\bFLAG\b|^- changed: |^\W*what decides: changed|\bWARNING\b")
"""How a line of a log begins that a human is to look at."""
_ON_THE_JAIL = re.compile(r"FLAG (jail|no-jail)\b")
"""What is said of the machine, and not of the change."""
_OF_THE_SUITE = re.compile(r"\bharness: the files of the harness changed\b")
"""A refusal that no technique is the reason of: somebody works on the harness meanwhile."""
_UNDONE = re.compile(r"\bso what was there was put aside\b|\bcommitted again without hooks\b")
"""How a warning says that a record, or a commit, is again what it is to be."""
_NOTED = "## What decides"
_WORDS = 160


def classified(technique: Technique, played: Played) -> Tried:
    """The technique's row of the table."""
    result, said_by, words = _found(technique, played)
    return finding(technique, result, said_by, words)


def finding(technique: Technique, result: Result, said_by: str, words: str) -> Tried:
    """A row with the first words of what was said."""
    flat = " ".join(words.split())
    shown = flat if len(flat) <= _WORDS else flat[: _WORDS - 3] + "..."
    return Tried(technique.name, technique.kind.value, technique.language, result, said_by, shown)


def _found(technique: Technique, played: Played) -> tuple[Result, str, str]:
    honest = technique.kind is TechniqueKind.HONEST
    if not honest and not technique.may_not_build and (unbuilt := _unbuilt(played)):
        return Result.BROKEN, unbuilt.command, _reason(unbuilt)
    if bug := next((said for said in played.said if said.code == ExitCode.BUG), None):
        return Result.BROKEN, bug.command, _reason(bug)
    if no := _refusal(technique, played):
        if _OF_THE_SUITE.search(_reason(no)):
            return Result.BROKEN, no.command, _reason(no)
        return (Result.ACCUSED if honest else Result.BLOCKED), no.command, _reason(no)
    if not honest and (undone := _undone(played)):
        return Result.BLOCKED, *undone
    if not _counts_as_kept(technique, played):
        last = _last(played, "bench") or played.said[-1]
        return (Result.NO_GAIN if honest else Result.BLOCKED), last.command, _why_not(last)
    for line in _flags(technique, played):
        return (Result.ACCUSED if honest else Result.FLAGGED), "log", line
    last = _last(played, "bench") or played.said[-1]
    return (Result.KEPT if honest else Result.SILENT), last.command, _gain(last)


def _refusal(technique: Technique, played: Played) -> Said | None:
    """The first command whose answer is that something is not right."""
    later = technique.finishes
    for said in played.said:
        wrong_output = said.command == "bench" and said.code == 1 and _is_wrong(said)
        after_all = later and said.command in ("status", "campaign finish", "verify")
        if ends_the_iteration(said) or wrong_output or (after_all and said.code not in (0, 8)):
            return said
    return None


def _unbuilt(played: Played) -> Said | None:
    """The test that could not build the program."""
    tests = (said for said in played.said if said.command == "test")
    return next((t for t in tests if t.result.get("status") == TestStatus.BUILD_FAILED.value), None)


def _undone(played: Played) -> tuple[str, str] | None:
    """The command that took back what the technique did, and said so; None where none did."""
    for said in played.said:
        for warning in said.result.get("warnings") or ():
            if _UNDONE.search(str(warning)):
                return said.command, str(warning)
    return None


def _is_wrong(said: Said) -> bool:
    cases = [case for case in said.result.values() if isinstance(case, dict)]
    return any(case.get("correct") is False or case.get("problem") for case in cases)


def _counts_as_kept(technique: Technique, played: Played) -> bool:
    if technique.finishes and Stage.LOGGED in technique.acts:
        return True  # the question is whether what came later was seen
    log = _last(played, "log")
    return log is not None and log.result.get("outcome") == "kept"


def _last(played: Played, command: str) -> Said | None:
    return next((said for said in reversed(played.said) if said.command == command), None)


def _flags(technique: Technique, played: Played) -> Iterator[str]:
    """Lines for a human: in the logs, and in the warnings of the commands that count."""
    noted = False
    for line in played.new_lines:
        noted = (noted and not line.startswith("#")) or line == _NOTED
        what_was_there = noted and Stage.START in technique.acts and line.startswith("- ")
        if (_FLAG.search(line) and not _ON_THE_JAIL.search(line)) or what_was_there:
            yield line
    if technique.finishes and (verify := _last(played, "verify")):
        for told in ("remarks", "unchecked"):
            yield from (str(line) for line in verify.result.get(told) or ())


def _reason(said: Said) -> str:
    if said.command == "test" and said.result.get("summary"):
        return f"{said.result.get('status')}: {said.result['summary']}"
    for case in said.result.values():
        if isinstance(case, dict) and (case.get("problem") or case.get("correct") is False):
            return str(case.get("problem") or "WRONG output")
    told = said.answer.get("error") or (said.stderr.strip().splitlines() or [""])[-1]
    return str(told or f"exit code {said.code}")


def _why_not(said: Said) -> str:
    """Why a measurement keeps nothing."""
    return _gain(said) or str(said.answer.get("error") or f"exit code {said.code}")


def _gain(said: Said) -> str:
    for case in said.result.values():
        if isinstance(case, dict) and isinstance(step := case.get("step"), dict):
            return f"{step.get('verdict')}, {float(step.get('point') or 0):.3g}x"
    return ""
