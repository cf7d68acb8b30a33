"""`harness.bisect`: the commit that made a target slower."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from harness.api.documenting import documented
from harness.api.one_call import measuring
from harness.project.finding import required_config
from harness.running.keywords import (
    BisectOptions,
    check_keywords,
    comparison_settings,
    config_of,
    settings_of,
)

if TYPE_CHECKING:
    from harness.running.bisect_results import BisectResult


@documented(BisectOptions)
def bisect(target: str, good: str, bad: str, **options: Unpack[BisectOptions]) -> BisectResult:
    """Find the commit between two that made a target slower, by interleaved comparisons.

    Each commit that is looked at runs against the good one; all comparisons share one error level.
    Merges are followed by their first parents. Commits that do not build, do not run or compute
    something else are skipped. Every answer is kept: the same call after a kill goes on. The
    working tree is not touched. Raises AnswerIsNo where the bad commit is not slower, Undecided
    where that is not sure, Interrupted after Ctrl-C, and UsageError for what makes no sense.
    """
    from harness.running.bisect_store import AnswerStore
    from harness.running.bisecting import Bisection, BisectRequest, answers_folder, given_by
    from harness.system.git.writing import Git

    check_keywords("bisect", options, BisectOptions)
    settings = comparison_settings(settings_of(options))
    config = required_config(config_of(options))
    case = config.case_of(config.target(target), options.get("case"))
    given = given_by(config.target(target), case)
    git = Git(config.root)
    ends = git.resolve(good), git.resolve(bad)
    request = BisectRequest(target, *ends, options.get("case"), settings, given)
    with measuring(config, options, settings, apart=True) as session:
        path = answers_folder(session.state) / f"{request.key}.json"
        store = AnswerStore.open(path, anew=options.get("anew", False))
        return Bisection(session, request, store).run()
