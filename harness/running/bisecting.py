"""Finds the commit that made a target slower, by interleaved comparisons under one error level."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from harness.analysis.bisection import Search, Speed, most_comparisons, of_answers
from harness.errors import (
    AdapterError,
    AnswerIsNo,
    BuildFailed,
    ExitCode,
    HarnessError,
    StorageFailed,
    TrialFailed,
    Undecided,
    UsageError,
)
from harness.frozen import dataclass
from harness.model import Case, Comparison, Target, Verdict
from harness.model.families import each_confidence
from harness.model.jsonable import jsonable
from harness.render.units import count_of
from harness.running.bisect_results import SHORT, BisectResult, CommitAnswer, NoAnswer
from harness.running.bisect_store import AnswerStore
from harness.running.experiment import Experiment, perform
from harness.running.pairs import check_comparable, target_cells
from harness.running.reports import Report
from harness.running.session import Session
from harness.running.settings import Settings, to_plan
from harness.running.suites import of_declared
from harness.system.git.writing import Git


@dataclass(frozen=True, slots=True)
class BisectRequest:
    """What is asked: which commit between two made a target slower."""

    target: str
    good: str
    bad: str
    case: str | None
    settings: Settings
    given: str = ""
    """What harness.toml gives the target, as `given_by`: after a change of that the answers are
    those to another question."""

    def label(self, commit: str) -> str:
        """The target at a commit, as runs name it."""
        return f"{self.target}@{commit[:SHORT]}"

    @property
    def key(self) -> str:
        """What tells its stored answers from those to other questions."""
        plan = to_plan(self.settings)
        asked = {k: plan[k] for k in ("mode", "design", "jail", "seeds", "question", "cpus")}
        named = [self.target, self.good, self.bad, self.case, self.given]
        content = json.dumps([*named, asked], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:16]


def given_by(target: Target, case: Case) -> str:
    """What harness.toml says of a target and its case, but for the code and data of a commit."""
    said = [case.name, jsonable(case.params), case.seed, target.args, sorted(target.env.items())]
    said += [target.launch] * bool(target.launch)
    return json.dumps([*said, jsonable(target.options)], sort_keys=True)


def commits_to_search(git: Git, good: str, bad: str) -> tuple[str, ...]:
    """The commits after `good` up to `bad`, the oldest first, by first parents.

    UsageError where the one does not lie behind the other.
    """
    if good == bad:
        raise UsageError(f"{good[:SHORT]} is both: name a good commit and a later, bad one")
    if not git.is_ancestor(good, bad):
        if git.is_ancestor(bad, good):
            raise UsageError(
                f"{bad[:SHORT]} comes before {good[:SHORT]}",
                hint="The good commit is the earlier one; a change for the better is found by"
                " `harness compare`.",
            )
        common = git.common(good, bad)
        raise UsageError(
            f"{good[:SHORT]} does not lie behind {bad[:SHORT]}",
            hint=f"Begin where they part: {common[:SHORT]}." if common else "They share no commit.",
        )
    found = git.commits_between(good, bad, first_parent=True)
    return tuple(commit for commit, _ in reversed(found))


class Bisection:
    """A search under way: asks, stores every answer before the next question, and tells it."""

    def __init__(self, session: Session, request: BisectRequest, store: AnswerStore) -> None:
        self.session = session
        self.git = Git(session.config.root)
        self.commits = commits_to_search(self.git, request.good, request.bad)
        self.most = most_comparisons(len(self.commits))
        asked = request.settings.question
        together = 1 if asked.per_comparison else self.most
        question = replace(asked, confidence=each_confidence(asked.confidence, together))
        self.request = replace(request, settings=replace(request.settings, question=question))
        self.store = store

    def run(self) -> BisectResult:
        """Search to the end; raises where the ends themselves give no answer."""
        whole = self._whole()
        self._sharpen(whole)
        search = self._search()
        while (commit := search.next) is not None:
            self._answer(commit)
            search = self._search()
        return self._result(search)

    def _whole(self) -> CommitAnswer:
        """The bad commit against the good one, before anything is searched."""
        answer = self.store.answers.get(self.request.bad)
        if answer is None:
            self.session.tell(
                f"{count_of(len(self.commits), 'commit')}, at most"
                f" {count_of(self.most, 'comparison')}, each at"
                f" {100 * self.request.settings.question.confidence:.6g} %"
            )
            comparison = self._compare(self.request.bad)
            answer = CommitAnswer.of(self.request.bad, _SPEEDS[comparison.verdict], comparison)
            self.store.add(answer)
        if answer.speed is Speed.SLOW:
            return answer
        good, bad = (self.request.label(c) for c in (self.request.good, self.request.bad))
        if answer.speed is Speed.GOOD:
            raise AnswerIsNo(
                f"{bad} is not slower than {good}: {answer.shown}",
                hint="There is nothing to search for. `anew` measures it once more.",
            )
        raise Undecided(
            f"whether {bad} is slower than {good} is undecided: {answer.shown}",
            hint="`anew` with a larger `budget` may decide it.",
        )

    def _sharpen(self, whole: CommitAnswer) -> None:
        """From now on what lies within half of the way to the bad commit does not matter."""
        settings = self.request.settings
        nearest = min(1.0, whole.ratio[2])
        half = 1 / math.sqrt(nearest) - 1 if nearest > 0 else 0.0
        threshold = min(0.5, max(settings.question.threshold, half))
        question = replace(settings.question, threshold=threshold, metric=whole.metric)
        self.request = replace(self.request, settings=replace(settings, question=question))

    def _search(self) -> Search:
        return of_answers(
            self.commits, {c: answer.speed for c, answer in self.store.answers.items()}
        )

    def _answer(self, commit: str) -> None:
        left = len(self._search().suspects)
        self.session.tell(f"{left} commits left: {commit[:SHORT]} {self._subject(commit)}")
        try:
            comparison = self._compare(commit)
        except StorageFailed:
            raise
        except (NoAnswer, UsageError, BuildFailed, TrialFailed, AdapterError) as problem:
            answer = CommitAnswer(commit, Speed.SKIPPED, why=problem.message)
        else:
            answer = CommitAnswer.of(commit, _SPEEDS[comparison.verdict], comparison)
        self.store.add(answer)
        self.session.tell(f"{commit[:SHORT]}: {answer.speed.value}{answer.because}")

    def _compare(self, commit: str) -> Comparison:
        """A commit against the good one; an error where it cannot be built, run or compared."""
        labels = self.request.label(self.request.good), self.request.label(commit)
        with target_cells(self.session, labels, self.request.case) as cells:
            check_comparable(*cells)
            experiment = Experiment(
                tuple(of_declared(self.session, cell) for cell in cells),
                self.request.settings,
                pairs=(labels,),
                origin={"kind": "bisect", "specs": list(labels)},
            )
            report = perform(self.session.orchestrator, self.session.results, experiment)
        if report.interrupted:
            raise KeyboardInterrupt
        for problem in _problems(report, labels):
            raise problem
        return report.run.comparisons[0]

    def _subject(self, commit: str) -> str:
        return self.git.message(commit).partition("\n")[0]

    def _result(self, search: Search) -> BisectResult:
        suspects = search.suspects
        before = self.commits.index(suspects[0]) - 1
        return BisectResult(
            target=self.request.target,
            case=self.request.case,
            good=self.request.good,
            bad=self.request.bad,
            found=search.found,
            suspects=suspects,
            subjects={c: self._subject(c) for c in (*suspects, *search.answers)},
            answers=tuple(self.store.answers[c] for c in self.commits if c in self.store.answers),
            before=self.commits[before] if before >= 0 else self.request.good,
            parents=self.git.parents(suspects[-1]),
            confidence=1 - (1 - self.request.settings.question.confidence) * self.most,
            most=self.most,
            commits=len(self.commits),
        )


_SPEEDS = {
    Verdict.FASTER: Speed.GOOD,
    Verdict.EQUIVALENT: Speed.GOOD,
    Verdict.SLOWER: Speed.SLOW,
    Verdict.MIXED: Speed.SLOW,
    Verdict.UNDECIDED: Speed.UNDECIDED,
}


def _problems(report: Report, labels: tuple[str, str]) -> Iterator[HarnessError]:
    """Why there is no comparison: the worst of both sides, or that no block has both."""
    for key, failure in report.failures.items():
        if failure.exit_code is ExitCode.ANSWER_IS_NO:
            yield NoAnswer(f"{key[2]} computes something else: {failure.message}")
        kinds = {ExitCode.BUILD: BuildFailed, ExitCode.ADAPTER: AdapterError}
        yield kinds.get(failure.exit_code, TrialFailed)(f"{key[2]}: {failure.message}")
    if not report.run.comparisons:
        yield NoAnswer(f"no block has a figure of both {labels[0]} and {labels[1]}")


def answers_folder(state: Path) -> Path:
    """Where the answers of searches are kept, below a project's state."""
    return state / "bisects"
