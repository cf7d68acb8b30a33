"""`harness compare --stored`: what was measured before, judged again and together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NoReturn

from harness.analysis import StoredComparison
from harness.cli.shared.base import Answer
from harness.cli.shared.measuring import host_summary
from harness.errors import DataDamaged, ExitCode, UsageError
from harness.model import Metric, Verdict
from harness.model.jsonable import jsonable
from harness.render.explaining import (
    by_every_metric,
    evidence,
    explain,
    next_steps,
    what_would_do,
)
from harness.render.tables import layout
from harness.render.units import show_speed_up
from harness.running.pooling import Pooled
from harness.system.store.files import DAMAGED_HINT

HEADERS = ["", "case", "mode", "builds", "given", "blocks", "verdict", "speed-up", "by"]


def stored_answer(pooled: Pooled, names: tuple[str, str], again: str) -> Answer:
    """A verdict for each setting; `again` is the command that measures.

    Where builds or what they are given have changed, older settings are shown and decide nothing.
    The exit code is that of the worst of the others: 6 where a run could not be read, 1 where an
    output was wrong or one is slower, 5 where trials failed, 8 where one is undecided. Raises
    DataDamaged or UsageError where nothing is stored of both.
    """
    if not pooled.findings:
        _refuse(pooled, names, again)
    current = _current(pooled.findings)
    findings = [
        {
            **jsonable(finding),
            "host": jsonable(pooled.hosts[finding.setting.machine]),
            "older": finding not in current,
        }
        for finding in pooled.findings
    ]
    answer = Answer(
        result={"findings": findings, "damaged": list(pooled.damaged)},
        text="\n".join(_lines(pooled, current)),
    )
    if pooled.damaged:
        message = "; ".join(pooled.damaged)
        return replace(answer, exit_code=ExitCode.DAMAGED, error=message, hint=DAMAGED_HINT)
    return _judged(answer, current, again)


def _current(findings: Sequence[StoredComparison]) -> list[StoredComparison]:
    """Pick for each machine, case and mode the comparison whose builds ran last."""
    latest: dict[object, StoredComparison] = {}
    for finding in sorted(findings, key=lambda finding: finding.runs[-1]):
        s = finding.setting
        latest[s.machine, s.task, s.case, s.mode] = finding
    return list(latest.values())


def _judged(answer: Answer, findings: Sequence[StoredComparison], again: str) -> Answer:
    """The answer with the exit code of the worst, what is wrong, and what to do about it."""
    failures = "; ".join(failure for finding in findings for failure in finding.failures)
    if any(finding.wrong for finding in findings):
        hint = "What is fast and wrong is no candidate."
        return replace(answer, exit_code=ExitCode.ANSWER_IS_NO, error=failures, hint=hint)
    if failures:
        hint = "Trials that failed are in no block; find out why before you believe the others."
        return replace(answer, exit_code=ExitCode.TRIAL, error=failures, hint=hint)
    comparisons = [finding.comparison for finding in findings]
    if any(c.verdict is Verdict.SLOWER for c in comparisons):
        return replace(answer, exit_code=ExitCode.ANSWER_IS_NO)
    undecided = next((c for c in comparisons if c.verdict is Verdict.UNDECIDED), None)
    if undecided is None:
        return answer
    return replace(
        answer,
        exit_code=ExitCode.UNDECIDED,
        error="undecided: the stored blocks do not suffice for a verdict",
        hint=what_would_do(undecided),
        next_actions=next_steps(undecided, again) or (again,),
    )


def _refuse(pooled: Pooled, names: tuple[str, str], again: str) -> NoReturn:
    if pooled.damaged:
        raise DataDamaged(
            f"nothing that can be read has blocks of both: {'; '.join(pooled.damaged)}",
            hint=DAMAGED_HINT,
        )
    for name in names:
        if name not in pooled.targets:
            raise UsageError(
                f"no stored trial of {name} in {pooled.results}; the targets that have any:"
                f" {', '.join(pooled.targets) or 'none'}",
                hint="`harness history` lists what is stored.",
            )
    raise UsageError(f"no stored block in which both {' and '.join(names)} ran", hint=again)


def _lines(pooled: Pooled, current: Sequence[StoredComparison]) -> Iterator[str]:
    """One verdict in full; several as a table, with what each of them rests on."""
    findings = pooled.findings
    first = findings[0].comparison
    if len(findings) == 1:
        yield explain(first)
        yield from _origin(pooled, findings[0])
        return
    yield f"{first.candidate} against {first.reference}, from stored blocks"
    yield ""
    yield layout(HEADERS, [_row(n, f, f in current) for n, f in enumerate(findings, 1)])
    for number, finding in enumerate(findings, 1):
        yield ""
        c = finding.comparison
        for line in (by_every_metric(c), *evidence(c), *_origin(pooled, finding)):
            yield f"{number}: {line}"


def _row(number: int, finding: StoredComparison, is_current: bool) -> list[str]:
    setting, c = finding.setting, finding.comparison
    return [
        str(number),
        setting.case,
        setting.mode.value,
        "/".join(digest[:8] for digest in setting.builds),
        "/".join(digest[:8] for digest in setting.given),
        str(c.blocks),
        c.verdict.value + ("" if is_current else " (older)"),
        show_speed_up(c.ratio, memory=c.metric is Metric.MEMORY),
        c.metric.value,
    ]


def _origin(pooled: Pooled, finding: StoredComparison) -> Iterator[str]:
    """The machine and the runs."""
    machine = finding.setting.machine
    host = pooled.hosts[machine]
    words = host_summary(host) if host else machine.host_id
    pinned = f", on CPU {', '.join(map(str, machine.cpus))}" if machine.cpus else ""
    yield f"machine: {machine.hostname or 'unnamed'}, {words}{pinned}"
    runs = finding.runs
    between = f" ... {runs[-1]}" if len(runs) > 1 else ""
    yield f"runs: {runs[0]}{between} ({len(runs)})"
    builds = " against ".join(digest[:8] for digest in finding.setting.builds)
    yield f"builds: {builds}, as they were when they ran"
    yield from finding.failures
