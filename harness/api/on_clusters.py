"""Runs on a cluster: begun by `run` and `compare`, and come back to by the name of the run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Unpack, cast

from harness.api.documenting import documented
from harness.api.one_call import measuring
from harness.errors import UsageError
from harness.plugins import Executor
from harness.project.config import Config
from harness.running.executing import LOCAL
from harness.running.keywords import (
    Place,
    RunOptions,
    Surroundings,
    check_keywords,
    config_of,
    runs_of,
)
from harness.running.run_results import ComparisonResult, RunResult
from harness.running.table_results import TableResult

if TYPE_CHECKING:
    from harness.cluster.awaiting import HowFar
    from harness.cluster.folder import ClusterFolder, ClusterPlan
    from harness.cluster.gathering import Gathered
    from harness.cluster.running import Request, Submission
    from harness.running.naming import TargetSpec
    from harness.running.selecting import Selected
    from harness.running.settings import Settings
    from harness.running.side_by_side import SideBySide

Called = tuple[Sequence["TargetSpec"], Mapping[str, Any]]
"""The names and options of a call."""


def scheduler(options: Mapping[str, Any]) -> Executor | None:
    """The executor that a call names, where it is a cluster's scheduler; None for any other."""
    name = options.get("executor", LOCAL)
    if name == LOCAL:
        return None
    found = Executor.find(name)
    return found if found.schedules else None


def cluster_of_comparison(options: Mapping[str, Any]) -> Executor | None:
    """The scheduler that a comparison is to go to; UsageError for what none can do."""
    name = options.get("executor", LOCAL)
    if name == LOCAL:
        return None
    found = scheduler(options)
    if found is None:
        raise UsageError(f"executor {name!r} is for runs, and a comparison goes to a cluster")
    if options.get("task") is not None or options.get("tag") is not None:
        raise UsageError(
            "the table of a task's implementations is made here: it times them twice",
            hint="`harness run --task` has its targets measured elsewhere; a comparison names two"
            " or more.",
        )
    return found


def compare_there(
    executor: Executor, sides: SideBySide, settings: Settings, called: Called
) -> ComparisonResult | TableResult:
    """`compare`, on a cluster."""
    from harness.cluster.requests import compare_request

    asked = compare_request(executor, (sides.config, sides.labels), settings, called)
    plan, gathered = submitted(sides.config, called[1], asked)
    return cast("ComparisonResult | TableResult", result_of(plan, gathered.report))


def run_there(
    executor: Executor, selected: Selected, settings: Settings, called: Called
) -> RunResult:
    """`run`, on a cluster."""
    from harness.cluster.requests import run_request

    asked = run_request(executor, selected, settings, called)
    _, gathered = submitted(selected.config, called[1], asked)
    return RunResult(gathered.report)


def submitted(
    config: Config, options: Mapping[str, Any], asked: Request
) -> tuple[ClusterPlan, Gathered]:
    """Submit a request, wait for it and gather it, in one call's session."""
    from harness.cluster.running import run_on_cluster

    around = cast(Place, {k: options[k] for k in ("progress", "results") if k in options})
    with measuring(config, around) as session:
        return run_on_cluster(session, asked)


def planned_run(*targets: TargetSpec, **options: Unpack[RunOptions]) -> Submission:
    """What `run` with the same arguments would submit to a cluster; nothing is made."""
    from harness.cluster.requests import run_request
    from harness.cluster.running import planned
    from harness.running.keywords import selected_cells, settings_of

    executor = _demanded(options)
    selected = selected_cells(targets, options)
    asked = run_request(executor, selected, settings_of(options), (targets, options))
    return planned(selected.config, runs_of(options, selected.config), asked)


def _demanded(options: Mapping[str, Any]) -> Executor:
    executor = scheduler(options)
    if executor is None:
        raise UsageError(
            "nothing would be submitted: all runs on this machine",
            hint="`executor` names a cluster, such as slurm.",
        )
    return executor


@documented(Place)
def attach(run_id: str = "", **options: Unpack[Place]) -> RunResult | ComparisonResult:
    """Wait for a run that a cluster runs, and gather it: the one of an id, or the latest.

    One that was gathered before is read back. Raises Detached after Ctrl-C, and UsageError where
    there is no such run.
    """
    check_keywords("attach", options, Place)
    config, folder = _folder(run_id, options)
    return come_back_to(config, folder, options, again=False)


def come_back_to(
    config: Config, folder: ClusterFolder, options: Place, *, again: bool
) -> RunResult | ComparisonResult:
    """The result of a run on a cluster, once it is over; `again`: submit what is missing."""
    from harness.cluster.running import come_back
    from harness.running.reading_back import checked_report
    from harness.system.store.run_file import read_run

    plan = folder.plan()
    stored = folder.results / folder.run_id
    if stored.is_dir():
        return result_of(plan, checked_report(read_run(stored)))
    around: Place = {**options, "results": folder.results}
    with measuring(config, around) as session:
        gathered = come_back(session, folder, again=again)
    return result_of(plan, gathered.report)


def result_of(plan: ClusterPlan, report: Any) -> RunResult | ComparisonResult | Any:
    """The result of the kind that was asked for."""
    labels = plan.about.get("labels", [])
    if plan.kind == "compare" and len(labels) == 2:
        return ComparisonResult(report, *labels)
    if plan.kind == "compare":
        return TableResult(report)
    return RunResult(report)


@documented(Place)
def cancel(run_id: str = "", **options: Unpack[Place]) -> HowFar:
    """End all jobs of a run on a cluster: the one of an id, or the latest. What is done is kept.

    Raises NotAllowed where the scheduler does not answer.
    """
    from harness.cluster.running import end_jobs

    check_keywords("cancel", options, Place)
    config, folder = _folder(run_id, options)
    around: Place = {**options, "results": folder.results}
    with measuring(config, around) as session:
        return end_jobs(session, folder)


def _folder(run_id: str, options: Place) -> tuple[Config, ClusterFolder]:
    from harness.cluster.folder import find_cluster

    config = config_of(options)
    results = runs_of(options, config).absolute()
    folder = find_cluster(results, run_id)
    if folder is None:
        which = f" {run_id!r}" if run_id else ""
        raise UsageError(
            f"no run{which} on a cluster in {results}",
            hint="`harness run --executor slurm` begins one.",
        )
    return config, folder


def relayed(executor: str, words: Sequence[str], options: Surroundings) -> tuple[int, str, str]:
    """Run a command of the harness on a node: its exit code, standard output and error."""
    import json

    from harness.cluster.folder import ClusterFolder as Folder
    from harness.cluster.folder import clusters_of, those_that_count
    from harness.cluster.requests import relay_request
    from harness.errors import TrialFailed
    from harness.project.finding import required_config

    config = required_config(config_of(options))
    asked = relay_request(_demanded({"executor": executor}), config, words)
    plan, gathered = submitted(config, options, asked)
    folder = Folder(clusters_of(runs_of({}, config).absolute()) / plan.run_id)
    best = those_that_count(folder.attempts()).get(0)
    if best is None:
        failure = next(iter(gathered.report.failures.values()))
        raise TrialFailed(failure.message, hint=f"See {folder.logs}.")
    told = json.loads(best.path.read_bytes())
    out, error = (told[key].replace(told["root"], str(config.root)) for key in ("stdout", "stderr"))
    return int(told["exit_code"]), out, error
