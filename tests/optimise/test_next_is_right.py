"""What `harness next` says is accepted, changes something, and never comes twice for one state.

Between two pieces of advice a random hand does to the repository what hands do. The suite plays a
short game from fixed seeds; `make fuzz` plays a long one from new seeds (`FUZZ_COMMANDS=1000000`).
"""

from __future__ import annotations

import os
import random
import shlex
import subprocess
from collections.abc import Callable

import pytest

from harness.campaign.advice import Advice
from harness.model.forms import read_fields, read_plan, read_reflection, read_thought
from harness.optimise import (
    BenchOptions,
    abandon,
    bench_candidate,
    check_candidate,
    commit,
    decide,
    finish,
    log,
    next_action,
    plan,
    restore,
    revert,
    run_profile,
    skip,
    start,
    think,
)
from harness.project.config import load_config
from harness.system.git.listing import fingerprint, listing_here

COMMANDS = int(os.environ.get("HARNESS_FUZZ_COMMANDS", "45"))
SEEDS = tuple(map(int, os.environ.get("HARNESS_FUZZ_SEEDS", "1,2").split(",")))


def sh(world, command: str) -> None:
    subprocess.run(["sh", "-c", command], cwd=world.root, check=False, capture_output=True)


class Hand:
    """Does to a repository what nobody asked for; and what the forms ask for."""

    def __init__(self, world, seed: int) -> None:
        self.world, self.random = world, random.Random(seed)
        self.count = 0

    def change(self) -> None:
        """A change of the code, mostly to what still builds and is right."""
        self.count += 1
        self.world.write(
            time=self.random.choice([30, 50, 70, 100, 130]),
            full=self.random.choice([300, 500, 1000]),
            output=self.random.choice(["right"] * 5 + ["wrong"]),
            build=self.random.choice(["works"] * 5 + ["broken"]),
            run=self.random.choice(["works"] * 5 + ["crashes"]),
            noise=self.random.choice([0.005] * 4 + [1]),
            change=self.count,
        )

    def meddle(self) -> str:
        """One thing that hands do; its name."""
        deed = self.random.choice(self._deeds())
        deed()
        return deed.__name__

    def _deeds(self) -> list[Callable[[], None]]:
        code = [self._edit, self._protect, self._put_back, self._new_file]
        history = [self._by_hand, self._amend, self._merge_main, self._switch, self._detach]
        return [*code, *history, self._lock, self._begin_look]

    def _edit(self) -> None:
        self.change()

    def _protect(self) -> None:
        (self.world.root / "tests" / "check.txt").write_text(f"weaker {self.random.random()}\n")

    def _put_back(self) -> None:
        sh(self.world, "git checkout -- work.txt tests")

    def _new_file(self) -> None:
        (self.world.root / f"new{self.random.randrange(3)}.txt").write_text("new\n")

    def _by_hand(self) -> None:
        sh(self.world, "git commit -qam 'by hand'")

    def _amend(self) -> None:
        sh(self.world, "git commit -q --amend -m 'amended by hand'")

    def _merge_main(self) -> None:
        sh(
            self.world,
            "b=$(git symbolic-ref --short HEAD) && git stash -q && git switch -q main"
            f" && echo {self.random.random()} >> base.txt && git add base.txt"
            " && git commit -qm Meanwhile && git switch -q $b && git merge -q --no-edit main",
        )

    def _lock(self) -> None:
        (self.world.root / ".git" / "index.lock").touch()

    def _switch(self) -> None:
        sh(self.world, "git switch -q main")

    def _detach(self) -> None:
        sh(self.world, "git checkout -q --detach")

    def _begin_look(self) -> None:
        """A bench that is killed in the middle."""
        world, bench = self.world, self.world.bench

        class Killed(BaseException):
            pass

        def die(_):
            raise Killed

        original, bench.bench = bench.bench, die
        try:
            bench_candidate(world.campaign, bench, BenchOptions(budget_ns=2_000_000_000))
        except (Killed, Exception):
            pass
        finally:
            bench.bench = original


def fields(advice: Advice, hand: Hand) -> dict:
    found = read_fields(advice.template, "the form")
    # A form that is filled in says something else every time.
    return {k: f"{v} {hand.random.random()}" if k == "surprise" else v for k, v in found.items()}


