"""`harness compare --stored`: what was measured before, judged again and together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NoReturn

from harness.cli.base import Answer
from harness.cli.explaining import (
    by_every_metric,
    evidence,
    explain,
    next_steps,
    show_speed_up,
    what_would_do,
)
from harness.cli.session import host_summary
from harness.errors import DataDamaged, ExitCode, UsageError
from harness.model import Verdict
from harness.pooling import Pooled
from harness.render.jsonable import jsonable
from harness.render.tables import layout
from harness.summary import Finding

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
    code, error, hint = _worst(pooled)
    steps = [again] * (code is ExitCode.UNDECIDED)
    for finding in _current(pooled):
        if code is ExitCode.UNDECIDED and finding.comparison.verdict is Verdict.UNDECIDED:
            hint = what_would_do(finding.comparison)
            steps = [*next_steps(finding.comparison, again)] or steps
            break
    findings = [
        {
            **jsonable(finding),
            "host": jsonable(pooled.hosts[finding.setting.machine]),
            "older": finding not in _current(pooled),
        }
        for finding in pooled.findings
    ]
    return Answer(
        result={"findings": findings, "damaged": list(pooled.damaged)},
        text="\n".join(_lines(pooled)),
        exit_code=code,
        error=error,
        hint=hint,
        next_actions=steps,
    )


def _current(pooled: Pooled) -> list[Finding]:
    """Of each machine, case and mode the finding whose builds ran last."""
    latest: dict[object, Finding] = {}
    for finding in sorted(pooled.findings, key=lambda finding: finding.runs[-1]):
        s = finding.setting
        latest[s.machine, s.task, s.case, s.mode] = finding
    return list(latest.values())


def _worst(pooled: Pooled) -> tuple[ExitCode, str | None, str | None]:
    """The exit code, what is wrong, and what to do about it."""
    findings = _current(pooled)
    verdicts = {finding.comparison.verdict for finding in findings}
    failures = "; ".join(failure for finding in findings for failure in finding.failures)
    if pooled.damaged:
        hint = "Move the damaged run's folder away, or restore it from a copy."
        return ExitCode.DAMAGED, "; ".join(pooled.damaged), hint
    if any(finding.wrong for finding in findings):
        return ExitCode.ANSWER_IS_NO, failures, "What is fast and wrong is no candidate."
    if failures:
        hint = "Trials that failed are in no block; find out why before you believe the others."
        return ExitCode.TRIAL, failures, hint
    if Verdict.SLOWER in verdicts:
        return ExitCode.ANSWER_IS_NO, None, None
    if Verdict.UNDECIDED in verdicts:
        return ExitCode.UNDECIDED, "undecided: what is stored does not do", None
    return ExitCode.FINE, None, None


def _refuse(pooled: Pooled, names: tuple[str, str], again: str) -> NoReturn:
    if pooled.damaged:
        raise DataDamaged(
            f"nothing that can be read has blocks of both: {'; '.join(pooled.damaged)}",
            hint="Move the damaged run's folder away, or restore it from a copy.",
        )
    for name in names:
        if name not in pooled.targets:
            raise UsageError(
                f"no stored trial of {name} in {pooled.results}; the targets that have any:"
                f" {', '.join(pooled.targets) or 'none'}",
                hint="`harness history` lists what is stored.",
            )
    raise UsageError(f"no stored block in which both {' and '.join(names)} ran", hint=again)


def _lines(pooled: Pooled) -> Iterator[str]:
    """One verdict in full; several as a table, with what each of them rests on."""
    findings = pooled.findings
    first = findings[0].comparison
    if len(findings) == 1:
        yield explain(first)
        yield from _origin(pooled, findings[0])
        return
    yield f"{first.candidate} against {first.reference}, from stored blocks"
    yield ""
    yield layout(HEADERS, [_row(n, f, pooled) for n, f in enumerate(findings, 1)])
    for number, finding in enumerate(findings, 1):
        yield ""
        c = finding.comparison
        for line in (by_every_metric(c), *evidence(c), *_origin(pooled, finding)):
            yield f"{number}: {line}"


def _row(number: int, finding: Finding, pooled: Pooled) -> list[str]:
    setting, c = finding.setting, finding.comparison
    return [
        str(number),
        setting.case,
        setting.mode.value,
        "/".join(digest[:8] for digest in setting.builds),
        "/".join(digest[:8] for digest in setting.given),
        str(c.blocks),
        c.verdict.value + ("" if finding in _current(pooled) else " (older)"),
        show_speed_up(c.ratio),
        c.metric.value,
    ]


def _origin(pooled: Pooled, finding: Finding) -> Iterator[str]:
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
