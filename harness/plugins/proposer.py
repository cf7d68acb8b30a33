"""One proposer behind a typed facade."""

from __future__ import annotations

from typing import ClassVar

from harness.hookspecs import ProposerSpec, Runner, Worktree
from harness.model import Brief, Proposal, Reflection
from harness.plugins.single import SinglePlugin


class Proposer(SinglePlugin):
    """One proposer's hooks as ordinary typed methods."""

    KIND: ClassVar = "proposer"
    GROUP: ClassVar = "harness.proposers"
    SPEC: ClassVar = ProposerSpec
    REQUIRED: ClassVar = ("harness_propose", "harness_implement")
    DOCS: ClassVar = "docs/proposers.md"

    def propose(self, brief: Brief, runner: Runner) -> Proposal | None:
        found: Proposal | None = self._call("harness_propose", Proposal, brief=brief, runner=runner)
        return found

    def implement(
        self, brief: Brief, proposal: Proposal, problem: str, runner: Runner, worktree: Worktree
    ) -> bool:
        arguments = {"brief": brief, "proposal": proposal, "problem": problem, "runner": runner}
        return bool(self._call("harness_implement", bool, **arguments, worktree=worktree))

    def reflect(
        self, brief: Brief, proposal: Proposal, result: str, runner: Runner
    ) -> Reflection | None:
        arguments = {"brief": brief, "proposal": proposal, "result": result, "runner": runner}
        found: Reflection | None = self._call("harness_reflect", Reflection, **arguments)
        return found
