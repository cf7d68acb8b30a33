"""The loop without a person: agents and patches that behave, and those that do not."""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
from pathlib import Path
from typing import ClassVar

import pytest

from harness.campaign.iteration import Outcome
from harness.campaign.state import Step
from harness.errors import HarnessError, NotAllowed, PluginFailed, UsageError
from harness.hookspecs import ProposerSpec, hookimpl
from harness.model import Brief, Proposal, Reflection
from harness.optimise import plan, think
from harness.optimise.loop import Loop, LoopPlan, run_loop
from harness.optimise.loop_requests import LoopRequest, ask_loop, asked_of_loop, forget_request
from harness.optimise.verify import verify
from harness.plugins import Proposer
from harness.system.process.runner import LocalRunner

DOCS = Path(__file__).parents[2] / "docs"
WORK = "time = {time}\noutput = right\nforces = 0.8\n"


def proposal(title: str, **more: object) -> Proposal:
    values: dict = {
        "title": title,
        "optimization": "see the title",
        "bottleneck": "forces",
        "hypothesis": "it divides",
        "options": (("a", "b", "c"), ("d", "e", "f")),
        "chosen": "a",
        "low": 1.1,
        "high": 3.0,
        "reasoning": "cheaper",
        "risk": "rounding",
    }
    return Proposal(**{**values, **more})


class Scripted:
    """Proposes each title of its script once, with the change that belongs to it."""

    def __init__(self, script: dict[str, dict]) -> None:
        self.script = script
        self.problems: list[str] = []

    @hookimpl
    def harness_propose(self, brief: Brief) -> Proposal | None:
        if brief.problem:
            self.problems.append(brief.problem)
            return None
        title = next((t for t in self.script if t not in brief.tried), None)
        return proposal(title) if title else None

    @hookimpl
    def harness_implement(self, brief: Brief, proposal: Proposal, problem: str) -> bool:
        self.problems += [problem] if problem else []
        change = self.script[proposal.title]
        path = brief.worktree / "work.txt"
        lines = dict(line.split(" = ") for line in path.read_text().splitlines())
        lines |= {k: str(v) for k, v in change.items()}
        if problem:
            lines["build"] = "works"
        path.write_text("".join(f"{k} = {v}\n" for k, v in lines.items()))
        return True


@pytest.fixture
def loop(started, tmp_path):
    """Makes a loop with a proposer."""
    runner = LocalRunner(tmp_path / "scratch", tmp_path / "cache")

    def make(proposer: Proposer, **options: object) -> Loop:
        plan = LoopPlan(**options)
        campaign = started.campaign
        return Loop(campaign, started.bench, proposer, runner, tmp_path / "worktrees", plan)

    yield make
    runner.close()


def test_a_script_is_kept_and_reverted_as_its_results_want(loop, started):
    script = {"half": {"time": 50}, "wrong": {"output": "off"}, "slow": {"time": 90}}
    report = run_loop(loop(Proposer("scripted", Scripted(script))))
    assert [(title, outcome) for _, title, outcome in report.iterations] == [
        ("half", "kept"),
        ("wrong", "wrong output"),
        ("slow", "slower"),
    ]
    assert report.ended == "the proposer 'scripted' has nothing more"
    assert started.bench.here()["time"] == "50"
    assert verify(started.campaign, started.bench).problems == []


def test_a_broken_build_is_given_back_to_be_repaired(loop):
    scripted = Scripted({"broken": {"time": 50, "build": "broken"}})
    report = run_loop(loop(Proposer("scripted", scripted)))
    assert report.iterations == ((1, "broken", "kept"),)
    assert scripted.problems == ["work.c:1: error: expected ';'"]


def test_the_loop_ends_after_the_iterations_asked_for(loop):
    script = {f"step {n}": {"time": 90 - 10 * n} for n in range(5)}
    report = run_loop(loop(Proposer("scripted", Scripted(script)), max_iterations=2))
    assert len(report.iterations) == 2
    assert report.ended == "2 iterations were asked for"


