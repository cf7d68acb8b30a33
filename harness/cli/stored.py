"""`harness compare --stored`: what was measured before, judged again and together."""

from __future__ import annotations

from collections.abc import Iterator

from harness.cli.base import Answer
from harness.cli.explaining import evidence, explain, show_speed_up
from harness.cli.session import host_summary
from harness.errors import ExitCode, UsageError
from harness.model import Verdict
from harness.pooling import Pooled
from harness.render.jsonable import jsonable
from harness.render.tables import layout
from harness.summary import Finding

HEADERS = ["", "case", "mode", "builds", "given", "blocks", "verdict", "speed-up", "by"]


def stored_answer(pooled: Pooled, reference: str, candidate: str) -> Answer:
    """A verdict for each setting; UsageError where there is none.

    The exit code is that of the worst: 6 where a run could not be read, else 1 where one is slower,
    else 8 where one is undecided.
    """
    measure = f"harness compare {reference} {candidate}"
    if not pooled.findings:
        raise UsageError(_nothing(pooled, reference, candidate), hint=measure)
    verdicts = {finding.comparison.verdict for finding in pooled.findings}
    code, error = ExitCode.FINE, None
    if pooled.damaged:
        code, error = ExitCode.DAMAGED, "; ".join(pooled.damaged)
    elif Verdict.SLOWER in verdicts:
        code = ExitCode.ANSWER_IS_NO
    elif Verdict.UNDECIDED in verdicts:
        code, error = ExitCode.UNDECIDED, "undecided: what is stored does not do"
    findings = [
        {**jsonable(finding), "host": jsonable(pooled.hosts[finding.setting.machine])}
        for finding in pooled.findings
    ]
    return Answer(
        result={"findings": findings, "damaged": list(pooled.damaged)},
        text="\n".join(_lines(pooled)),
        exit_code=code,
        error=error,
        hint="Move the damaged run's folder away, or restore it." if pooled.damaged else None,
        next_actions=(measure,) if code is ExitCode.UNDECIDED else (),
    )


def _nothing(pooled: Pooled, reference: str, candidate: str) -> str:
    unread = f" ({'; '.join(pooled.damaged)})" if pooled.damaged else ""
    for name in (reference, candidate):
        if name not in pooled.targets:
            known = ", ".join(pooled.targets) or "none"
            return f"no stored trial of {name}; the targets that have any: {known}{unread}"
    return f"no stored block in which both {reference} and {candidate} ran{unread}"


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
    yield layout(HEADERS, [_row(n, finding) for n, finding in enumerate(findings, 1)])
    for number, finding in enumerate(findings, 1):
        yield ""
        for line in (*evidence(finding.comparison), *_origin(pooled, finding)):
            yield f"{number}: {line}"


def _row(number: int, finding: Finding) -> list[str]:
    setting, c = finding.setting, finding.comparison
    return [
        str(number),
        setting.case,
        setting.mode.value,
        "/".join(digest[:8] for digest in setting.builds),
        "/".join(digest[:8] for digest in setting.given),
        str(c.blocks),
        c.verdict.value,
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
