"""The workbench of a campaign that is measured on a cluster: each piece of work is a job of a node.

The agent, the journal and git stay here; a node has the files and commits as they are now, builds
every side of a look itself, and measures all of them there. What it wrote among the records is
brought back. A look that is gone on with goes on on the node where it began: its blocks are of one
machine.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from harness.campaign.events import builtins
from harness.campaign.port import BenchRequest, SealedBaseline
from harness.campaign.profile_values import ProfileOutcome
from harness.campaign.values import BenchOutcome, CaseResult, Terms, TestOutcome
from harness.campaign.wrongs import Counterexample, FirstWrong
from harness.cluster.asked_steps import NodeAnswer, NodeWork, done_on_a_node, is_under_way
from harness.cluster.running import config_words
from harness.errors import ConfigError
from harness.model import Verdict
from harness.optimise.conditions import Cases, Conditions
from harness.optimise.outcomes import outcome_of
from harness.optimise.workbench import LocalWorkbench
from harness.plugins import Executor
from harness.project.config import Config
from harness.running import Listener
from harness.running.session import Session, open_session
from harness.system.store.files import copy_atomically, storage_errors
from harness.system.store.parquet import read_parquet
from harness.system.store.seal import SEAL_NAME

MODULE = "harness.cli.campaign.node_step"
"""What a node runs."""
FOLLOWED = ("account", "qos", "time", "poll", "settle", "patience", "job_time")
"""Keys that say nothing of where or how it is measured: those of harness.toml as it is now."""

_Value = TypeVar("_Value")


def sealed_table(config: Config, name: str) -> str:
    """`[executors.NAME]` as the terms of a campaign keep it.

    ConfigError where no scheduler has that name, UsageError where none at all has.
    """
    if not Executor.find(name).schedules:
        raise ConfigError(
            f"executor {name!r} is no cluster's scheduler, and a campaign goes to one, or is made"
            " here",
            hint='Leave `executor` out, or say `executor = "slurm"`.',
        )
    return json.dumps(dict(config.executors.get(name, {})), sort_keys=True)


def as_sealed(config: Config, terms: Terms) -> Config:
    """The configuration with the executor's table of the terms."""
    now = config.executors.get(terms.executor, {})
    sealed = json.loads(terms.executor_table or "{}")
    table = {key: value for key, value in sealed.items() if key not in FOLLOWED}
    table |= {key: value for key, value in now.items() if key in FOLLOWED}
    return replace(config, executors={**config.executors, terms.executor: table})