def test_the_loop_begins_nothing_after_its_time(loop):
    report = run_loop(loop(Proposer("scripted", Scripted({"a": {"time": 50}})), budget_s=0.0))
    assert report.iterations == ()


def test_a_refused_thought_is_asked_for_again_with_the_reason(loop):
    class Humble:
        seen: ClassVar[list[str]] = []

        @hookimpl
        def harness_propose(self, brief: Brief) -> Proposal | None:
            self.seen.append(brief.problem)
            if brief.tried:
                return None
            return proposal("once", high=1.5 if brief.problem else 50.0)

        @hookimpl
        def harness_implement(self, brief: Brief) -> bool:
            (brief.worktree / "work.txt").write_text("time = 80\nfull = 800\noutput = right\n")
            return True

    report = run_loop(loop(Proposer("humble", Humble())))
    assert report.iterations == ((1, "once", "kept"),)
    assert "beyond Amdahl's bound" in Humble.seen[1]


def test_code_that_changes_before_the_thought_is_refused(loop, started):
    class Hasty:
        @hookimpl
        def harness_propose(self, brief: Brief) -> Proposal | None:
            (brief.worktree / "work.txt").write_text("time = 1\noutput = right\n")
            return proposal("hasty")

        @hookimpl
        def harness_implement(self, brief: Brief) -> bool:
            return True

    with pytest.raises(NotAllowed, match=r"code changed before the thought: work\.txt"):
        run_loop(loop(Proposer("hasty", Hasty())))
    assert started.campaign.state.iterations == ()
    assert started.bench.here()["time"] == "100"


def test_a_proposer_that_cannot_be_asked_ends_the_loop_and_not_the_campaign(loop, started):
    with pytest.raises(UsageError, match="no folder of patches: /nowhere"):
        run_loop(loop(Proposer.find("patches"), options={"from": "/nowhere"}))
    assert started.campaign.state.step is Step.THINK


@pytest.mark.parametrize(
    ("command", "error"),
    [
        ("true", "wrote no .harness-agent/thought.toml"),
        ("exit 3", "ended with 3 at think"),
        ("printf '\\377' > .harness-agent/thought.toml", "not a text in UTF-8"),
    ],
)
def test_an_agent_without_a_thought_ends_the_loop_and_not_the_campaign(
    loop, started, command, error
):
    with pytest.raises(HarnessError, match=error):
        run_loop(loop(Proposer.find("agent"), options={"command": command}))
    assert started.campaign.state.step is Step.THINK


def test_a_plan_that_is_refused_costs_no_iteration(loop, started):
    class Wordy(Scripted):
        @hookimpl
        def harness_propose(self, brief: Brief) -> Proposal | None:
            self.problems.append(brief.problem)
            return proposal("half" if brief.problem else "x" * 73) if not brief.tried else None

    scripted = Wordy({"half": {"time": 50}})
    report = run_loop(loop(Proposer("wordy", scripted)))
    assert report.iterations == ((1, "half", "kept"),)
    assert "at most 72 characters" in scripted.problems[1]


def test_refused_thoughts_after_an_iteration_are_the_end_of_the_report(loop, started):
    class Greedy(Scripted):
        @hookimpl
        def harness_propose(self, brief: Brief) -> Proposal | None:
            return proposal("greedy", high=50.0) if brief.tried else proposal("half")

    report = run_loop(loop(Proposer("greedy", Greedy({"half": {"time": 50}}))))
    assert report.iterations == ((1, "half", "kept"),)
    assert report.failed
    assert "beyond Amdahl's bound" in report.ended
    assert started.campaign.state.step is Step.THINK


