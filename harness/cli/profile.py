"""`harness profile`: where the time goes, by phase, function and line."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from harness.cli.run import DashedCommand
from harness.cli.shared.base import Answer, command
from harness.cli.shared.session import config_option, progress
from harness.errors import ExitCode, UsageError
from harness.model import ProfileBy, ProfileReport
from harness.model.jsonable import jsonable
from harness.profiles import CaseShares, ShareChange, advise_cases, share_changes, worth_showing
from harness.profiling.making import (
    PROFILES,
    ProfileRequest,
    profile_against,
    profile_at,
    profile_cell,
)
from harness.project.config import Config
from harness.project.finding import read_config
from harness.project.revisions import split_revision
from harness.render.profile import case_table, move_table, report_text
from harness.running import Cell
from harness.running.selecting import ad_hoc_cell
from harness.running.session import Session, open_session

BASELINE = "baseline"

WORDS = {"tool": "with"}
"""Options that the command line calls by another name."""
OF_A_PROFILER = ("tool", "function", "memory")
OF_HARNESS_TOML = ("case", "cases", "campaign")
OF_A_TARGET = ("adapter", "case", "cases", "by", *OF_A_PROFILER, "against", "trials")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileOptions:
    """What the command line of `harness profile` says."""

    name: str
    arguments: tuple[str, ...]
    adapter: str | None
    case: str | None
    cases: str | None
    by: str | None
    tool: str | None
    function: str | None
    memory: bool
    against: str | None
    campaign: str | None
    trials: int | None
    top: int
    config_path: Path | None


@dataclass(frozen=True, slots=True)
class Found:
    """One case's profile and what it was compared with."""

    report: ProfileReport
    before: ProfileReport | None = None
    moves: tuple[ShareChange, ...] = ()


@command(
    cls=DashedCommand,
    epilog="Example: harness profile nbody-c --by line --function forces",
)
@click.argument("name", required=False, metavar="[TARGET|FILE]")
@click.option("--adapter", help="For a FILE: c, julia or python; its arguments follow `--`.")
@click.option("--case", help="The case; otherwise the task's first one.")
@click.option("--cases", help="Several, such as fast,full: also says how shares change.")
@click.option(
    "--by",
    type=click.Choice([by.value for by in ProfileBy]),
    help="How fine; function unless something else asks for lines.",
)
@click.option("--with", "tool", help="The profiler: perf, callgrind, counters; cProfile, sample...")
@click.option("--function", help="Only lines of functions of this name; implies --by line.")
@click.option("--memory", is_flag=True, help="Allocations by line instead of time (Julia).")
@click.option("--against", help="baseline, last, a stored profile's name, or a revision.")
@click.option("--campaign", help="Whose baseline --against baseline means.")
@click.option("--trials", type=click.IntRange(2), help="Plain trials, for the phases' intervals.")
@click.option("--top", type=click.IntRange(1), default=15, show_default=True, help="Rows shown.")
@config_option
def profile_command(**options: Any) -> Answer:
    """Say where TARGET spends its time: phases first, then functions or lines.

    Phases come from plain trials, the rest from a profiler that fits the language. Every row has
    Amdahl's bound: how much faster the program could be at most with all of it gone. TARGET may
    be TARGET@REVISION. A profile is never used as a timing.

    Without TARGET it is the PROFILE step of the campaign that is under way.
    """
    arguments = click.get_current_context().meta["arguments"]
    if options["name"] is None:
        return of_campaign(options)
    return profile(checked(ProfileOptions(arguments=arguments, **options)))


def of_campaign(options: dict[str, Any]) -> Answer:
    """The campaign's own profile; UsageError where none waits for one, or more is asked."""
    from harness.cli.campaign.steps import profile_in_campaign

    said = [option for option in OF_A_TARGET if options[option]]
    if said:
        raise UsageError(
            f"--{WORDS.get(said[0], said[0])} says how a target is profiled, and none is named",
            hint="Name it: harness profile nbody-c. A campaign's own step takes none of these.",
        )
    made = profile_in_campaign(read_config(options["config_path"]), options["campaign"])
    if made is None:
        raise UsageError(
            "which target? No campaign that is under way here waits for a profile",
            hint="Name a target or a file: harness profile nbody-c.",
        )
    return made


def checked(options: ProfileOptions) -> ProfileOptions:
    """The options as they are; UsageError for a wish that another one makes void."""
    if options.memory and options.function:
        raise UsageError("--memory shows the lines that allocate; --function does not go with it")
    if options.by == ProfileBy.PHASE.value:
        _without(options, OF_A_PROFILER, "is for functions and lines; --by phase runs no profiler")
    if options.adapter is not None:
        _without(options, OF_HARNESS_TOML, "is said of a target of harness.toml, not of a file")
    elif options.arguments:
        raise UsageError(
            f"target {options.name!r} takes its arguments from its case, not from the command line",
            hint="Name another --case; or a single file, with --adapter.",
        )
    if options.campaign is not None and options.against != BASELINE:
        raise UsageError(f"--campaign says whose baseline is meant by --against {BASELINE}")
    return options


