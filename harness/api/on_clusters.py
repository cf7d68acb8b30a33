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
from harness.running.settings import of_plan
from harness.running.table_results import TableResult

if TYPE_CHECKING:
    from harness.cluster.awaiting import HowFar
    from harness.cluster.folder import ClusterFolder, ClusterPlan
    from harness.cluster.gathering import Gathered
    from harness.cluster.running import Request
    from harness.running.cells import Cell
    from harness.running.naming import TargetSpec
    from harness.running.selecting import Selected
    from harness.running.session import Session
    from harness.running.settings import Settings
    from harness.running.side_by_side import SideBySide
    from harness.running.sweep_results import SweepResult

Called = tuple[Sequence["TargetSpec"], Mapping[str, Any]]
"""The names and options of a call."""


def scheduler(options: Mapping[str, Any]) -> Executor | None:
    """The executor that a call names, where it is a cluster's scheduler; None for any other."""
    name = options.get("executor", LOCAL)
    if name == LOCAL:
        return None
    found = Executor.find(name)
    return found if found.schedules else None


def cluster_of_comparison(
    options: Mapping[str, Any], what: str = "a comparison"
) -> Executor | None:
    """The scheduler that it is to go to, None for here; UsageError for another executor."""
    name, found = options.get("executor", LOCAL), scheduler(options)
    if found is None and name != LOCAL:
        raise UsageError(f"executor {name!r} is for runs, and {what} goes to a cluster")
    return found


def cluster_of_sweep(options: Mapping[str, Any]) -> Executor | None:
    """The scheduler that a sweep is to go to; UsageError for what none can do."""
    found = cluster_of_comparison(options, "a sweep")
    if found is None:
        return None
    if options.get("resume"):
        raise UsageError(
            "a sweep on a cluster is resumed by the name of its run",
            hint="`harness run --resume RUN` submits the points that are missing.",
        )
    if options.get("point") is not None:
        raise UsageError("`point` is what a cluster says to its nodes")
    return found


def result_of_request(config: Config, options: Mapping[str, Any], asked: Request) -> Any:
    """Submit a request, wait for it and gather it; the result of its kind."""
    return result_of(*submitted(config, options, asked))


def compare_there(
    executor: Executor, sides: SideBySide, settings: Settings, called: Called
) -> ComparisonResult | TableResult:
    """`compare`, on a cluster."""
    from harness.cluster.requests import compare_request

    asked = compare_request(executor, (sides.config, sides.labels), settings, called)
    return cast("ComparisonResult | TableResult", result_of_request(sides.config, called[1], asked))


def compare_task_there(
    executor: Executor, config: Config, cells: Sequence[Cell], options: Mapping[str, Any]
) -> TableResult:
    """`compare` of all targets of a task, on a cluster."""
    from harness.cluster.requests import task_request
    from harness.running.keywords import settings_of

    asked = task_request(executor, config, cells, settings_of(cast(RunOptions, options)))
    return cast(TableResult, result_of_request(config, options, asked))


def run_there(
    executor: Executor, selected: Selected, settings: Settings, called: Called
) -> RunResult:
    """`run`, on a cluster."""
    from harness.cluster.requests import run_request

    asked = run_request(executor, selected, settings, called)
    return cast(RunResult, result_of_request(selected.config, called[1], asked))


def submitted(
    config: Config, options: Mapping[str, Any], asked: Request
) -> tuple[ClusterPlan, ClusterFolder]:
    """Submit a request and wait for it, in one call's session."""
    from harness.cluster.running import run_on_cluster

    around = cast(Place, {k: options[k] for k in ("progress", "results") if k in options})
    with measuring(config, around) as session:
        return run_on_cluster(session, asked)


def spread(session: Session, asked: Request, hosts: int | str | Sequence[str]) -> Request:
    """The request on the hosts that are meant."""
    from harness.cluster.hosts import chosen_hosts, repeated_on
    from harness.cluster.spreading import ClusterOptions

    name = asked.executor.name
    table = ClusterOptions.of(name, session.config.executors.get(name, {})).own
    nodes = asked.executor.nodes(table, session.runner)
    return repeated_on(asked, chosen_hosts(nodes, hosts, asked.settings))


def demanded_scheduler(options: Mapping[str, Any]) -> Executor:
    """The scheduler that a call names; UsageError where it names none."""
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
    from harness.cluster.folder import STEP
    from harness.cluster.hosts import is_of_hosts
    from harness.cluster.running import come_back

    plan = folder.plan()
    if plan.kind == STEP:
        raise UsageError(
            f"{folder.run_id} is a step of a campaign",
            hint="Give that step again: it goes on with this job.",
        )
    if is_of_hosts(plan.about) or not (folder.results / folder.run_id).is_dir():
        around: Place = {**options, "results": folder.results}
        with measuring(config, around) as session:
            come_back(session, folder, again=again)
    return result_of(plan, folder)


def result_of(plan: ClusterPlan, folder: ClusterFolder) -> RunResult | ComparisonResult | Any:
    """What was found, gathered, as the result of the kind that was asked for."""
    from harness.cluster.added_runs import steady_of
    from harness.cluster.gathering import gather, stored_run
    from harness.cluster.hosts import gather_hosts, is_of_hosts

    if is_of_hosts(plan.about):
        from harness.running.host_results import of_hosts

        reports = {host: each.report for host, each in gather_hosts(folder, plan).items()}
        confidence = of_plan(plan.settings).question.confidence
        return of_hosts(reports, confidence, compared=plan.kind == "compare")
    stored = stored_run(folder.results / plan.run_id)
    gathered = stored or gather(folder.results, folder, plan, folder.shards())
    report, labels = gathered.report, plan.about.get("labels", [])
    if plan.kind == "sweep":
        return _swept(plan, gathered)
    if plan.kind == "task":
        return TableResult(report, steady_of(folder), whole=True)
    if plan.kind == "compare" and len(labels) == 2:
        return ComparisonResult(report, *labels)
    if plan.kind == "compare":
        return TableResult(report)
    return RunResult(report)


def _swept(plan: ClusterPlan, gathered: Gathered) -> SweepResult:
    """The sweep that the points make, which is kept beside the run once all of them are there."""
    from harness.cluster.sweep_requests import sweep_of_words
    from harness.running.sweep_results import SweepResult
    from harness.running.sweeping import SWEEP_NAME, keep_sweep

    sweep = sweep_of_words(plan.about["sweep"])
    result = SweepResult(gathered.report, sweep, plan.about["confidence"])
    if not gathered.missing and not (result.folder / SWEEP_NAME).exists():
        keep_sweep(result)
    return result


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

    from harness.cluster.folder import those_that_count
    from harness.cluster.gathering import why_missing
    from harness.cluster.requests import relay_request
    from harness.errors import TrialFailed
    from harness.project.finding import required_config

    config = required_config(config_of(options))
    asked = relay_request(demanded_scheduler({"executor": executor}), config, words)
    _, folder = submitted(config, options, asked)
    found = folder.attempts()
    best = those_that_count(found).get(0)
    if best is None:
        raise TrialFailed(why_missing(folder, found, [0])[0], hint=f"See {folder.logs}.")
    folder.take()
    told = json.loads(best.path.read_bytes())
    out, error = (told[key].replace(told["root"], str(config.root)) for key in ("stdout", "stderr"))
    return int(told["exit_code"]), out, error