def test_a_patch_whose_thought_is_refused_is_named(loop, started, tmp_path):
    form = AGENT.split("<<'END'\n")[1].split("END\n")[0].replace("2.5", "50.0")
    (tmp_path / "1-half.toml").write_text(form)
    (tmp_path / "1-half.patch").write_text("")
    with pytest.raises(UsageError, match=r"1-half\.patch was refused: 1\.5 to 50x is beyond"):
        run_loop(loop(Proposer.find("patches"), options={"from": str(tmp_path)}))
    assert started.campaign.state.step is Step.THINK


def test_code_that_the_user_changed_is_refused_before_anybody_thinks(loop, started):
    started.write(time=90)
    with pytest.raises(NotAllowed, match="wants the code of the last kept state"):
        run_loop(loop(Proposer("scripted", Scripted({"half": {"time": 50}}))))
    assert started.campaign.state.step is Step.THINK
    assert started.bench.here()["time"] == "90"


def test_a_file_may_take_the_place_of_a_folder(loop, started):
    class Moving(Scripted):
        @hookimpl
        def harness_implement(self, brief: Brief, proposal: Proposal) -> bool:
            part = brief.worktree / "part"
            if proposal.title == "split":
                part.mkdir()
                (part / "a.txt").write_text("a\n")
            else:
                shutil.rmtree(part)
                part.write_text("all\n")
            time = self.script[proposal.title]["time"]
            (brief.worktree / "work.txt").write_text(WORK.format(time=time))
            return True

    script = {"split": {"time": 50}, "merge": {"time": 25}}
    report = run_loop(loop(Proposer("moving", Moving(script)), max_iterations=2))
    assert [outcome for *_, outcome in report.iterations] == ["kept", "kept"]
    assert (started.root / "part").read_text() == "all\n"


def test_protected_files_do_not_reach_the_checkout(loop, started):
    class Cheat:
        @hookimpl
        def harness_propose(self, brief: Brief) -> Proposal | None:
            return None if brief.tried else proposal("cheat")

        @hookimpl
        def harness_implement(self, brief: Brief) -> bool:
            (brief.worktree / "tests" / "check.txt").write_text("anything goes\n")
            return True

    report = run_loop(loop(Proposer("cheat", Cheat())))
    assert report.iterations == ((1, "cheat", "abandoned"),)
    assert "protected" in started.campaign.state.iterations[0].abandoned
    assert (started.root / "tests" / "check.txt").read_text() == "checked\n"


def test_an_interrupted_iteration_is_closed_first(loop, started, thought, planned):
    think(started.campaign, thought())
    plan(started.campaign, planned())
    started.write(time=60)
    report = run_loop(loop(Proposer("scripted", Scripted({}))))
    (iteration,) = started.campaign.state.iterations
    assert iteration.abandoned == "the loop was interrupted"
    assert started.bench.here()["time"] == "100"
    assert report.ended.endswith("has nothing more")


def test_three_failures_on_a_bottleneck_skip_it(loop, started):
    script = {f"try {n}": {"output": f"off {n}"} for n in range(4)}
    run_loop(loop(Proposer("scripted", Scripted(script))))
    assert "forces" in started.campaign.state.skipped
    assert len(started.campaign.state.iterations) == 3


def test_a_reflection_is_what_the_log_says(loop, started):
    class Thoughtful(Scripted):
        @hookimpl
        def harness_reflect(self, result: str) -> Reflection:
            assert "measured 2.00x" in result
            return Reflection("it was the cache")

    run_loop(loop(Proposer("thoughtful", Thoughtful({"half": {"time": 50}}))))
    assert started.campaign.state.iterations[0].note.surprise == "it was the cache"


