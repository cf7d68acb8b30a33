"""`harness compare --stored`: what was measured before, judged again and together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.cli.base import Answer
from harness.cli.explaining import evidence, explain, show_speed_up
from harness.cli.session import host_summary
from harness.errors import ExitCode, UsageError
from harness.model import Verdict
from harness.pooling import Finding, Pooled
from harness.render.jsonable import jsonable
from harness.render.tables import layout

HEADERS = ["", "case", "mode", "builds", "blocks", "verdict", "speed-up", "by"]


def stored_answer(pooled: Pooled, reference: str, candidate: str) -> Answer:
    """A verdict for each setting; UsageError where there is none.

    The exit code is that of the worst: 6 where a run could not be read, else 1 where one is slower,
    else 8 where one is undecided.
    """
    measure = f"harness compare {reference} {candidate}"
    if not pooled.findings:
        unread = f" ({'; '.join(pooled.damaged)})" if pooled.damaged else ""
        raise UsageError(
            f"no stored block in which both {reference} and {candidate} ran{unread}", hint=measure
        )
    verdicts = {finding.comparison.verdict for finding in pooled.findings}
    code, error = ExitCode.FINE, None
    if pooled.damaged:
        code, error = ExitCode.DAMAGED, "; ".join(pooled.damaged)
    elif Verdict.SLOWER in verdicts:
        code = ExitCode.ANSWER_IS_NO
    elif Verdict.UNDECIDED in verdicts:
        code, error = ExitCode.UNDECIDED, "undecided: what is stored does not do"
    return Answer(
        result={"findings": jsonable(pooled.findings), "damaged": list(pooled.damaged)},
        text="\n".join(_lines(pooled.findings)),
        exit_code=code,
        error=error,
        hint="Move the damaged run's folder away, or restore it." if pooled.damaged else None,
        next_actions=(measure,) if code is ExitCode.UNDECIDED else (),
    )


def _lines(findings: Sequence[Finding]) -> Iterator[str]:
    """One verdict in full; several as a table, with what each of them rests on."""
    if len(findings) == 1:
        yield explain(findings[0].comparison)
        yield f"machine: {_machine(findings[0])}"
        return
    first = findings[0].comparison
    yield f"{first.candidate} against {first.reference}, from stored blocks"
    yield ""
    yield layout(HEADERS, [_row(n, finding) for n, finding in enumerate(findings, 1)])
    for number, finding in enumerate(findings, 1):
        yield ""
        yield f"{number}: {_machine(finding)}"
        yield from (f"{number}: {line}" for line in evidence(finding.comparison))


def _row(number: int, finding: Finding) -> list[str]:
    setting, c = finding.setting, finding.comparison
    return [
        str(number),
        setting.case,
        setting.mode.value,
        "/".join(digest[:8] for digest in setting.builds),
        str(c.blocks),
        c.verdict.value,
        show_speed_up(c.ratio),
        c.metric.value,
    ]


def _machine(finding: Finding) -> str:
    machine = finding.setting.machine
    words = host_summary(finding.host) if finding.host else machine.host_id
    pinned = f", on CPU {', '.join(map(str, machine.cpus))}" if machine.cpus else ""
    return f"{machine.hostname or 'unnamed'}, {words}{pinned}"
