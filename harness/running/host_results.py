"""What several hosts found of the same run: each by itself, and what holds for hosts not seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from harness.errors import ExitCode
from harness.frozen import dataclass
from harness.model import Verdict
from harness.model.across_hosts import AcrossHosts, OnHost
from harness.model.jsonable import jsonable
from harness.render.host_lines import host_lines
from harness.running.executing import merged
from harness.running.reports import Report
from harness.running.run_results import RunResult


def case_on(case: str, host: str) -> str:
    """What a case is called in the report of all hosts, where each host has one of its own."""
    return f"{case} on {host}"


@dataclass(frozen=True, slots=True, repr=False)
class HostsResult(RunResult):
    """The same run on several hosts. Its report has a case for each host.

    Each host's run is stored by itself, under the name that `runs` says.
    """

    runs: Mapping[str, str]
    """The id of each host's own run; a host of which something is missing has none stored."""
    kinds: Mapping[str, str]
    """The CPU of each host that was measured."""
    confidence: float
    compared: bool
    """Was a comparison asked for, whose verdict is the answer?"""

    @property
    def across(self) -> tuple[AcrossHosts, ...]:
        """Each comparison over the hosts that made it."""
        from harness.analysis.over_hosts import over_hosts  # numpy, which other runs do without

        found: dict[tuple[str, str, str, str], list[OnHost]] = {}
        for c in self.comparisons:
            case, host = self._parted(c.case)
            key = (c.task, case, c.candidate, c.reference)
            found.setdefault(key, []).append(OnHost(host, self.kinds.get(host, ""), c))
        return tuple(over_hosts(own, key, self.confidence) for key, own in found.items())

    def _parted(self, case: str) -> tuple[str, str]:
        host = next(host for host in self.runs if case.endswith(case_on("", host)))
        return case.removesuffix(case_on("", host)), host

    @property
    def exit_code(self) -> ExitCode:
        """The worst that happened; of a comparison also what holds for hosts not seen."""
        worst = RunResult.exit_code.fget(self)  # type: ignore[attr-defined]
        if worst or not self.compared:
            return ExitCode(worst)
        verdicts = {each.verdict for each in self.across}
        if verdicts & {Verdict.SLOWER, Verdict.MIXED}:
            return ExitCode.ANSWER_IS_NO
        unsure = Verdict.UNDECIDED in verdicts or not verdicts
        return ExitCode.UNDECIDED if unsure else ExitCode.FINE

    def sentences(self) -> Iterator[str]:
        """What each comparison gave over the hosts, in words."""
        for each in self.across:
            yield from host_lines(each)

    def to_dict(self) -> dict[str, Any]:
        """The `result` of the command's JSON: the report of all hosts, and what holds across."""
        across = [{**jsonable(each), "verdict": each.verdict.value} for each in self.across]
        hosts = [
            {"host": host, "run_id": run, "cpu": self.kinds.get(host)}
            for host, run in self.runs.items()
        ]
        return {**RunResult.to_dict(self), "hosts": hosts, "across": across}

    def __str__(self) -> str:
        return "\n".join([*self.sentences(), "", self.table()])

    __repr__ = __str__


def of_hosts(reports: Mapping[str, Report], confidence: float, *, compared: bool) -> HostsResult:
    """The result of all hosts, of the report of each."""
    runs = {host: report.run.id for host, report in reports.items()}
    kinds = {host: r.run.host.cpu for host, r in reports.items() if r.run.measurements}
    return HostsResult(
        merged([_renamed(report, host) for host, report in reports.items()]),
        runs,
        kinds,
        confidence,
        compared,
    )


def _renamed(report: Report, host: str) -> Report:
    """The report with cases that are this host's."""
    run = replace(
        report.run,
        measurements=_each(report.run.measurements, host),
        comparisons=_each(report.run.comparisons, host),
        rankings=_each(report.run.rankings, host),
        rankings_by_tag=_each(report.run.rankings_by_tag, host),
        warnings=tuple(f"{host}: {words}" for words in report.run.warnings),
    )
    failures = {
        (task, case_on(case, host), target): failure
        for (task, case, target), failure in report.failures.items()
    }
    counts = _each(report.counts, host)
    return replace(report, run=run, failures=failures, counts=counts, groups=())


def _each(values: Sequence[Any], host: str) -> tuple[Any, ...]:
    return tuple(replace(value, case=case_on(value.case, host)) for value in values)
