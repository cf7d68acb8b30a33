"""Profiles made and stored: phases from plain trials, the rest from the adapter's profiler.

A profile is a folder below `.harness/profiles/`: `profile.json` (the report), `flame.svg`,
`stacks.folded`, `profile.speedscope.json`, and the profiler's own files. Nothing of it goes into
the store of trials: a profiled run is never a timing.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from harness.errors import HarnessError, ToolchainMissing, TrialFailed, UsageError
from harness.model import (
    Profile,
    ProfileBy,
    ProfileFailure,
    ProfilePlan,
    ProfileReport,
    Trial,
)
from harness.profiles import (
    collapsed,
    count_spots,
    crowded_share,
    flame_graph,
    phase_spots,
    profile_advice,
    report_from_json,
    report_to_json,
    speedscope,
    with_floor,
)
from harness.profiling.own_trees import in_the_users_tree
from harness.profiling.sources import with_sources
from harness.profiling.turns import (
    EmptyTrials,
    ProfileRequest,
    Subject,
    estimate_of,
    more_trials,
    plain_trial,
)
from harness.project.revisions import target_at
from harness.project.state_folder import PROFILES
from harness.running import Cell, Orchestrator
from harness.running.copies import private_copy, settle
from harness.running.experiment import run_id
from harness.running.session import Session
from harness.system.git.writing import Git
from harness.system.store.files import storage_errors, write_atomically

REPORT = "profile.json"

WAITING = 0.02
"""CPU time below this share of the wall time says nothing of a profiler's cost."""
SLOWEST = 200
"""A profiled run may take this many times as long as a plain one, or the target's own limit."""


def profile_cell(
    orchestrator: Orchestrator, folder: Path, request: ProfileRequest
) -> ProfileReport:
    """Profile a target on a case and store the report in a folder of its own below `folder`.

    A profiler that fails leaves the report with phases and the reason; a profiler that was asked
    for by name and is missing raises ToolchainMissing. Raises what building raises, TrialFailed
    where the program itself does not run, UsageError for what the adapter cannot do.
    """
    cell = request.cell
    try:
        target = orchestrator.set_up(cell.target)
        adapter, build = orchestrator.build(replace(target, steady=False))
        build = orchestrator.generated.given(build, cell.case)
        subject = Subject(request, adapter, build, orchestrator.runner)
        named = f"{target.name} on {cell.case.name}"
        orchestrator.telling.step(f"timing {named}")
        first = plain_trial(subject)
        empty = EmptyTrials.of(subject)
        empty.once()
        with _new_home(folder) as home:
            orchestrator.telling.step(f"profiling {named}")
            found = _profiled(subject, home, first, empty)
            orchestrator.telling.step(f"timing {named} without a profiler")
            plain = [first, *more_trials(subject, first, empty)]
    finally:
        problems = orchestrator.cleanup([cell])
    report = _report(home.name, subject, plain)
    report = replace(report, floor=empty.floor(plain, report.crowded))
    report = _with_profile(report, found, plain)
    report = replace(report, warnings=(*report.warnings, *empty.warnings))
    report = with_floor(report, rows=request.function is None)
    report = replace(
        report,
        advice=profile_advice(report, () if request.one_of_several else _names(cell)),
        warnings=(*report.warnings, *problems),
    )
    return _store_report(report, home)


def _names(cell: Cell) -> list[str]:
    return [case.name for case in cell.task.cases]


@contextlib.contextmanager
def _new_home(folder: Path) -> Iterator[Path]:
    """A new profile's folder; gone again where nothing came of it."""
    home = folder / run_id(time.time_ns())
    with storage_errors(home):
        home.mkdir(parents=True)
    try:
        yield home
    except BaseException:
        with contextlib.suppress(OSError):
            home.rmdir()
        raise


