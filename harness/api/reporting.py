"""`harness.report`: a run, a task or a campaign as a page for colleagues."""

from __future__ import annotations

from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from harness.api.documenting import documented
from harness.errors import UsageError
from harness.running.keywords import ReportOptions, check_keywords, config_of, runs_of
from harness.running.run_results import Reported

if TYPE_CHECKING:
    from harness.pages.made_pages import PageResult
    from harness.project.config import Config
    from harness.render.documents import Document


@documented(ReportOptions)
def report(
    what: str | PathLike[str] | Reported | None = None, **options: Unpack[ReportOptions]
) -> PageResult:
    """Make a page of a run, a task or a campaign: the answer in words, tables, pictures, doubts.

    `what` is a run (its id, the beginning of it, its folder, or what `run` and `compare` gave), or
    the name of a campaign; left out, the latest run. Nothing is measured. In a notebook the result
    is the page itself. Raises UsageError for what is none of these, and DataUnreadable where it
    cannot be read.
    """
    from harness import __version__
    from harness.pages.made_pages import PageResult, format_of, write_page, write_pictures

    check_keywords("report", options, ReportOptions)
    path = Path(options["path"]) if options.get("path") is not None else None
    style = format_of(path, options.get("format"))
    config = config_of(options)
    document = _document(what, config, options)
    result = PageResult(document, f"Made by optim-harness {__version__}, from what is stored.")
    written = [write_page(result, path, style)] if path is not None else []
    if options.get("plots") is not None:
        written += write_pictures(document, Path(options["plots"]))
    return PageResult(document, result.made_by, tuple(written))


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
    from harness.optimise.campaign import Campaign
    from harness.pages.of_campaign import campaign_document

    return campaign_document(Campaign(config, name).progress)