AGENT = """\
cat > .harness-agent/heard-$HARNESS_STEP
case $HARNESS_STEP in
think)
  [ -e .done ] && { : > .harness-agent/thought.toml; exit 0; }
  grep -q 'time = 50' work.txt && { : > .harness-agent/thought.toml; exit 0; }
  cat > .harness-agent/thought.toml <<'END'
title = "by an agent"
optimization = "half the time"
bottleneck = "forces"
hypothesis = "it divides"
chosen = "a"
predicted_low = 1.5
predicted_high = 2.5
reasoning = "cheaper"
risk = "rounding"
[[options]]
name = "a"
pros = "b"
cons = "c"
[[options]]
name = "d"
pros = "e"
cons = "f"
END
;;
implement) grep -q 'IMPLEMENT what you planned: by an agent' .harness-agent/heard-implement &&
  sed -i 's/time = 100/time = 50/' work.txt ;;
reflect) echo 'surprise = "None: as I said"' > .harness-agent/note.toml ;;
esac
"""


def test_an_agent_is_told_on_standard_input_and_answers_in_files(loop, started, tmp_path):
    script = tmp_path / "agent.sh"
    script.write_text(AGENT)
    report = run_loop(loop(Proposer.find("agent"), options={"command": f"sh {script}"}))
    assert report.iterations == ((1, "by an agent", "kept"),)
    assert started.campaign.state.iterations[0].note.surprise == "None: as I said"
    assert not any("harness-agent" in path for path in started.git.files_at("HEAD"))


def test_what_an_agent_leaves_running_neither_delays_its_turn_nor_outlives_it(loop, tmp_path):
    script = tmp_path / "agent.sh"
    script.write_text(f"sleep 600 & echo $! >> {tmp_path}/pids\n{AGENT}")
    report = run_loop(loop(Proposer.find("agent"), options={"command": f"sh {script}"}))
    assert report.iterations == ((1, "by an agent", "kept"),)
    pids = (tmp_path / "pids").read_text().split()
    assert len(pids) >= 3
    for pid in pids:
        stat = Path(f"/proc/{pid}/stat")
        assert not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] in "ZX"


def test_a_hung_agent_is_ended_and_its_iteration_given_up(loop, started, tmp_path):
    script = tmp_path / "agent.sh"
    script.write_text(AGENT.replace("implement)", "implement) sleep 60;"))
    options = {"command": f"sh {script}", "timeout_s": "1"}
    report = run_loop(loop(Proposer.find("agent"), options=options, max_iterations=1))
    assert report.iterations == ((1, "by an agent", "abandoned"),)
    assert "still running after 1 s" in started.campaign.state.iterations[0].abandoned


def test_patches_are_tried_in_the_order_of_their_names(loop, started, tmp_path):
    folder = tmp_path / "ideas"
    folder.mkdir()
    for name, time in (("1-half", 50), ("2-third", 33)):
        started.write(time=time)
        patch = subprocess.run(
            ["git", "diff", "work.txt"], cwd=started.root, check=True, capture_output=True
        ).stdout
        started.shell("checkout", "--quiet", "work.txt")
        (folder / f"{name}.patch").write_bytes(patch)
        form = AGENT.split("<<'END'\n")[1].split("END\n")[0].replace("by an agent", name)
        (folder / f"{name}.toml").write_text(form)
    report = run_loop(loop(Proposer.find("patches"), options={"from": str(folder)}))
    assert [(title, outcome) for _, title, outcome in report.iterations] == [
        ("1-half", "kept"),
        ("2-third", "abandoned"),
    ]
    assert started.campaign.state.step is Step.FINISH
    assert started.campaign.state.iterations[0].outcome is Outcome.KEPT


def brief(started, **more: object) -> Brief:
    values: dict = {
        "campaign": "work",
        "iteration": 1,
        "target": dataclasses.replace(started.campaign.config.target("work"), adapter="c"),
        "worktree": started.root,
        "root": started.root,
        "bottlenecks": (("forces", 0.8),),
        "flags_file": "work.flags",
    }
    return Brief(**{**values, **more})


def test_flags_are_added_to_the_file_one_a_line(started):
    proposer = Proposer.find("flags")
    (started.root / "work.flags").write_text("-O1\n")
    first = proposer.propose(brief(started), None)
    assert first.title == "flags -O3"
    assert proposer.implement(brief(started), first, "", None, None)
    assert (started.root / "work.flags").read_text() == "-O1\n-O3\n"


