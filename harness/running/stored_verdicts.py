"""What was measured before of two targets, judged again and together, as one value."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from harness.analysis import Question, StoredComparison
from harness.errors import ExitCode, UsageError
from harness.frozen import dataclass
from harness.model import Comparison, Mode, Verdict
from harness.model.jsonable import jsonable
from harness.render.explaining import by_every_metric, evidence, explain, what_would_do
from harness.render.guard_rows import broken_words, open_guard_words
from harness.render.tables import as_html, layout, verdict_word
from harness.render.units import show_speed_up
from harness.running.many import hints_of, worst_of
from harness.running.pooling import Pooled, pool

HEADERS = ["", "case", "mode", "builds", "given", "blocks", "verdict", "speed-up", "by"]


@dataclass(frozen=True, slots=True, repr=False)
class StoredVerdicts:
    """A verdict for each machine, case, mode and pair of builds of which blocks are stored.

    Where builds or what they are given have changed, older settings are shown and decide nothing.
    """

    pooled: Pooled

    @property
    def findings(self) -> tuple[StoredComparison, ...]:
        """What the blocks of each setting say together."""
        return self.pooled.findings

    @property
    def current(self) -> tuple[StoredComparison, ...]:
        """For each machine, case and mode the one whose builds ran last; these decide."""
        latest: dict[object, StoredComparison] = {}
        for finding in sorted(self.findings, key=lambda finding: finding.runs[-1]):
            s = finding.setting
            latest[s.machine, s.task, s.case, s.mode] = finding
        return tuple(latest.values())

    @property
    def undecided(self) -> Comparison | None:
        """The first of the current ones that has no verdict; None where all have one."""
        each = (finding.comparison for finding in self.current)
        return next((c for c in each if c.verdict is Verdict.UNDECIDED), None)

    @property
    def failures(self) -> tuple[str, ...]:
        """What went wrong with trials of the current ones, in words."""
        return tuple(failure for finding in self.current for failure in finding.failures)

    @property
    def damaged(self) -> tuple[str, ...]:
        """The runs that could not be read, in words."""
        return self.pooled.damaged

    @property
    def exit_code(self) -> ExitCode:
        """What `harness compare --stored` answers its shell: that of the worst.

        6 where a run is damaged, 2 where a newer harness made one, 1 where an output was wrong or
        one is slower or mixed, 5 where trials failed, 8 where one is undecided.
        """
        if self.damaged:
            return worst_of(self.pooled.unreadable)
        # A wrong output comes before all times: how fast a wrong answer comes is no answer.
        if any(finding.wrong for finding in self.current):
            return ExitCode.ANSWER_IS_NO
        if self.failures:
            return ExitCode.TRIAL
        bad = (Verdict.SLOWER, Verdict.MIXED)
        if any(f.comparison.verdict in bad or f.comparison.broken for f in self.current):
            return ExitCode.ANSWER_IS_NO
        return ExitCode.FINE if self.undecided is None else ExitCode.UNDECIDED

    @property
    def ok(self) -> bool:
        """Is the candidate surely not slower anywhere, and nothing went wrong?"""
        return self.exit_code is ExitCode.FINE

    @property
    def problem(self) -> tuple[str, str] | None:
        """Why the verdicts are no good answer, and what to do about it; None where they are one."""
        if self.damaged:
            return "; ".join(self.damaged), hints_of(self.pooled.unreadable)
        if self.failures:
            wrong = any(finding.wrong for finding in self.current)
            return "; ".join(self.failures), _WRONG if wrong else _FAILED
        said = [
            words
            for f in self.current
            for words in (broken_words(f.comparison), open_guard_words(f.comparison))
            if words
        ]
        if said:
            broken = any(f.comparison.broken for f in self.current)
            return "; ".join(said), _BROKEN if broken else _OPEN
        if self.undecided is None or self.exit_code is not ExitCode.UNDECIDED:
            return None
        by_runs = any(f.runs_differ for f in self.current if f.comparison is self.undecided)
        return _TOO_FEW, _MORE_RUNS if by_runs else what_would_do(self.undecided)

    def table(self, style: str = "plain") -> str:
        """One row per setting, in a style of `--format` or as `html`."""
        current = self.current
        rows = [_row(n, f, f in current) for n, f in enumerate(self.findings, 1)]
        return layout(HEADERS, rows, style)

    def to_dict(self) -> dict[str, Any]:
        """The `result` of `harness compare --stored --json`."""
        current = self.current
        found = [
            {
                **jsonable(finding),
                "host": jsonable(self.pooled.hosts[finding.setting.machine]),
                "older": finding not in current,
            }
            for finding in self.findings
        ]
        return {"findings": found, "damaged": list(self.damaged)}

    def __str__(self) -> str:
        return "\n".join(self._lines())

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return as_html(self._title(), self.table("html"))

    def _title(self) -> str:
        first = self.findings[0].comparison
        return f"{first.candidate} against {first.reference}, from stored blocks"

    def _lines(self) -> Iterator[str]:
        """One verdict in full; several as a table, with what each of them rests on."""
        if len(self.findings) == 1:
            yield explain(self.findings[0].comparison)
            yield from _origin(self.pooled, self.findings[0])
            return
        yield self._title()
        yield ""
        yield self.table()
        for number, finding in enumerate(self.findings, 1):
            yield ""
            c = finding.comparison
            for line in (by_every_metric(c), *evidence(c), *_origin(self.pooled, finding)):
                yield f"{number}: {line}"


_WRONG = "What is fast and wrong is no candidate."
_FAILED = "Trials that failed are in no block; find out why before you believe the others."
_BROKEN = "What breaks a guard is no gain."
_OPEN = "A guard that is open is not known to be kept: more runs tell."
_MORE_RUNS = (
    "The runs differ by more than their blocks explain: more runs tell, at other times or after a"
    " restart of the machine; more blocks of one run do not."
)
_TOO_FEW = "undecided: the stored blocks do not suffice for a verdict"


@dataclass(frozen=True, slots=True)
class StoredQuery:
    """Which of the stored blocks are asked for, and what decides; None: all."""

    question: Question
    case: str | None = None
    mode: Mode | None = None

    def fits(self, finding: StoredComparison) -> bool:
        """Is it of the case and the mode that are asked for?"""
        s = finding.setting
        return self.case in (None, s.case) and self.mode in (None, s.mode)


def judge_stored(
    results: Path, reference: str, candidate: str, wanted: StoredQuery
) -> StoredVerdicts:
    """Judge every stored block in which both took part, by their names in the store.

    Raises DataUnreadable or UsageError where nothing is stored of both.
    """
    pooled = pool(results, reference, candidate, wanted.question)
    pooled = replace(pooled, findings=tuple(f for f in pooled.findings if wanted.fits(f)))
    if not pooled.findings:
        _refuse(pooled, (reference, candidate))
    return StoredVerdicts(pooled)


def _refuse(pooled: Pooled, names: Sequence[str]) -> NoReturn:
    if pooled.unreadable:
        worst = max(pooled.unreadable, key=lambda problem: problem.exit_code)
        raise type(worst)(
            f"nothing that can be read has blocks of both: {'; '.join(pooled.damaged)}",
            hint=hints_of(pooled.unreadable),
        )
    for name in names:
        if name not in pooled.targets:
            raise UsageError(
                f"no stored trial of {name} in {pooled.results}; the targets that have any:"
                f" {', '.join(pooled.targets) or 'none'}",
                hint="`harness history` lists what is stored.",
            )
    if pooled.imported:
        raise UsageError(
            f"{' and '.join(names)}: runs of another tool have them"
            f" ({', '.join(pooled.imported)}); their trials were not interleaved, or nobody knows"
            " of which builds they are, and no verdict over runs rests on such",
            hint=f"`{shlex.join(['harness', 'compare', *names])}` runs them together, where both"
            " are programs or targets here.",
        )
    raise UsageError(
        f"no stored block in which both {' and '.join(names)} ran",
        hint=f"`{shlex.join(['harness', 'compare', *names])}` runs them together.",
    )


def _row(number: int, finding: StoredComparison, is_current: bool) -> list[str]:
    setting, c = finding.setting, finding.comparison
    return [
        str(number),
        setting.case,
        setting.mode.value,
        "/".join(digest[:8] for digest in setting.builds),
        "/".join(digest[:8] for digest in setting.given),
        str(c.blocks),
        verdict_word(c) + ("" if is_current else " (older)"),
        show_speed_up(c.ratio, by=c.metric),
        c.metric.value,
    ]


def _origin(pooled: Pooled, finding: StoredComparison) -> Iterator[str]:
    """The machine and the runs."""
    machine = finding.setting.machine
    host = pooled.hosts[machine]
    words = _in_words(host) if host else machine.host_id
    pinned = f", on CPU {', '.join(map(str, machine.cpus))}" if machine.cpus else ""
    yield f"machine: {machine.hostname or 'unnamed'}, {words}{pinned}"
    runs = finding.runs
    between = f" ... {runs[-1]}" if len(runs) > 1 else ""
    yield f"runs: {runs[0]}{between} ({len(runs)})"
    builds = " against ".join(digest[:8] for digest in finding.setting.builds)
    yield f"builds: {builds}, as they were when they ran"
    yield from finding.failures


def _in_words(host: Mapping[str, Any]) -> str:
    """One line on a machine as a run describes it."""
    virtual = f", virtualised ({host['virtualised']})" if host.get("virtualised") else ""
    return f"{host['cpu']}, {host['cores']} cores, kernel {host['kernel']}{virtual}"