class NodeWorkbench(LocalWorkbench):
    """Builds and runs the target of a campaign on the nodes of a cluster."""

    def __init__(
        self,
        config: Config,
        campaign: str,
        executor: str,
        listener: Listener | None = None,
        conditions: Conditions | None = None,
    ) -> None:
        super().__init__(config, campaign, listener, conditions)
        self._executor = Executor.find(executor)

    def baseline(self) -> SealedBaseline:
        """The sealed baseline, made on a node and tagged here where that was not done yet."""
        if (self._workload.folder / SEAL_NAME).exists():
            return super().baseline()
        answer = self._asked("baseline")
        made = _value(answer, SealedBaseline)
        return replace(super().baseline(), notes=made.notes, place=self._place(answer))

    def profile(self) -> ProfileOutcome:
        """Where the time goes, on a node."""
        answer = self._asked("profile")
        return replace(_value(answer, ProfileOutcome), place=self._place(answer))

    def test(self, *, full: bool) -> TestOutcome:
        """Build and check the tree on a node."""
        answer = self._asked("test", full=full)
        return replace(_value(answer, TestOutcome), place=self._place(answer))

    def first_wrong(
        self, states: Sequence[str], shown: Counterexample, tries: int = 1
    ) -> FirstWrong:
        """Which of these commits is the first to be wrong there, on a node."""
        values = {"states": list(states), "shown": builtins(shown), "tries": tries}
        answer = self._asked("first_wrong", **values)
        return _value(answer, FirstWrong)

    def under_way(self, request: BenchRequest) -> bool:
        """Was this look begun by a call that was called off, so that its job may have an answer?"""
        with self._nodes() as session:
            return is_under_way(session, self._look("bench", request, Cases.TOGETHER))

    def bench(self, request: BenchRequest, cases: Cases = Cases.ALL) -> BenchOutcome:
        """One look, each of whose jobs has all of its sides on one node; the full case is one."""
        return self._looked("bench", request)

    def merged(self, request: BenchRequest, cases: Cases = Cases.ALL) -> BenchOutcome:
        """The merged state against the last kept one, on nodes."""
        return self._looked("merged", request)

    def _looked(self, method: str, request: BenchRequest) -> BenchOutcome:
        first, answer = self._part(method, request, Cases.TOGETHER)
        answers, outcome = [answer], first
        if request.full and not _is_answered(first, request):
            full, answer = self._part(method, request, Cases.FULL)
            answers.append(answer)
            whole = outcome_of((*first.together, full.fast), request)
            outcome = replace(whole, flagged=first.flagged)
        # Not before all of it is there: what is called off between two jobs loses neither.
        for each in answers:
            each.folder.take()
        return outcome

    def _part(
        self, method: str, request: BenchRequest, cases: Cases
    ) -> tuple[BenchOutcome, NodeAnswer]:
        with self._nodes() as session:
            answer = self._done(session, self._look(method, request, cases))
        found, place = _value(answer, BenchOutcome), self._place(answer)

        def placed(result: CaseResult) -> CaseResult:
            return replace(result, place=place)

        others = tuple(placed(each) for each in found.others)
        return replace(found, fast=placed(found.fast), others=others), answer

    def _look(self, method: str, request: BenchRequest, cases: Cases) -> NodeWork:
        asked = {"request": builtins(request), "cases": cases.value}
        return self._work(method, asked, node=self._node_of_earlier(request, cases))

    def _node_of_earlier(self, request: BenchRequest, cases: Cases) -> str:
        """The node that has the blocks which are gone on with; empty: there are none, or here."""
        earlier = self._earlier(request)
        wanted = [case.name for case in cases.of(self._workload).measured(full=False)]
        nodes = {row["node"] for name in wanted for row in _rows(earlier.get(name))}
        return next(iter(nodes - {None, ""}), "") if len(nodes) == 1 else ""

    def _asked(self, method: str, **values: Any) -> NodeAnswer:
        with self._nodes() as session:
            answer = self._done(session, self._work(method, values))
        answer.folder.take()
        return answer

    def _nodes(self) -> AbstractContextManager[Session]:
        return open_session(self._config, listener=self._listener)

    def _work(self, method: str, values: dict[str, Any], node: str = "") -> NodeWork:
        asked = {
            "campaign": self._campaign,
            "conditions": builtins(self._conditions),
            "method": method,
            "values": values,
        }
        words = (MODULE, *config_words(self._config), json.dumps(asked, sort_keys=True))
        place = os.path.relpath(self._workload.folder, self._config.root)
        return NodeWork(self._executor, method, words, place, node)

    def _done(self, session: Session, work: NodeWork) -> NodeAnswer:
        """The answer, once what was written among the records is among ours."""
        answer = done_on_a_node(session, work)
        _bring(answer.records, self._workload.folder)
        return answer

    def _place(self, answer: NodeAnswer) -> str:
        return f"{answer.node}, {self._executor.name} job {answer.job}"


def _value(answer: NodeAnswer, kind: type[_Value]) -> _Value:
    return msgspec.convert(answer.found, kind)


def _is_answered(first: BenchOutcome, request: BenchRequest) -> bool:
    """Is the answer known, whatever the full case would say?"""
    slower = any(case.step.verdict is Verdict.SLOWER for case in first.together)
    return not first.correct or (slower and request.look > 0)


def _rows(path: Path | None) -> Sequence[Any]:
    return read_parquet(path) if path is not None else ()


def _bring(source: Path, target: Path) -> None:
    """Copy what a node wrote among the records to its place here, the seal last."""
    paths = [path for path in source.rglob("*") if path.is_file()] if source.is_dir() else []
    for path in sorted(paths, key=lambda found: (found.name == SEAL_NAME, found)):
        made = target / path.relative_to(source)
        with storage_errors(made.parent):
            made.parent.mkdir(parents=True, exist_ok=True)
            copy_atomically(path, made)
