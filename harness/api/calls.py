"""The functions of the Python API, one per command."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Unpack, cast

from harness.api.documenting import documented
from harness.api.on_clusters import come_back_to, run_there, scheduler
from harness.api.one_call import Interrupted, interruptible, measuring, one_at_a_time
from harness.project.config import Config
from harness.project.finding import required_config
from harness.running.executing import LOCAL, execute
from harness.running.experiment import Experiment
from harness.running.keywords import (
    HistoryOptions,
    Place,
    ProfileOptions,
    ProfileWishes,
    RunOptions,
    StoredOptions,
    Surroundings,
    TryOptions,
    check_keywords,
    config_of,
    runs_of,
    selected_cells,
    settings_of,
    trying_of,
)
from harness.running.listening import Remark
from harness.running.naming import TargetSpec, label_of
from harness.running.run_results import ComparisonResult, RunResult
from harness.running.selecting import find_interrupted, has_interrupted, stored_cells
from harness.running.settings import of_plan
from harness.running.side_by_side import check_apart
from harness.running.suites import with_benchmarks
from harness.running.sweep_axes import is_sweep
from harness.running.table_results import TableResult
from harness.system.git.writing import Git

if TYPE_CHECKING:
    import pandas as pd

    from harness.profiling.asking import ProfileResult
    from harness.running.doctoring import DoctorReport
    from harness.running.history import HistoryResult
    from harness.running.installation import Installation
    from harness.running.stored_verdicts import StoredVerdicts
    from harness.running.try_results import TryResult


@documented(RunOptions)
def run(*targets: TargetSpec, **options: Unpack[RunOptions]) -> RunResult:
    """Build, check, time and store targets: those named, or all that fit.

    Raises Interrupted after Ctrl-C, and UsageError for what makes no sense. A target that fails
    raises nothing: see `failures` and `ok` of the result.
    """
    check_keywords("run", options, RunOptions)
    if is_sweep(options):
        from harness.api.sweeps import sweep

        return sweep(*targets, **options)
    settings = settings_of(options)
    selected = selected_cells(targets, options)
    cluster = scheduler(options)
    if (progress := options.get("progress")) is not None:
        for note in selected.notes:
            progress(Remark(note))
    if cluster is not None:
        return run_there(cluster, selected, settings, (targets, options))
    experiment = Experiment(selected.cells, settings, shared_level=True, origin=selected.origin)
    where = options.get("executor", LOCAL)
    return _performed(selected.config, options, experiment, executor=where)


@documented(Place)
def resume(run_id: str = "", **options: Unpack[Place]) -> RunResult:
    """Go on with an interrupted run with its stored settings: the one of an id, or the latest.

    One that is finished already is read back. Raises UsageError where no run was interrupted.
    """
    from harness.cluster.folder import find_cluster
    from harness.running.reading_back import checked_report
    from harness.system.store.runs import making_sense

    check_keywords("resume", options, Place)
    config = config_of(options)
    results = runs_of(options, config).absolute()
    cluster = find_cluster(results, run_id)
    if cluster is not None and (run_id or not has_interrupted(results)):
        return cast(RunResult, come_back_to(config, cluster, options, again=True))
    stored = find_interrupted(results, run_id)
    if stored.finished:
        return RunResult(checked_report(stored))
    with making_sense(stored.folder):
        config, cells = stored_cells(stored, config)
        settings, origin = of_plan(stored.plan), stored.plan["origin"]
    experiment = Experiment(tuple(cells), settings, shared_level=True, origin=origin)
    return _performed(config, options, experiment, folder=stored.folder)


@documented(StoredOptions)
def compare_stored(
    reference: str, candidate: str, **options: Unpack[StoredOptions]
) -> StoredVerdicts:
    """Judge all stored blocks of two targets again and together; nothing runs.

    Names are those of the store. There is a verdict for each machine, case, mode and pair of
    builds. Raises UsageError where no block has both, DataUnreadable where none can be read.
    """
    from harness.running.stored_verdicts import StoredQuery, judge_stored

    check_keywords("compare_stored", options, StoredOptions)
    labels = label_of(reference), label_of(candidate)
    check_apart(*labels)
    settings = settings_of(options)
    mode = settings.mode if options.get("mode") is not None else None
    wanted = StoredQuery(settings.question, options.get("case"), mode)
    return judge_stored(runs_of(options, config_of(options)), *labels, wanted)


@documented(TryOptions)
def try_variants(*variants: str | PathLike[str], **options: Unpack[TryOptions]) -> TryResult:
    """Build, check and race variants of a target, and confirm the best one on fresh blocks.

    Each is a patch, a folder of files, a revision, or the name of code that was put aside; `flags`
    are further ones. They are changes of the code as it is now, which is what they race against.
    One that is wrong or cannot be built stops nothing: see `standings` of the result. Raises
    UsageError for what makes no sense, and what is wrong with the code as it is now.
    """
    from harness.running.named_figures import plugins_named
    from harness.running.together import race_together
    from harness.running.variants import (
        chosen_target,
        field_of,
        keep_leftover,
        keep_together,
        named_variants,
    )

    check_keywords("try_variants", options, TryOptions)
    trying = trying_of(options)
    config = required_config(config_of(options))
    target = chosen_target(config, options.get("target"))
    flags = options.get("flags", ())
    named = named_variants(
        [fspath(variant) for variant in variants],
        [flags] if isinstance(flags, str) else flags,
        Git(config.root),
    )
    guards = (guard.name for guard in trying.settings.question.guards)
    own = plugins_named([trying.metric, *guards], config)
    raced = replace(trying.settings, metrics=(*trying.settings.metrics, *own))
    with (
        measuring(config, options, raced, apart=True) as session,
        field_of(session, (target, options.get("case")), named) as field,
    ):
        found = race_together(session, field, trying)
        git = Git(config.root)
        kept = keep_leftover(git, found, field.commits.values())
        return keep_together(git, kept, field.base)


def save_variant(name: str, **options: Unpack[Surroundings]) -> str:
    """Put the code of now aside as a variant to try, and HEAD back; the commit that has it.

    Files that git does not know stay where they are. Raises NotAllowed where nothing has changed.
    """
    from harness.running.variants import put_aside

    check_keywords("save_variant", options, Surroundings)
    return put_aside(Git(required_config(config_of(options)).root), name)


def load(
    results: str | PathLike[str] | RunResult | ComparisonResult | TableResult | None = None,
    *,
    of: Literal["trials", "measurements", "targets"] = "trials",
    columns: str | Sequence[str] | None = None,
    target: str | None = None,
) -> pd.DataFrame:
    """Stored trials, measurements, or targets over all runs, as a table of pandas: one row each.

    `results` is a folder of runs, the folder of one run, or what `run` or `compare` gave; left
    out, the results of the project around the current folder. `columns` and `target` say what of
    it is read; each metric of the trials is a column `metrics.NAME`. Of a target the table has the
    median of each figure in `columns`, its least and its greatest. Of many runs a damaged one is
    left out, warned of, and named in `attrs["damaged"]`.
    """
    from harness.running.loading import load_frame

    if isinstance(results, (RunResult, ComparisonResult, TableResult)):
        folder = results.folder
    else:
        place: Place = {} if results is None else {"results": results}
        check_keywords("load", place, Place)
        folder = Path(results) if results is not None else runs_of({}, config_of({}))
    return load_frame(folder, of, columns, target)


@documented(HistoryOptions)
def history(**options: Unpack[HistoryOptions]) -> HistoryResult:
    """List the stored runs and their measurements, oldest first: all, or those that are asked for.

    `since` is a date, an age such as `7d`, or a datetime or timedelta. A damaged run is named in
    `damaged` and stops nothing. Raises UsageError for a `since` that makes no sense.
    """
    from harness.running.catalogue import HistoryQuery
    from harness.running.history import list_runs, parse_since

    check_keywords("history", options, HistoryOptions)
    earliest_ns = parse_since(options.get("since"))
    wanted = HistoryQuery(options.get("task"), options.get("target"), earliest_ns)
    return list_runs(runs_of(options, config_of(options)), wanted)


@documented(ProfileOptions)
def profile(target: str | PathLike[str], **options: Unpack[ProfileOptions]) -> ProfileResult:
    """Say where a target or a file spends its time: phases first, then functions or lines.

    A profiler that fails raises nothing: see `failure` of the result. Raises UsageError for what
    makes no sense or what the language's profilers cannot do.
    """
    from harness.profiling import asking

    check_keywords("profile", options, ProfileOptions)
    target = asking.named_target(target)
    wishes = {k: v for k, v in options.items() if k in ProfileWishes.__optional_keys__}
    asking.check_wishes(wishes)
    config, cells, revision = asking.what_to_profile(target, options)
    if options.get("against") == asking.BASELINE:
        from harness.bench.asking import baseline_commit

        wishes["against"] = baseline_commit(config, target, options.get("campaign"))
    with measuring(config, options) as session:
        return asking.profile_cells(session, cells, wishes, revision)  # type: ignore[arg-type]


def doctor(*, watch_s: float = 1.0) -> DoctorReport:
    """Say what on this machine makes timings unreliable; watches the CPUs for `watch_s`."""
    from harness.running.doctoring import look_at_this_machine

    with interruptible():
        return look_at_this_machine(watch_s)


def adapters() -> Installation:
    """Say what is installed of adapters and plugins, and what each finds on this machine.

    What does not serve is named in `left_out`, and raises nothing.
    """
    from harness.running.installation import look_at_the_installation

    with one_at_a_time():
        return look_at_the_installation()


# -- what several of them share --------------------------------------------------------------------


def _performed(
    config: Config,
    options: Place,
    experiment: Experiment,
    *,
    folder: Path | None = None,
    executor: str = LOCAL,
) -> RunResult:
    with measuring(config, options, experiment.settings) as session:
        suites = with_benchmarks(session, experiment.cells, cast(RunOptions, options).get("case"))
        experiment = replace(
            experiment, cells=suites.cells, settings=suites.settings(experiment.settings)
        )
        report = execute(session, experiment, executor, folder)
    result = RunResult(report.as_stored())
    if report.interrupted:
        raise Interrupted(result)
    return result