def _report(identity: str, subject: Subject, plain: Sequence[Trial]) -> ProfileReport:
    """A report of phases alone."""
    request, build = subject.request, subject.build
    cell = request.cell
    walls = [max(1, trial.wall_ns) for trial in plain]
    wall = estimate_of([float(w) for w in walls])
    spots = phase_spots([trial.phases for trial in plain], walls, estimate_of)
    return ProfileReport(
        id=identity,
        task=cell.task.name,
        case=cell.case.name,
        target=cell.target.name,
        language=build.toolchain.language,
        root=str(cell.target.root),
        revision=request.revision,
        build_digest=build.digest,
        wall_ns=wall,
        cpu_share=estimate_of([t.cpu_ns / w for t, w in zip(plain, walls, strict=True)]).point,
        crowded=estimate_of([crowded_share(t) for t in plain]).point,
        phases=Profile("phases", ProfileBy.PHASE, "ns", wall.point, spots),
    )


def _profiled(
    subject: Subject, home: Path, plain: Trial, empty: EmptyTrials
) -> Profile | ProfileFailure | None:
    """Functions or lines, or why there are none; None where phases are all that is asked for."""
    request = subject.request
    if request.by is ProfileBy.PHASE:
        return None
    plan = ProfilePlan(
        by=request.by,
        tool=request.tool,
        function=request.function,
        memory=request.memory,
        timeout_ns=max(request.cell.target.timeout_ns, SLOWEST * plain.wall_ns),
        folder=home,
        plain_wall_ns=plain.wall_ns,
        plain_cpu_ns=plain.cpu_ns,
        start_up_cpu_ns=empty.start_up_cpu_ns,
    )
    try:
        found = subject.adapter.profile(subject.build, request.cell.case, plan, subject.runner)
    except (ToolchainMissing, TrialFailed) as failure:
        # Who names a tool wants that one: phases alone would be the answer to another question.
        if request.tool is not None and isinstance(failure, ToolchainMissing):
            raise
        return _reason(failure)
    if found is None:
        return _reason(_no_profiler(subject.adapter.name))
    if request.cell.target.build:
        found = in_the_users_tree(found, subject.build.target)
    counted = count_spots(found, request.function)
    if request.function is not None and not counted.spots:
        raise UsageError(
            f"no function like {request.function!r} was seen on the CPU",
            hint="Profile without `function` for the names of those that were.",
        )
    return with_sources(counted, request.cell.target.root)


def _with_profile(
    report: ProfileReport, found: Profile | ProfileFailure | None, plain: Sequence[Trial]
) -> ProfileReport:
    """The report with what the profiler said, and what it cost."""
    if not isinstance(found, Profile):
        return replace(report, failure=found)
    slowdown, measure = _slowdown(found, report, plain)
    return replace(
        report, spots=found, slowdown=slowdown, slowdown_of=measure, warnings=found.warnings
    )


def _slowdown(
    spots: Profile, report: ProfileReport, plain: Sequence[Trial]
) -> tuple[float | None, str]:
    """The profiler's cost: by CPU time, but for programs that mostly wait by wall time."""
    if spots.slowdown is not None:
        return spots.slowdown, "CPU time"
    if spots.cpu_ns and report.cpu_share > WAITING:
        return spots.cpu_ns / estimate_of([float(t.cpu_ns) for t in plain]).point, "CPU time"
    if spots.wall_ns:
        return spots.wall_ns / report.wall_ns.point, "wall time"
    return None, ""


def _no_profiler(adapter: str) -> ToolchainMissing:
    return ToolchainMissing(
        f"the adapter {adapter!r} has no profiler: it knows phases alone",
        hint="Mark phases in the program, or use the adapter of its language."
        if adapter == "command"
        else "Mark phases in the program; the hook `harness_profile` gives an adapter a profiler "
        "(docs/adapters.md).",
    )


def _reason(failure: HarnessError) -> ProfileFailure:
    return ProfileFailure(failure.message, failure.hint, int(failure.exit_code))


def _store_report(report: ProfileReport, home: Path) -> ProfileReport:
    """Write the report and its exports into its folder; returns it with all paths."""
    files: dict[str, str] = {}
    at = f" at {report.revision[:12]}" if report.revision else ""
    title = f"{report.target} on {report.case}{at}"
    with storage_errors(home):
        if report.spots is not None and report.spots.stacks:
            spots = report.spots
            for kind, name, text in (
                ("flame graph", "flame.svg", flame_graph(spots, title, _note(report))),
                ("speedscope", "profile.speedscope.json", json.dumps(speedscope(spots, title))),
                ("collapsed stacks", "stacks.folded", collapsed(spots)),
            ):
                write_atomically(home / name, text.encode())
                files[kind] = str(home / name)
        if report.spots is not None:
            files.update(report.spots.exports)
        files["report"] = str(home / REPORT)
        report = replace(report, exports=files)
        write_atomically(home / REPORT, report_to_json(report))
    return report


