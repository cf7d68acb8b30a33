"""A whole profile: of a target or file, on one case or several, beside what it was before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

from harness.errors import ExitCode, UsageError
from harness.frozen import dataclass
from harness.model import ProfileBy, ProfileFailure, ProfileReport
from harness.model.declaring import one_of, whole_number
from harness.model.jsonable import jsonable
from harness.profiles import CaseShares, ShareChange, advise_cases, share_changes, worth_showing
from harness.profiling.making import profile_against, profile_at, profile_cell
from harness.profiling.turns import ProfileRequest
from harness.project.config import Config
from harness.project.finding import required_config
from harness.project.revisions import split_revision
from harness.project.state_folder import PROFILES
from harness.render.profile import heading, report_text, spot_table
from harness.render.tables import as_html
from harness.running import Cell
from harness.running.guessing import adapter_of
from harness.running.keywords import (
    ProfileOptions,
    ProfileWishes,
    arguments_of,
    config_of,
)
from harness.running.naming import is_file, refuse_missing
from harness.running.selecting import ad_hoc_cell
from harness.running.session import Session

TOP = 15
"""How many rows of functions or lines are shown."""

OF_A_PROFILER = ("tool", "function", "memory")


BASELINE = "baseline"
"""What a profile is compared with by this word: the sealed baseline's commit."""


