"""One technique, from its first act to the log, and to the campaign's end where it goes so far."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.errors import ExitCode
from harness.redteam.callers import Caller
from harness.redteam.playgrounds import Ground
from harness.redteam.techniques import Technique
from harness.redteam.told import Played, Said, Stage
from harness.redteam.workshop import Workshop

NOTE = {
    "surprise": "the result is another one than was guessed",
    "why": "the guess had no ground",
    "lesson": "the sum can be found with less work",
    "notes": "nothing else",
}
"""What the agent says after the result, whatever it is."""
_LOGS = ("*.md",)
LONGER, ABANDON = "20s", "--abandon"


def play(technique: Technique, ground: Ground, caller: Caller) -> Played:
    """Try the technique on a fresh project; raises NotHereError where it cannot be tried."""
    workshop = ground.fresh(caller, technique.acts.get(Stage.START))
    try:
        before = set(_log_lines(workshop.root))
        if Stage.START in technique.acts:
            before = set()
        for words, stage in _steps(technique, workshop):
            over = _ended_early(workshop) and not _is_undecided(workshop)
            if stage is not None and stage in technique.acts and not over:
                technique.acts[stage](workshop)
            if technique.finishes and _is_undecided(workshop):
                words = _gone_on(workshop, caller, words)
            if not _ended_early(workshop) or ABANDON in words:
                _say(workshop, caller, words)
        lines = [line for line in _log_lines(workshop.root) if line not in before]
        return Played(tuple(workshop.said), tuple(lines))
    finally:
        workshop.clean_up()


def _steps(
    technique: Technique, workshop: Workshop
) -> Iterator[tuple[tuple[str, ...], Stage | None]]:
    """Each command, and the stage that comes before it, if a technique may do something there."""
    note = workshop.outside / "note.json"
    note.write_text(json.dumps(NOTE), encoding="utf-8")
    yield ("test",), Stage.CHANGE
    yield ("bench",), Stage.TESTED
    yield ("log", "--file", str(note), "--then", "auto"), Stage.MEASURED
    if technique.finishes:
        yield ("status",), Stage.LOGGED
        yield ("campaign", "finish"), None
        yield ("verify",), None


def _gone_on(workshop: Workshop, caller: Caller, words: tuple[str, ...]) -> tuple[str, ...]:
    """What to say next where the look before decided nothing: look longer, else give it up.

    What a technique does later is to be tried whatever this machine is busy with.
    """
    _say(workshop, caller, ("bench", "--budget", LONGER))
    return (*words, ABANDON, "no verdict") if _is_undecided(workshop) else words


def _is_undecided(workshop: Workshop) -> bool:
    last = workshop.said[-1] if workshop.said else None
    return last is not None and last.command == "bench" and last.code == ExitCode.UNDECIDED


def _ended_early(workshop: Workshop) -> bool:
    """A test that fails, a refusal, or a look without a verdict: nothing of it is kept."""
    if not workshop.said:
        return False
    return ends_the_iteration(workshop.said[-1]) or _is_undecided(workshop)


def ends_the_iteration(said: Said) -> bool:
    """The command was not carried out, or its answer keeps the change from being kept."""
    answered = (ExitCode.FINE, ExitCode.ANSWER_IS_NO, ExitCode.UNDECIDED)
    return said.code not in answered or (said.command == "test" and said.code != ExitCode.FINE)


def _say(workshop: Workshop, caller: Caller, words: Sequence[str]) -> None:
    further = workshop.options.get(words[0], ()) + workshop.options.get("*", ())
    workshop.said.append(caller((*words, *further), workshop.root, workshop.environment))


def _log_lines(root: Path) -> list[str]:
    """Of all logs that are rendered for people."""
    lines: list[str] = []
    for pattern in _LOGS:
        for log in sorted((root / "optim").rglob(pattern)):
            lines += log.read_text(encoding="utf-8", errors="replace").splitlines()
    return lines
