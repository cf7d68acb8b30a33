"""Random commands in random order: whatever is refused, the state stays valid and complete.

The rules call commands without asking whether they are allowed. After each one the journal folds,
the logs are those of the events, the kept code is what git has, and `next` names a command that is
not refused.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from harness.campaign.folding import fold
from harness.campaign.iteration import Outcome
from harness.campaign.state import Step
from harness.errors import HarnessError, NotAllowed, UsageError
from harness.model import Verdict
from harness.model.proposals import Reflection
from harness.optimise import (
    BenchOptions,
    bench_candidate,
    check_candidate,
    commit,
    decide,
    log,
    next_action,
    plan,
    revert,
    run_profile,
    skip,
    think,
)
from harness.optimise.journal import read_events


def machine(started, thought, planned, pristine: Path) -> type[RuleBasedStateMachine]:
    """A state machine over copies of a campaign that has just started."""

    class Commands(RuleBasedStateMachine):
        @initialize()
        def begin(self) -> None:
            shutil.rmtree(started.root)
            shutil.copytree(pristine, started.root, symlinks=True)
            self.events: list = []

        def call(self, command) -> None:
            try:
                command(started.campaign)
            except (NotAllowed, UsageError):
                assert len(started.campaign.events) - len(self.events) <= 1
            except HarnessError as problem:
                raise AssertionError(f"neither done nor refused: {problem!r}") from problem

        @rule()
        def profile(self) -> None:
            self.call(lambda c: run_profile(c, started.bench))

        @rule(low=st.sampled_from([1.1, 1.5, 9.0]))
        def think(self, low: float) -> None:
            self.call(lambda c: think(c, thought(low=low, high=low + 0.5)))

        @rule(title=st.sampled_from(["a", "b"]))
        def plan(self, title: str) -> None:
            self.call(lambda c: plan(c, planned(title)))

        @rule(
            time=st.sampled_from([40, 80, 100, 150]),
            output=st.sampled_from(["right", "right", "wrong"]),
            build=st.sampled_from(["works", "works", "broken"]),
            noise=st.sampled_from([0.005, 0.005, 1]),
        )
        def edit(self, **change: object) -> None:
            started.write(**change)

        @rule()
        def touch_protected(self) -> None:
            (started.root / "tests" / "check.txt").write_text("touched\n")

        @rule()
        def mend_protected(self) -> None:
            (started.root / "tests" / "check.txt").write_text("checked\n")

        @rule()
        def test(self) -> None:
            self.call(lambda c: check_candidate(c, started.bench, full=False))

        @rule(again=st.booleans())
        def bench(self, again: bool) -> None:
            self.call(lambda c: bench_candidate(c, started.bench, BenchOptions(again=again)))

        @rule(
            surprise=st.sampled_from(["None", "it was slower than I thought"]),
            abandon=st.sampled_from(["", "", "no way"]),
        )
        def log(self, surprise: str, abandon: str) -> None:
            note = Reflection(surprise, "n", "w", "l")
            self.call(lambda c: log(c, note, abandon))

        @rule()
        def commit(self) -> None:
            self.call(commit)

        @rule()
        def revert(self) -> None:
            self.call(revert)

        @rule()
        def decide(self) -> None:
            self.call(decide)

        @rule()
        def skip(self) -> None:
            self.call(lambda c: skip(c, "read", "the disk"))

        @rule()
        def follow_the_advice(self) -> None:
            """What `next` says is never refused by the state."""
            advice = next_action(started.campaign)
            note = Reflection("it was slower than I thought", "n", "w", "l")
            moves = {
                "PROFILE": lambda c: run_profile(c, started.bench),
                "THINK": lambda c: think(c, thought(low=1.1, high=1.2, reason="fuzz")),
                "PLAN": lambda c: plan(c, planned("as advised")),
                "TEST": lambda c: check_candidate(c, started.bench, full=False),
                "LOG": lambda c: log(c, note, "undecided" if "--abandon" in advice.command else ""),
                "COMMIT": commit,
                "REVERT": revert,
                "DECIDE": decide,
                "SKIP": lambda c: skip(c, c.state.stuck_on(), "stuck"),
                "IMPLEMENT": lambda _: started.write(time=60, output="right", build="works"),
            }
            if advice.action in moves:
                moves[advice.action](started.campaign)

        @invariant()
        def all_of_it_holds(self) -> None:
            campaign = started.campaign  # read once for all: each reading asks git many times
            self.the_records_are_whole(campaign)
            self.only_what_is_right_and_faster_was_kept(campaign)
            self.the_kept_state_is_what_git_has(campaign)
            self.every_reverted_attempt_with_code_is_kept(campaign)
            self.there_is_always_a_next_action(campaign)

        def the_records_are_whole(self, campaign) -> None:
            events = read_events(started.root / "optim" / "events.jsonl")
            assert fold(events) == campaign.state
            assert events[: len(self.events)] == self.events
            self.events = events
            assert campaign.records.edited(events) == []

        def only_what_is_right_and_faster_was_kept(self, campaign) -> None:
            for iteration in campaign.state.kept:
                assert iteration.outcome is Outcome.KEPT
                assert iteration.bench is not None
                assert iteration.bench.correct
                assert iteration.bench.verdict is Verdict.FASTER
                assert iteration.note is not None

        def the_kept_state_is_what_git_has(self, campaign) -> None:
            state = campaign.state
            code = campaign.checkout.fingerprint_at(state.kept_commit, state.untracked)
            assert code == state.kept_tree
            commits = started.shell("log", "--format=%s", "main..").splitlines()
            assert sum(s.startswith("optim iter ") for s in commits) == len(state.kept)

        def every_reverted_attempt_with_code_is_kept(self, campaign) -> None:
            refs = started.git.refs("refs/harness/attempts/work/")
            for iteration in campaign.state.iterations:
                if iteration.closed and iteration.attempt:
                    assert iteration.attempt in refs.values()

        def there_is_always_a_next_action(self, campaign) -> None:
            assert next_action(campaign).command
            assert campaign.state.step is not Step.FINISHED

    return Commands


@pytest.mark.slow
def test_random_commands_never_reach_an_invalid_state(started, thought, planned):
    with tempfile.TemporaryDirectory() as folder:
        pristine = Path(folder) / "pristine"
        shutil.copytree(started.root, pristine, symlinks=True)
        run_state_machine_as_test(
            machine(started, thought, planned, pristine),
            settings=settings(
                max_examples=5,
                stateful_step_count=25,
                database=None,
                derandomize=True,
                suppress_health_check=list(HealthCheck),
            ),
        )
