"""The ranks of a trial that is launched in several: the wrapper before each, and its reports.

`harness/system/launcher/rank.c` is the wrapper, and says what is in a report. What lies there is
not trusted: the target may write there as well.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TypeVar

from harness.model import Command, Phase, RankReport, Trial
from harness.system.process.execution import Execution, read_phases, signal_name
from harness.system.process.trees import open_ordinary
from harness.system.process.trial_folder import Places

MOST_RANKS = 65_536
_MOST_REPORT_BYTES = 4096
_MOST_NUMBER = 2**62
_MOST_NAMED = 3
"""Ranks that the message of a failed trial names."""
_PHASES = ".phases"
_Read = TypeVar("_Read")


def ranks_folder(places: Places) -> Path:
    """Where ranks leave their reports; made by the first of them."""
    return places.root / "ranks"


def launched(execution: Execution, wrapper: str, *, phases: bool) -> Execution:
    """The execution with a wrapper between the words of the target's `launch` and the program."""
    command, target = execution.command, execution.command.target
    at = len(target.launch) if target else 0
    folder = str(ranks_folder(execution.inside))
    between = (wrapper, "--rank", "phases" if phases else "-", folder)
    argv = (*command.argv[:at], *between, *command.argv[at:])
    return replace(execution, command=replace(command, argv=argv))


def reads_wrapper(command: Command, wrapper: str) -> Command:
    """The command as one that reads the wrapper, which a jail is to show; as it is where it is not
    launched in ranks, or there is no wrapper."""
    if command.target is None or not command.target.launch or not wrapper:
        return command
    return replace(command, reads=(*command.reads, Path(wrapper)))


def with_ranks(trial: Trial, places: Places) -> Trial:
    """The trial with what its ranks reported; as it is where none did."""
    ranks = read_ranks(ranks_folder(places))
    if not ranks:
        return trial
    message = trial.message
    if not trial.ok:
        message = "\n".join([message, *(f"  {words}" for words in _how_ended(ranks))])
    return replace(
        trial,
        ranks=ranks,
        message=message,
        phases=_summed([trial.phases, *(rank.phases for rank in ranks)]),
        user_ns=max(trial.user_ns, _sum(rank.user_ns for rank in ranks)),
        sys_ns=max(trial.sys_ns, _sum(rank.sys_ns for rank in ranks)),
        max_rss_bytes=max(trial.max_rss_bytes, *(rank.max_rss_bytes or 0 for rank in ranks)),
    )


def read_ranks(folder: Path) -> tuple[RankReport, ...]:
    """The ranks by number, those without one by name; with those that are missing by the others'
    word on how many there are."""
    try:
        names = sorted(path.name for path in islice(folder.iterdir(), 2 * MOST_RANKS))
    except OSError:
        return ()
    reports = [name for name in names if not name.endswith(_PHASES)]
    found, size = [], 0
    for name in reports:
        said = _read_report(folder / name)
        if said is not None:
            size = max(size, _number(said, "size") or 0)
            found.append(_rank(said, folder / f"{name}{_PHASES}"))
    numbers = {rank.rank for rank in found}
    # Where no rank has a number, the number of ranks says nothing of which are missing.
    missing = set(range(min(size, MOST_RANKS))) - numbers if numbers - {None} else ()
    found += [RankReport(number) for number in missing]
    return tuple(sorted(found, key=lambda rank: (rank.rank is None, rank.rank or 0)))


def _read_report(path: Path) -> Mapping[str, str] | None:
    content = _read_with(lambda handle: os.read(handle, _MOST_REPORT_BYTES), path)
    if content is None:
        return None
    lines = (line.partition(" ") for line in content.decode("utf-8", "replace").splitlines())
    return {name: value for name, _, value in lines if value}


def _read_with(read: Callable[[int], _Read], path: Path) -> _Read | None:
    """What a function reads of an ordinary file; None where there is none."""
    try:
        handle = open_ordinary(path)
    except OSError:
        return None
    try:
        return read(handle)
    finally:
        os.close(handle)


def _rank(said: Mapping[str, str], phases: Path) -> RankReport:
    return RankReport(
        rank=_number(said, "rank", 2**31 - 1),
        host=said.get("host"),
        cpus=said.get("cpus"),
        wall_ns=_number(said, "wall_ns"),
        user_ns=_number(said, "user_ns"),
        sys_ns=_number(said, "sys_ns"),
        max_rss_bytes=_number(said, "max_rss_bytes"),
        exit_code=_number(said, "exit_code", 255),
        signal=_number(said, "signal", 255),
        phases=_read_with(read_phases, phases) or (),
    )


def _number(said: Mapping[str, str], name: str, most: int = _MOST_NUMBER) -> int | None:
    word = said.get(name, "")
    known = word.isascii() and word.isdecimal() and len(word) < 20
    return int(word) if known and int(word) <= most else None


def _summed(parts: Iterable[Sequence[Phase]]) -> tuple[Phase, ...]:
    """Phases of several processes by path, in the order of their first appearance."""
    sums: dict[str, Phase] = {}
    for phase in (phase for part in parts for phase in part):
        before = sums.get(phase.path, Phase(phase.path, 0, 0))
        sums[phase.path] = Phase(
            phase.path, before.calls + phase.calls, before.total_ns + phase.total_ns
        )
    return tuple(sums.values())


def _sum(values: Iterable[int | None]) -> int:
    return sum(value for value in values if value is not None)


def _how_ended(ranks: Sequence[RankReport]) -> list[str]:
    """What happened to the ranks that did not end well, those that ended first before the others:
    a launcher ends those that are left."""
    bad = [rank for rank in ranks if rank.exit_code != 0]
    bad.sort(key=lambda rank: rank.wall_ns if rank.wall_ns is not None else _MOST_NUMBER)
    said = [_end_of(rank) for rank in bad[:_MOST_NAMED]]
    if len(bad) > _MOST_NAMED:
        said.append(f"and {len(bad) - _MOST_NAMED} ranks more did not end well")
    return said


def _end_of(rank: RankReport) -> str:
    who = "a rank" if rank.rank is None else f"rank {rank.rank}"
    where = f" on {rank.host}" if rank.host else ""
    if rank.signal is not None:
        return f"{who}{where} was killed by {signal_name(rank.signal)}"
    if rank.exit_code is not None:
        return f"{who}{where} ended with exit code {rank.exit_code}"
    if rank.host is None:
        return f"{who} did not begin, or could not report itself"
    return f"{who}{where} did not report its end: it was killed together with its wrapper"
