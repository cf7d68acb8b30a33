"""`harness.report`: a run, a task or a campaign as a page for colleagues."""

from __future__ import annotations

import shlex
from dataclasses import replace
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from harness.api.documenting import documented
from harness.errors import UsageError
from harness.pages.made_pages import (
    PICTURES,
    PageResult,
    format_of,
    write_page,
    write_picture,
    write_pictures,
)
from harness.running.keywords import ReportOptions, TrendOptions, check_keywords, config_of, runs_of
from harness.running.run_results import Reported

if TYPE_CHECKING:
    from harness.project.config import Config
    from harness.render.documents import Document
    from harness.running.trends import TrendsResult


@documented(ReportOptions)
def report(
    what: str | PathLike[str] | Reported | None = None, **options: Unpack[ReportOptions]
) -> PageResult:
    """Make a page of a run, a task or a campaign: the answer in words, tables, pictures, doubts.

    `what` is a run (its id, the beginning of it, its folder, or what `run` and `compare` gave), or
    the name of a campaign; left out, what was done last here: the latest run, or a campaign that
    was gone on with since. Nothing is measured. In a notebook the result is the page itself. Raises
    UsageError for what is none of these, and DataUnreadable where it cannot be read.
    """
    check_keywords("report", options, ReportOptions)
    path = Path(options["path"]) if options.get("path") is not None else None
    style = format_of(path, options.get("format"))
    config = config_of(options)
    note = ""
    if what is None and options.get("task") is None and options.get("results") is None:
        what, note = _done_last(config, runs_of(options, config))
    document = _document(what, config, options)
    result = PageResult(document, made_by(), note=note)
    written = [write_page(result, path, style)] if path is not None else []
    if options.get("plots") is not None:
        written += write_pictures(document, Path(options["plots"]))
    return replace(result, written=tuple(written))


@documented(TrendOptions)
def trends(**options: Unpack[TrendOptions]) -> TrendsResult:
    """Say how the time of each target went from run to run, and where it changed its level.

    That a change is seen where there is none has a chance of 5 % for all trends together, or with
    `per_comparison` for each by itself. Trends are of one target, case, mode and machine, in the
    order of the commits, where all are known, else of time; `metric` names another figure than wall
    time. `path` is a file to write: .html or .md for all of them, .svg or .png for a single one.
    Raises UsageError for what makes no sense.
    """
    from harness.pages.of_history import history_document, trend_picture
    from harness.running.catalogue import HistoryQuery
    from harness.running.history import parse_since
    from harness.running.trend_figures import metric_of_trends
    from harness.running.trends import trends_of

    check_keywords("trends", options, TrendOptions)
    earliest_ns = parse_since(options.get("since"))
    wanted = HistoryQuery(options.get("task"), options.get("target"), earliest_ns)
    alone = options.get("per_comparison", False)
    metric = metric_of_trends(options.get("metric"))
    results = runs_of(options, config_of(options))
    found = trends_of(results, wanted, metric, per_comparison=alone)
    if not (found.trends or found.damaged or metric.is_known):
        raise UsageError(
            f"no stored run that fits has the figure {metric.value!r}",
            hint="harness.load(of='measurements') has the figures that are stored.",
        )
    if options.get("path") is None:
        return found
    path = Path(options["path"])
    if path.suffix.lower() in PICTURES:
        if len(found.trends) != 1:
            raise UsageError(
                f"{path} is one picture, and there are {len(found.trends)} trends",
                hint="Name a task and a target, or write .html, which has all of them.",
            )
        write_picture(trend_picture(found.trends[0], 1), path)
    else:
        style = format_of(path, None)
        write_page(PageResult(history_document(found), made_by()), path, style)
    return replace(found, written=(path,))


def made_by() -> str:
    from harness import __version__

    return f"Made by optim-harness {__version__}, from what is stored."


def _done_last(config: Config, results: Path) -> tuple[str | None, str]:
    """The name of what was done last here, and how to get the other; None: the latest run."""
    from harness.optimise.done_last import done_last

    last = done_last(config, results)
    if last.campaign is None:
        return None, ""
    if not last.campaign_is_later:
        other = shlex.quote(last.campaign)
        return None, f"of the latest run; `harness report {other}` is of the campaign"
    run = f"; `harness report {last.run}` is of the latest run" if last.run else ""
    return last.campaign, f"of the campaign {last.campaign}, which was at work last{run}"


def _document(what: object, config: Config, options: ReportOptions) -> Document:
    from harness.pages.choosing import named_run, run_of_task
    from harness.pages.of_run import run_document
    from harness.system.store.run_file import read_run

    if isinstance(what, Reported):
        return run_document(read_run(what.folder))
    name = None if what is None else fspath(what)  # type: ignore[call-overload]
    results, task = runs_of(options, config), options.get("task")
    if task is not None:
        if name is not None:
            raise UsageError(f"a report is of {name} or of the task {task}, not of both")
        return run_document(*run_of_task(task, results))
    if name is not None and name in config.campaigns:
        return _of_campaign(config, name)
    return run_document(named_run(name, results, config.campaigns))


def _of_campaign(config: Config, name: str) -> Document:
    from harness.baseline.document import decode
    from harness.optimise.campaign import Campaign
    from harness.pages.of_campaign import campaign_document
    from harness.project.workload import BASELINE_NAME, campaign_folder
    from harness.render.tables import option_words
    from harness.system.store.files import read_kept

    progress = Campaign(config, name).progress
    path = campaign_folder(config, name) / BASELINE_NAME
    if not path.is_file():
        return campaign_document(progress)
    made = decode(read_kept(path), str(path))
    options = option_words(made.recipe.options) or "default"
    toolchain = (made.recipe.name, made.toolchain.version.partition("\n")[0], options)
    return campaign_document(progress, made.host, toolchain)