def filled(advice: Advice, hand: Hand) -> dict:
    def fill(value):
        if isinstance(value, list):
            return [{k: f"filled {v[1:-1]}" for k, v in part.items()} for part in value]
        is_blank = isinstance(value, str) and value.startswith("<")
        return f"filled {value[1:-1]}"[:70] if is_blank else value

    return {k: fill(v) for k, v in fields(advice, hand).items()}


def obey(hand: Hand, advice: Advice) -> None:
    """Do exactly what the advice says: first the hand's part, then the command, form filled in."""
    world = hand.world
    if advice.first:
        hand.change()
    if not advice.command.startswith("harness "):
        subprocess.run(["sh", "-c", advice.command], cwd=world.root, check=True)
        return
    words = shlex.split(advice.command)[1:]
    campaign, bench = world.campaign, world.bench
    if words[0] == "think":
        form = filled(advice, hand)
        plan_of = {k: form.pop(k) for k in ("title", "optimization") if k in form}
        think(campaign, read_thought(form, "x"), read_plan(plan_of, "x") if plan_of else None)
    elif words[0] == "plan":
        plan(campaign, read_plan(filled(advice, hand), "x"))
    elif words[0] == "log":
        reason = words[words.index("--abandon") + 1] if "--abandon" in words else ""
        log(campaign, read_reflection(filled(advice, hand), "x"), reason)
    elif words[0] == "bench":
        seconds = words[words.index("--budget") + 1][:-1] if "--budget" in words else None
        budget_ns = int(seconds) * 10**9 if seconds else None
        full = "--validate-full" in words
        bench_candidate(campaign, bench, BenchOptions(full=full, budget_ns=budget_ns))
    elif words[0] == "skip":
        skip(campaign, words[1], "stuck")
    elif words[0] == "campaign" and words[1] == "abandon":
        abandon(load_config(world.root / "harness.toml"), "work")
    else:
        {
            "profile": lambda: run_profile(campaign, bench),
            "test": lambda: check_candidate(campaign, bench, full=False),
            "commit": lambda: commit(campaign),
            "revert": lambda: revert(campaign),
            "decide": lambda: decide(campaign),
            "restore": lambda: restore(campaign),
            "campaign start": lambda: start(campaign, bench),
            "campaign finish": lambda: finish(campaign, bench),
        }[" ".join(words[:2]) if words[0] == "campaign" else words[0]]()


def key(world) -> tuple:
    """The whole state: events, tree, branch, refs, index."""
    git = world.git
    return (
        len(world.reader.events),
        fingerprint(listing_here(git)),
        git.branch(),
        git.head(),
        tuple(git.refs("refs/").items()),
        git.under_way(),
        git.changes(),
    )


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_next_is_accepted_changes_the_state_and_never_repeats(world, seed):
    hand = Hand(world, seed)
    seen: dict[tuple, str] = {}
    story: list[str] = []
    for _ in range(COMMANDS):
        if hand.random.random() < 0.25:
            story.append(hand.meddle())
        advice = next_action(world.reader)
        if not advice.should_continue:
            story.append("begin anew")
            sh(world, "git switch -q main; git branch -D optimization; git tag -d pre-optimization")
            sh(world, "git tag -d post-optimization; git rm -rq optim; git commit -qm Anew")
            sh(world, "rm -rf optim .harness")
            continue
        before = key(world)
        story.append(f"{advice.action}: {advice.line}")
        try:
            obey(hand, advice)
        except Exception as problem:
            # The end is measured and recorded; the merge itself waits for a hand, which is next.
            if "not merged yet" in str(problem) and key(world) != before:
                continue
            problem.add_note("\n".join(story[-25:]))
            raise
        after = key(world)
        told = "\n".join(story[-25:])
        assert after != before, f"nothing changed\n{told}"
        assert seen.get(before) != advice.line, f"it came twice\n{told}"
        seen[before] = advice.line


def test_the_game_meets_every_kind_of_advice(world):
    """So that the property is not held of a few states alone."""
    hand, met = Hand(world, 3), set()
    for _ in range(40):
        advice = next_action(world.reader)
        met.add(advice.action)
        if not advice.should_continue:
            break
        obey(hand, advice)
    assert {"START", "PROFILE", "THINK", "IMPLEMENT", "BENCHMARK", "LOG", "DECIDE"} <= met