@dataclass(frozen=True, slots=True)
class CaseProfile:
    """One case's profile, and what it was compared with."""

    report: ProfileReport
    before: ProfileReport | None = None
    changes: tuple[ShareChange, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class ProfileResult:
    """Where a target spends its time, on one case or several."""

    found: tuple[CaseProfile, ...]

    @property
    def reports(self) -> tuple[ProfileReport, ...]:
        """The profile of each case."""
        return tuple(one.report for one in self.found)

    @property
    def shares(self) -> tuple[CaseShares, ...]:
        """How shares change from case to case; empty for one case."""
        return tuple(advise_cases(self.reports)) if len(self.found) > 1 else ()

    @property
    def failure(self) -> ProfileFailure | None:
        """Why there are phases alone: the first profiler that failed."""
        return next((r.failure for r in self.reports if r.failure is not None), None)

    @property
    def exit_code(self) -> ExitCode:
        """What `harness profile` answers its shell."""
        return ExitCode(self.failure.exit_code) if self.failure else ExitCode.FINE

    @property
    def ok(self) -> bool:
        return self.failure is None

    def to_dict(self, top: int = TOP) -> dict[str, Any]:
        """The `result` of `harness profile --json`: the `top` rows, each with its bound."""
        return {
            "profiles": [_plain(one, top) for one in self.found],
            "cases": jsonable(self.shares),
        }

    def __str__(self) -> str:
        return "\n\n".join(report_text(report, TOP) for report in self.reports)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return "".join(as_html(heading(r), spot_table(r, TOP, "html")) for r in self.reports)


def check_wishes(wishes: Mapping[str, Any]) -> None:
    """UsageError for a wish that makes no sense, or that another one makes void."""
    if wishes.get("trials") is not None:
        whole_number(1)(wishes["trials"], "trials")
    if wishes.get("memory") and wishes.get("function"):
        raise UsageError("`memory` shows the lines that allocate; `function` does not go with it")
    if wishes.get("by") in (ProfileBy.PHASE, ProfileBy.PHASE.value):
        # Refused, not ignored: what was asked for would be missed in the answer without a word.
        for name in OF_A_PROFILER:
            if wishes.get(name):
                raise UsageError(
                    f'`{name}` is for functions and lines; `by="phase"` runs no profiler'
                )


def profile_cells(
    session: Session, cells: Sequence[Cell], wishes: ProfileWishes, revision: str | None
) -> ProfileResult:
    """Profile each cell, at a revision or as it is, and compare it with `against`."""
    requests = [_request(cell, wishes, among=len(cells)) for cell in cells]
    against = wishes.get("against")
    return ProfileResult(
        tuple(_one_case(session, request, revision, against) for request in requests)
    )


def _cells(config: Config, name: str, cases: Sequence[str | None]) -> list[Cell]:
    """A target of harness.toml on each of the cases."""
    target = config.target(name)
    task = config.task(target.task)
    return [Cell(task, config.case_of(target, case), target) for case in cases]


def _one_case(
    session: Session, request: ProfileRequest, revision: str | None, against: str | None
) -> CaseProfile:
    before = None if against is None else profile_against(session, request, against)
    if revision is not None:
        report = profile_at(session, request, revision)
    else:
        report = profile_cell(session.orchestrator, session.state / PROFILES, request)
    if before is None:
        return CaseProfile(report)
    return CaseProfile(report, before, tuple(share_changes(before, report)))


def _request(cell: Cell, wishes: ProfileWishes, among: int) -> ProfileRequest:
    """The request that the wishes make of a cell, which is one of `among`."""
    given = wishes.get("by")
    by: ProfileBy | None = None if given is None else one_of(ProfileBy)(given, "by")
    function, tool = wishes.get("function"), wishes.get("tool")
    memory = bool(wishes.get("memory"))
    if by is None:
        lines = function is not None or memory or tool == "line_profiler"
        by = ProfileBy.LINE if lines else ProfileBy.FUNCTION
    return ProfileRequest(
        cell=cell,
        by=by,
        tool=tool,
        function=function,
        memory=memory,
        trials=wishes.get("trials"),
        one_of_several=among > 1,
    )


def _plain(one: CaseProfile, top: int) -> dict[str, Any]:
    """A report as JSON: the `top` rows, each with its bound; stacks are in the exported files."""
    report = one.report
    spots = None
    if report.spots is not None:
        spots = replace(report.spots, stacks={}, calls={}, spots=worth_showing(report.spots, top))
    values: dict[str, Any] = jsonable(replace(report, spots=spots))
    for name, rows in (("phases", report.phases.spots), ("spots", spots.spots if spots else ())):
        if values[name] is not None:
            for value, row in zip(values[name]["spots"], rows, strict=True):
                value["bound"] = jsonable(row.bound)
    if report.floor is not None:
        values["floor"]["bound"] = report.floor.limit
    values["against"] = one.before.id if one.before else None
    values["moves"] = [{**jsonable(c), "change": c.change} for c in one.changes[: 4 * top]]
    return values


def named_target(target: object) -> str:
    """The name of a target or a file; UsageError for what is neither."""
    if not isinstance(target, (str, PathLike)):
        raise UsageError(f"profile: want a target or a file, got {target!r}")
    return str(target)


def what_to_profile(target: str, options: ProfileOptions) -> tuple[Config, list[Cell], str | None]:
    """The configuration, the cells to profile, and the revision where one is named."""
    config, adapter = config_of(options), options.get("adapter")
    if adapter is None and is_file(target, config):
        adapter = adapter_of(Path(target))
    elif adapter is None:
        refuse_missing([target], config)
    case, cases = options.get("case"), options.get("cases")
    if case is not None and cases is not None:
        raise UsageError("`case` or `cases`, not both")
    _check_profile(target, adapter, options)
    name, revision = split_revision(target) if adapter is None else (target, None)
    if adapter is not None:
        root = Path.cwd()
        arguments = arguments_of(options)
        return Config(root=root), [ad_hoc_cell(adapter, name, arguments, root)], None
    names: list[str | None] = [case]
    if cases is not None:
        words = cases.split(",") if isinstance(cases, str) else cases
        names = list(dict.fromkeys(filter(None, map(str.strip, words))))
        if not names:
            raise UsageError(f"cases: want names such as fast,full, got {cases!r}")
    return config, _cells(required_config(config), name, names), revision


def _check_profile(target: str, adapter: str | None, options: ProfileOptions) -> None:
    """UsageError for what is said of files where a target is meant, and vice versa."""
    if adapter is not None:
        for name in ("case", "cases", "campaign"):
            if options.get(name):
                raise UsageError(f"`{name}` is said of a target of harness.toml, not of a file")
    elif options.get("arguments"):
        raise UsageError(
            f"target {target!r} takes its arguments from its case, not from `arguments`",
            hint="Name another `case`; or a single file, with `adapter`.",
        )
    if options.get("campaign") is not None and options.get("against") != BASELINE:
        raise UsageError(f"`campaign` says whose baseline is meant by `against={BASELINE!r}`")