def test_flags_that_were_tried_are_not_tried_again_until_none_is_left(started):
    proposer = Proposer.find("flags")
    tried: list[str] = []
    while (found := proposer.propose(brief(started, tried=tuple(tried)), None)) is not None:
        assert found.title not in tried
        assert found.high <= brief(started).bound()
        tried.append(found.title)
    assert len(tried) >= 5


def test_flags_without_a_file_for_them_say_how_to_make_one(started):
    with pytest.raises(UsageError, match="flags_file"):
        Proposer.find("flags").propose(brief(started, flags_file=None), None)


def test_a_proposer_without_the_required_hooks_is_refused():
    with pytest.raises(PluginFailed, match="harness_implement"):
        Proposer("empty", type("Empty", (), {"harness_propose": hookimpl(lambda self: None)})())


def test_a_proposer_that_returns_something_else_is_named(started):
    class Wrong(Scripted):
        @hookimpl
        def harness_propose(self) -> str:
            return "unroll"

    with pytest.raises(PluginFailed, match="returned str, want Proposal"):
        Proposer("wrong", Wrong({})).propose(brief(started), None)


def test_an_unknown_proposer_is_answered_with_the_installed_ones():
    with pytest.raises(UsageError, match="agent, flags, patches"):
        Proposer.find("oracle")


@pytest.mark.parametrize("name", ["agent", "flags", "patches"])
def test_the_proposers_of_the_house_fit_the_contract(name):
    assert Proposer.find(name).name == name


def test_every_hook_of_a_proposer_is_described():
    text = (DOCS / "proposers.md").read_text(encoding="utf-8")
    hooks = [name for name in vars(ProposerSpec) if name.startswith("harness_")]
    assert len(hooks) == 3
    assert [h for h in hooks if f"### {h}\n" not in text] == []


class Asking(Scripted):
    """Asks for a pause when it thinks, and has somebody take it back while the loop waits."""

    def __init__(self, script, loop_at, request) -> None:
        super().__init__(script)
        self.at, self.request = loop_at, request

    @hookimpl
    def harness_propose(self, brief: Brief) -> Proposal | None:
        ask_loop(*self.at, self.request)
        return super().harness_propose(brief)


def test_a_stop_that_is_asked_for_ends_the_loop_after_the_iteration(loop, started):
    at = started.campaign.config.root, started.campaign.name
    script = {"half": {"time": 50}, "quarter": {"time": 25}}
    report = run_loop(loop(Proposer("scripted", Asking(script, at, LoopRequest.STOP))))
    assert report.iterations == ((1, "half", "kept"),)
    assert report.ended == "a stop was asked for"
    assert asked_of_loop(*at) is None
    assert verify(started.campaign, started.bench).problems == []


def test_a_pause_is_waited_for_between_steps_and_loses_nothing(loop, started, monkeypatch):
    at = started.campaign.config.root, started.campaign.name
    waited = []

    def wait(_: float) -> None:
        waited.append(started.campaign.state.step)
        if len(waited) % 3 == 0:
            forget_request(*at)

    monkeypatch.setattr("harness.optimise.loop_requests.sleep", wait)
    scripted = Asking({"half": {"time": 50}}, at, LoopRequest.PAUSE)
    report = run_loop(loop(Proposer("scripted", scripted)))
    assert report.iterations == ((1, "half", "kept"),)
    assert waited[:3] == [Step.IMPLEMENT] * 3


def test_what_was_asked_of_an_earlier_loop_is_not_asked_of_the_next(loop, started):
    ask_loop(started.campaign.config.root, started.campaign.name, LoopRequest.STOP)
    report = run_loop(loop(Proposer("scripted", Scripted({"half": {"time": 50}}))))
    assert report.iterations == ((1, "half", "kept"),)