def _note(report: ProfileReport) -> str:
    assert report.spots is not None
    weight = sum(report.spots.stacks.values())
    amount = f"{weight / 1e6:.0f} ms" if report.spots.unit == "ns" else f"{weight:.0f}"
    unit = "" if report.spots.unit == "ns" else f" {report.spots.unit}"
    return f"{report.language}, {report.spots.stacks_by or report.spots.tool}, {amount}{unit}"


# -- stored profiles ------------------------------------------------------------------------------


def load_report(home: Path) -> ProfileReport:
    """The report in a profile's folder; UsageError where there is none, DataDamaged if broken."""
    path = home / REPORT
    try:
        text = path.read_bytes()
    except OSError as problem:
        raise UsageError(f"{path}: {problem.strerror}") from None
    return report_from_json(text, str(path))


def stored_reports(folder: Path) -> Iterator[ProfileReport]:
    """All stored profiles that can be read, the newest first."""
    homes = sorted((p.parent for p in folder.glob(f"*/{REPORT}")), reverse=True)
    for home in homes:
        with contextlib.suppress(HarnessError):
            yield load_report(home)


def find_report(folder: Path, name: str) -> ProfileReport | None:
    """The stored profile of that name or unambiguous beginning; None where there is none."""
    homes = sorted(p.parent for p in folder.glob(f"{_literal(name)}*/{REPORT}"))
    exact = [home for home in homes if home.name == name]
    if exact or len(homes) == 1:
        return load_report((exact or homes)[0])
    if homes:
        raise UsageError(
            f"several profiles begin with {name!r}: {', '.join(home.name for home in homes)}"
        )
    return None


def _literal(name: str) -> str:
    return "".join(f"[{c}]" if c in "*?[" else c for c in name.replace("/", ""))


def latest_report(
    folder: Path, request: ProfileRequest, revision: str | None = None
) -> ProfileReport | None:
    """The newest stored profile that answers the same request, at a revision where one is named."""
    for report in stored_reports(folder):
        cell = request.cell
        same = (report.target, report.case) == (cell.target.name, cell.case.name)
        if same and revision in (None, report.revision) and _answers(report, request):
            return report
    return None


def _answers(report: ProfileReport, request: ProfileRequest) -> bool:
    if request.by is ProfileBy.PHASE:
        return True
    spots = report.spots
    if spots is None or spots.by is not request.by or request.function is not None:
        return False
    return request.tool in (None, spots.tool) and (spots.unit == "bytes") == request.memory


def profile_at(session: Session, request: ProfileRequest, revision: str) -> ProfileReport:
    """Profile a revision now, in a private worktree."""
    commit = Git(session.config.root).resolve(revision)
    folder, cell = session.state / PROFILES, request.cell
    with private_copy(session, session.config, commit) as copy:
        target = target_at(session.config, cell.target.name, copy.root)
        moved = replace(cell, target=settle(session, copy, target, revision))
        return profile_cell(
            session.orchestrator, folder, replace(request, cell=moved, revision=commit)
        )


def profile_against(session: Session, request: ProfileRequest, spec: str) -> ProfileReport:
    """What `--against` names: `last`, a stored profile, or a revision.

    Raises UsageError where it is none of them.
    """
    folder = session.state / PROFILES
    if spec == "last":
        found = latest_report(folder, request)
        if found is None:
            raise UsageError("no earlier profile of this target on this case is stored")
        return found
    stored = find_report(folder, spec)
    if stored is not None:
        return stored
    try:
        commit = Git(session.config.root).resolve(spec)
        stored = latest_report(folder, request, commit)
        return stored if stored is not None else profile_at(session, request, commit)
    except UsageError as problem:
        if "@" in spec or not problem.message:
            raise
        raise UsageError(
            f"against: {spec} is neither a stored profile nor a revision ({problem.message})",
            hint="Say baseline, last, a profile's name, or a commit.",
        ) from None
