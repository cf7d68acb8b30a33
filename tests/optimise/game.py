"""A game against `harness next`: a random hand meddles, and what is advised is obeyed.

After each piece of advice the state has to be another one, and no advice may come twice for one
state. What the machine cannot do (a compiler that is gone) changes nothing, and then the advice has
to be another one.
"""

from __future__ import annotations

import random
import shlex
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from harness.campaign import events as events_module
from harness.campaign import logs as logs_module
from harness.campaign.advice import Advice
from harness.campaign.folding import apply
from harness.campaign.state import NotStarted, State
from harness.campaign.values import TestOutcome, TestStatus
from harness.errors import BuildFailed, HarnessError, ToolchainMissing, TrialFailed
from harness.model.forms import read_fields, read_plan, read_reflection, read_thought
from harness.optimise import (
    BenchOptions,
    Campaign,
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
from harness.optimise import abandoning as abandoning_module
from harness.optimise import campaign as campaign_module
from harness.optimise import checkout as checkout_module
from harness.optimise import journal as journal_module
from harness.optimise import records as records_module
from harness.optimise import standing as standing_module
from harness.optimise import steps as steps_module
from harness.optimise import trusting as trusting_module
from harness.optimise import verify_trusted as verify_trusted_module
from harness.project.config import load_config
from harness.system.git.listing import fingerprint
from tests.optimise import fake_git
from tests.optimise.conftest import FakeWorkbench, World

_BROKEN = (
    BuildFailed("work.c:1: error: expected ';'", hint="Mend work.c."),
    TrialFailed("work ended with signal 11"),
    ToolchainMissing("no compiler cc", hint="apt-get install gcc"),
)


class Unsteady(FakeWorkbench):
    """A workbench whose machine breaks now and then, and whose program rests on `base.txt`."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.breaks: dict[str, HarnessError] = {}
        """What fails at the next call, and how."""
        self.failed: HarnessError | None = None

    def _may_break(self, what: str) -> None:
        self.failed = self.breaks.pop(what, None)
        if self.failed is not None:
            raise self.failed

    def baseline(self):
        self._may_break("baseline")
        return super().baseline()

    def profile(self):
        self._may_break("profile")
        return super().profile()

    def bench(self, request):
        self._may_break("bench")
        return super().bench(request)

    def test(self, *, full):
        self._may_break("test")
        base = self.root / "base.txt"
        if base.exists() and "bad" in base.read_text():
            return TestOutcome(TestStatus.WRONG, "fast", "energy: expected right, got left")
        return super().test(full=full)


@dataclass
class RealWorld(World):
    """A repository of the real git."""

    def sh(self, line: str) -> bool:
        """Type commands; were they accepted?"""
        done = subprocess.run(["sh", "-c", line], cwd=self.root, capture_output=True, check=False)
        return done.returncode == 0

    def leave_lock(self) -> None:
        (self.root / ".git" / "index.lock").touch()

    def forget(self) -> None:
        for ref in list(self.git.refs("refs/tags/")) + list(self.git.refs("refs/harness/")):
            self.git.delete_ref(ref)


@dataclass
class FakeWorld(World):
    """The same upon a git in memory; events, folds and renderings are remembered."""

    repo: fake_git.Repository = field(default=None)  # type: ignore[assignment]
    config: object = None

    @property
    def git(self):
        return fake_git.FakeGit(self.repo)

    @property
    def reader(self):
        return Campaign(self.config, "work")

    def sh(self, line: str) -> bool:
        try:
            self.git.shell(line)
        except HarnessError:
            return False
        return True

    def leave_lock(self) -> None:
        """No lock is left by a git that never runs."""

    def forget(self) -> None:
        self.repo.forget_all_but(self.repo.at)


def fake_world(root: Path, begin, patch) -> FakeWorld:
    """A fresh campaign's repository in memory; `begin` writes its files."""
    import tests.optimise.conftest as conftest

    root.mkdir(parents=True)
    repo = fake_git.Repository(root)
    world = FakeWorld(root, Unsteady(root), repo)
    for module in (campaign_module, abandoning_module, conftest):
        patch.setattr(module, "Git", lambda _: fake_git.FakeGit(repo))
    patch.setattr(checkout_module, "listing_at", fake_git.listing_at)
    patch.setattr(checkout_module, "listing_here", fake_git.listing_here)
    # Looking at this machine's files takes longer than a whole command here.
    nothing = dict.fromkeys(("git config", "git attributes", "git hooks", "git replaced"), ())
    patch.setattr(trusting_module, "in_force", lambda _: nothing)
    patch.setattr(trusting_module, "_outside", lambda *_: {})
    patch.setattr(verify_trusted_module, "damaged_objects", lambda *_: {})
    for module in (standing_module, steps_module):
        patch.setattr(module, "check", lambda _: None)
    _remember(patch)
    begin(root)
    world.config = load_config(root / "harness.toml")
    repo.index = repo.here()
    repo.refs["refs/heads/main"] = repo.make(repo.index, (), "Begin")
    return world


def _remember(patch) -> None:
    """Events are parsed, folded and rendered once."""
    parsed: dict[str, events_module.Event] = {}
    parse = events_module._parse_line
    folded: list[tuple[events_module.Event, State]] = []
    rendered: dict[int, tuple[State, dict[str, str]]] = {}
    expected = records_module.Records.expected

    def parse_once(line, before, where):
        if line not in parsed:
            if len(parsed) > 5_000:
                parsed.clear()
            parsed[line] = parse(line, before, where)
        return parsed[line]

    def states(events):
        events = list(events)
        same = 0
        while same < min(len(events), len(folded)) and events[same] is folded[same][0]:
            same += 1
        del folded[same:]
        for event in events[same:]:
            folded.append((event, apply(folded[-1][1] if folded else NotStarted(), event)))
        return [state for _, state in folded]

    def fold(events):
        found = states(events)
        return found[-1] if found else NotStarted()

    def render_once(self, state):
        known = rendered.get(id(state))
        if known is None or known[0] is not state:
            if len(rendered) > 500:
                rendered.clear()
            known = rendered[id(state)] = (state, expected(self, state))
        return known[1]

    patch.setattr(events_module, "_parse_line", parse_once)
    patch.setattr(campaign_module, "fold", fold)
    patch.setattr(abandoning_module, "fold", fold)
    patch.setattr(records_module, "states_after", states)
    patch.setattr(records_module.Records, "expected", render_once)
    for name in ("_entry", "_before", "_postmortem"):
        patch.setattr(logs_module, name, _once(getattr(logs_module, name)))
    read_anew, read_already = journal_module.read_events, {}

    def read_events(path):
        known = read_already.get(path)
        if known is None or known[0] != fake_git.Writes.count:
            # What opens the file to read it writes nothing, so that the count stays.
            known = read_already[path] = (fake_git.Writes.count, read_anew(path))
        return list(known[1])

    for module in (journal_module, campaign_module, abandoning_module):
        patch.setattr(module, "read_events", read_events)
    patch.setattr(journal_module.os, "fsync", lambda _: None)


def _once(render):
    """A function of an iteration, called once for each."""
    known = {}

    def once(iteration, *note):
        found = known.get(id(iteration))
        if found is None or found[0] is not iteration:
            if len(known) > 1_000:
                known.clear()
            found = known[id(iteration)] = (iteration, render(iteration, *note))
        return found[1]

    return once


class Hand:
    """Does to a repository what nobody asked for; and what the forms ask for."""

    def __init__(self, world, seed: int) -> None:
        self.world, self.random = world, random.Random(seed)
        self.count = 0

    def change(self) -> None:
        """A change of the code, mostly to what still builds and is right."""
        self.count += 1
        pick = self.random.choice
        for path in self.world.git.changes().conflicts:
            self._resolve(self.world.root / path)
        base = self.world.root / "base.txt"
        if base.exists() and "bad" in base.read_text():
            base.write_text(f"mended {self.count}\n")
        self.world.write(
            time=pick([30, 50, 70, 100, 130]),
            full=pick([300, 500, 1000]),
            output=pick(["right"] * 5 + ["wrong"]),
            build=pick(["works"] * 5 + ["broken"]),
            run=pick(["works"] * 5 + ["crashes"]),
            noise=pick([0.005] * 4 + [1]),
            change=self.count,
        )

    def _resolve(self, path: Path) -> None:
        """Take both sides of a conflict; of the records those of the campaign's branch."""
        name = path.relative_to(self.world.root).as_posix()
        if name.startswith("optim/"):
            content = self.world.git.read_file("refs/heads/optimization", name)
            path.unlink(missing_ok=True)
            if content is not None:
                path.write_bytes(content)
        elif path.exists():
            lines = path.read_text().splitlines(keepends=True)
            signs = ("<<<<<<<", "=======", ">>>>>>>")
            path.write_text("".join(line for line in lines if not line.startswith(signs)))

    def meddle(self) -> str:
        """One thing that hands do; its name."""
        deed = self.random.choice(self._deeds())
        deed()
        return deed.__name__

    def _deeds(self) -> list[Callable[[], object]]:
        code = [self.change, self._protect, self._put_back, self._new_file, self._remove]
        history = [self._by_hand, self._amend, self._merge_main, self._main_goes_on]
        history += [self._main_goes_bad, self._switch, self._back, self._detach, self._delete]
        return [*code, *history, self._stash, self._lock, self._begin_look, self._break]

    def _protect(self) -> None:
        (self.world.root / "tests").mkdir(exist_ok=True)
        (self.world.root / "tests" / "check.txt").write_text(f"weaker {self.random.random()}\n")

    def _put_back(self) -> None:
        self.world.sh("git checkout -- work.txt tests")

    def _new_file(self) -> None:
        (self.world.root / f"new{self.random.randrange(3)}.txt").write_text("new\n")

    def _remove(self) -> None:
        (self.world.root / "tests" / "check.txt").unlink(missing_ok=True)

    def _by_hand(self) -> None:
        self.world.sh("git commit -q --all --message 'by hand'")

    def _amend(self) -> None:
        self.world.sh("git commit -q --amend --message 'amended by hand'")

    def _stash(self) -> None:
        self.world.sh("git stash push")

    def _merge_main(self) -> None:
        here = self.world.git.branch()
        if here and here != "main" and self._main_goes_on():
            self.world.sh("git merge -q --no-edit main")

    def _main_goes_bad(self) -> bool:
        return self._main_goes_on("bad")

    def _main_goes_on(self, how: str = "good") -> bool:
        here = self.world.git.branch()
        if not here or not self.world.sh("git stash push && git switch main"):
            return False
        (self.world.root / "base.txt").write_text(f"{how} {self.random.random()}\n")
        self.world.sh("git add base.txt && git commit -q --all --message Meanwhile")
        return self.world.sh(f"git switch {here}")

    def _lock(self) -> None:
        self.world.leave_lock()

    def _switch(self) -> None:
        self.world.sh("git switch main")

    def _back(self) -> None:
        self.world.sh("git switch optimization")

    def _detach(self) -> None:
        self.world.sh("git switch --detach")

    def _delete(self) -> None:
        self.world.sh("git switch main && git branch -D optimization")

    def _break(self) -> None:
        what = self.random.choice(["baseline", "profile", "test", "bench"])
        self.world.bench.breaks[what] = self.random.choice(_BROKEN)

    def _begin_look(self) -> None:
        """A bench that is killed in the middle."""
        world, bench = self.world, self.world.bench

        class Killed(BaseException):
            pass

        def die(_):
            raise Killed

        bench.bench = die
        try:
            bench_candidate(world.campaign, bench, BenchOptions(budget_ns=2_000_000_000))
        except (Killed, HarnessError):
            pass
        finally:
            del bench.bench


def filled(advice: Advice, hand: Hand) -> dict:
    """The form, filled in; every time with other words."""

    def fill(value):
        if isinstance(value, list):
            return [{k: f"filled {v[1:-1]}" for k, v in part.items()} for part in value]
        is_blank = isinstance(value, str) and value.startswith("<")
        return f"filled {value[1:-1]}"[:70] if is_blank else value

    said = read_fields(advice.template, "the form")
    said = {k: f"{v} {hand.random.random()}" if k == "surprise" else v for k, v in said.items()}
    return {k: fill(v) for k, v in said.items()}


def obey(hand: Hand, advice: Advice) -> None:
    """Do exactly what the advice says: first the hand's part, then the command, form filled in."""
    world = hand.world
    if advice.first and "without a change of the code" not in advice.first:
        hand.change()
    if not advice.command.startswith("harness "):
        accepted = world.sh(advice.command)
        # A merge that ends in conflicts is what was asked for, and goes on from there.
        assert accepted or world.git.under_way(), f"git refused: {advice.command}"
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
    elif words[:2] == ["campaign", "abandon"]:
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
    git, own = world.git, world.root / ".harness" / "campaigns" / "work" / "events.jsonl"
    return (
        own.stat().st_size if own.exists() else 0,
        fingerprint(checkout_module.listing_here(git)),
        git.branch(),
        git.head(),
        tuple(git.refs("refs/").items()),
        git.under_way(),
        git.changes(),
    )


def begin_anew(world) -> None:
    """The next campaign in the same repository, as if there had been none."""
    world.sh("git switch main")
    world.sh("git branch -D optimization")
    for folder in ("optim", ".harness"):
        shutil.rmtree(world.root / folder, ignore_errors=True)
    world.write(time=100, full=1000, output="right", build="works", run="works", noise=0.005)
    world.sh("git commit --all --message Anew")
    world.forget()


@dataclass
class Game:
    """One game; `story` tells the last turns."""

    hand: Hand
    meddling: float = 0.25
    story: list[str] = field(default_factory=list)
    met: dict[str, int] = field(default_factory=dict)
    seen: dict[tuple, set[str]] = field(default_factory=dict)
    ends: int = 0

    def turn(self) -> None:
        hand, world = self.hand, self.hand.world
        del self.story[:-40]
        if hand.random.random() < self.meddling:
            was = key(world)
            self.story.append(hand.meddle())
            if key(world) != was:
                self.seen.clear()  # a hand may lead back to a state itself
        advice = next_action(world.reader)
        self.met[advice.action] = self.met.get(advice.action, 0) + 1
        if not advice.should_continue:
            self.story.append("begin anew")
            self.ends += 1
            begin_anew(world)
            self.seen.clear()
            return
        before = key(world)
        self.story.append(f"{advice.action}: {advice.line}")
        told = "\n".join(self.story)
        said = self.seen.setdefault(before, set())
        assert advice.line not in said, f"it came twice\n{told}"
        said.add(advice.line)
        world.bench.failed = None
        try:
            obey(hand, advice)
        except Exception as problem:
            if problem is world.bench.failed:
                self.story.append(f"the machine failed: {problem}")
                return
            # The end is measured and recorded; the merge itself waits for a hand, which is next.
            if "not merged yet" in str(problem) and key(world) != before:
                return
            problem.add_note(told)
            raise
        assert key(world) != before, f"nothing changed\n{told}"