def _without(options: ProfileOptions, names: Sequence[str], why: str) -> None:
    """UsageError where one of these options is given."""
    for name in names:
        if getattr(options, name):
            raise UsageError(f"--{WORDS.get(name, name)} {why}")


def profile(options: ProfileOptions) -> Answer:
    """Profile what the options name, on one case or several."""
    config, cells, revision = _select(options)
    with progress() as listener, open_session(config, None, listener) as session:
        requests = [make_request(options, cell, among=len(cells)) for cell in cells]
        found = [one_case(session, options, request, revision) for request in requests]
    return _answer(found, options)


def _select(options: ProfileOptions) -> tuple[Config, list[Cell], str | None]:
    """The cells to profile, and the revision where one is named."""
    name, revision = split_revision(options.name)
    if options.case is not None and options.cases is not None:
        raise UsageError("--case or --cases, not both")
    if options.adapter is not None:
        config = Config(root=Path.cwd())
        return config, [ad_hoc_cell(options.adapter, name, options.arguments, Path.cwd())], None
    config = read_config(options.config_path)
    target = config.target(name)
    task = config.task(target.task)
    names: list[str | None] = [options.case]
    if options.cases is not None:
        names = list(dict.fromkeys(filter(None, map(str.strip, options.cases.split(",")))))
        if not names:
            raise UsageError(f"--cases: want names such as fast,full, got {options.cases!r}")
    return config, [Cell(task, config.case_of(target, case), target) for case in names], revision


def one_case(
    session: Session, options: ProfileOptions, request: ProfileRequest, revision: str | None
) -> Found:
    """Profile one case, and what it is to be compared with."""
    before = None
    if options.against is not None:
        spec = options.against
        if spec == BASELINE:
            spec = baseline_commit(session.config, options)
        before = profile_against(session, request, spec)
    if revision is not None:
        report = profile_at(session, request, revision)
    else:
        report = profile_cell(session.orchestrator, session.state / PROFILES, request)
    if before is None:
        return Found(report)
    return Found(report, before, share_changes(before, report))


def make_request(options: ProfileOptions, cell: Cell, among: int) -> ProfileRequest:
    """The request that the options make of a cell, one of `among` cells."""
    by = ProfileBy(options.by) if options.by else None
    if by is None:
        lines = options.function is not None or options.memory or options.tool == "line_profiler"
        by = ProfileBy.LINE if lines else ProfileBy.FUNCTION
    return ProfileRequest(
        cell=cell,
        by=by,
        tool=options.tool,
        function=options.function,
        memory=options.memory,
        trials=options.trials,
        one_of_several=among > 1,
    )


def baseline_commit(config: Config, options: ProfileOptions) -> str:
    """The commit that the campaign's sealed baseline is of."""
    from harness.baseline import load_baseline
    from harness.project.workload import Wanted, find_workload
    from harness.system.git.writing import Git

    name, _ = split_revision(options.name)
    campaign = options.campaign
    if campaign is None and config.campaigns:
        of_target = [key for key, section in config.campaigns.items() if section.target == name]
        campaign = of_target[0] if len(of_target) == 1 else None
    target = None if config.campaigns else name
    workload = find_workload(config, Wanted(campaign=campaign, target=target))
    return load_baseline(workload, Git(config.root)).commit


def _answer(found: list[Found], options: ProfileOptions) -> Answer:
    """The tables and the JSON of all cases; where a profiler failed, its exit code."""
    reports = [one.report for one in found]
    shares = advise_cases(reports) if len(reports) > 1 else ()
    failure = next((r.failure for r in reports if r.failure is not None), None)
    result = {
        "profiles": [_json(one, options.top) for one in found],
        "cases": jsonable(shares),
    }
    return Answer(
        result=result,
        text="\n\n".join(_texts(found, shares, options.top)),
        exit_code=ExitCode(failure.exit_code) if failure else ExitCode.FINE,
        error=failure.message if failure else None,
        hint=failure.hint if failure else None,
    )


def _texts(found: list[Found], shares: tuple[CaseShares, ...], top: int) -> Iterator[str]:
    for one in found:
        yield report_text(one.report, top)
        if one.before is not None:
            yield move_table(one.before, one.report, one.moves, top)
    with contextlib.suppress(IndexError):
        if shares[0].shift > 0:
            yield "How shares change with the case:\n" + case_table(shares, top)


def _json(one: Found, top: int) -> dict[str, Any]:
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
    values["against"] = one.before.id if one.before else None
    values["moves"] = [{**jsonable(m), "change": m.change} for m in one.moves[: 4 * top]]
    return values
