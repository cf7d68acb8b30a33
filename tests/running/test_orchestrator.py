"""The orchestrator over a made-up adapter: who runs when, what is stored, what stops whom."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from harness.analysis.schedule import Design, fixed_blocks
from harness.errors import (
    BuildFailed,
    ExitCode,
    HarnessError,
    NotAllowed,
    PluginFailed,
    StorageFailed,
)
from harness.hookspecs import hookimpl
from harness.model import (
    Agreement,
    Build,
    Case,
    Completed,
    Mode,
    Output,
    Target,
    Toolchain,
    Trial,
    TrialPlan,
    TrialRecord,
    TrialStatus,
)
from harness.plugins import Adapter
from harness.running import (
    MAX_FAILURES,
    Cell,
    Failed,
    Group,
    Orchestrator,
    Ready,
    Settings,
    discarding,
    make_groups,
    resume_groups,
)
from harness.running.commands import words_of_command
from harness.running.listening import Quiet
from harness.system.store.runs import RunWriter
from harness.testing import (
    FakeRunner,
    make_build,
    make_output,
    make_target,
    make_task,
    make_toolchain,
    make_trial,
)

Behaviour = Callable[[int], "Trial | HarnessError"]
"""What a target's n-th timed execution does, from 0."""


@dataclass
class Language:
    """An adapter whose targets print what `prints` says and behave as `behaves` says."""

    folder: Path
    prints: dict[str, str] = field(default_factory=dict)
    behaves: dict[str, Behaviour] = field(default_factory=dict)
    broken: dict[str, HarnessError] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    ran: list[str] = field(default_factory=list)
    plans: list[TrialPlan] = field(default_factory=list)
    outputs: int = 0

    @hookimpl
    def harness_probe(self) -> Toolchain:
        return make_toolchain()

    @hookimpl
    def harness_build(self, target: Target) -> Build:
        if target.name in self.broken:
            raise self.broken[target.name]
        return make_build(target, digest=self.digests.get(target.name, "d"))

    @hookimpl
    def harness_run(self, build: Build) -> Output:
        return self.output(self.prints.get(build.target.name, "42"))

    @hookimpl
    def harness_time(self, build: Build, plan: TrialPlan) -> Trial:
        name = build.target.name
        count = self.ran.count(name)
        self.ran.append(name)
        self.plans.append(plan)
        trial = self.behaves.get(name, lambda _: make_trial())(count)
        if isinstance(trial, HarnessError):
            raise trial
        if trial.ok and trial.output is None:
            return replace(trial, output=self.output(self.prints.get(name, "42")))
        return trial

    @hookimpl
    def harness_compare(self) -> Agreement | None:
        return None

    def output(self, text: str) -> Output:
        self.outputs += 1
        return make_output(self.folder / f"{self.outputs}", text)


class OneAdapter:
    """Adapters, of which there is one."""

    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter

    def get(self, name: str) -> Adapter:
        return self._adapter


@dataclass
class Bench:
    """Everything for one run."""

    language: Language
    runner: FakeRunner
    orchestrator: Orchestrator
    writer: RunWriter
    root: Path

    def cells(self, *names: str, **changes: object) -> list[Cell]:
        task = make_task(reference=names[0])
        return [
            Cell(task, Case("fast"), make_target(self.root, name=name, **changes)) for name in names
        ]

    def groups(self, *names: str, blocks: int = 4) -> list[Group]:
        members = self.orchestrator.prepare(self.cells(*names))
        return make_groups(members, lambda _: fixed_blocks(blocks))

    def measure(self, groups: list[Group], **settings: object) -> list[TrialRecord]:
        self.orchestrator.measure(groups, replace(Settings(seed=7), **settings), self.writer)
        return [r for g in groups for b in g.blocks for trials in b.values() for r in trials]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    language = Language(tmp_path / "outputs")
    runner = FakeRunner(tmp_path / "fake")
    orchestrator = Orchestrator(OneAdapter(Adapter("x", language)), runner, tmp_path / "builds")
    with RunWriter(tmp_path / "run-1", {}, "host") as writer:
        yield Bench(language, runner, orchestrator, writer, tmp_path)


def failing(*numbers: int, status: TrialStatus = TrialStatus.FAILED) -> Behaviour:
    """Fails in these executions; in all when none is given."""

    def behave(number: int) -> Trial:
        bad = not numbers or number in numbers
        return make_trial(status=status, message="it broke") if bad else make_trial()

    return behave


# ---- order -----------------------------------------------------------------------------------


def test_every_target_runs_once_in_every_block_after_its_warm_up(bench: Bench) -> None:
    records = bench.measure(bench.groups("a", "b", "c"), warmup=2)
    assert bench.language.ran[:6] == ["a", "a", "b", "b", "c", "c"]
    blocks = [bench.language.ran[i : i + 3] for i in range(6, 18, 3)]
    assert all(sorted(block) == ["a", "b", "c"] for block in blocks)
    assert len({tuple(block) for block in blocks}) > 1
    assert [(r["block"], r["warmup"]) for r in list(bench.writer.earlier())[:6]] == [(-1, True)] * 6
    assert len(records) == 12
    assert not any(record.warmup for record in records)


def test_a_long_check_is_the_first_warm_up_of_a_target(bench: Bench) -> None:
    (group,) = bench.groups("a", "b")
    group.members[0] = replace(group.members[0], first_ns=10**9)
    bench.measure([group], warmup=2)
    assert bench.language.ran[:3] == ["a", "b", "b"]
    assert group.members[0].is_warm(Mode.COLD)
    assert not group.members[0].is_warm(Mode.STEADY)


def test_mirrored_blocks_run_every_target_twice(bench: Bench) -> None:
    bench.measure(bench.groups("a", "b", blocks=1), warmup=0, design=Design.MIRRORED)
    assert bench.language.ran in (["a", "b", "b", "a"], ["b", "a", "a", "b"])


def test_the_layout_varies_unless_it_is_not_to(bench: Bench) -> None:
    bench.measure(bench.groups("a", "b"), warmup=0)
    drawn = [plan.pad_bytes for plan in bench.language.plans]
    assert len(set(drawn)) > 1
    assert drawn[::2] == drawn[1::2], "both sides of a block have the same"
    bench.language.plans.clear()
    bench.measure(bench.groups("a"), warmup=0, vary_layout=False)
    assert {plan.pad_bytes for plan in bench.language.plans} == {0}


def test_groups_of_two_tasks_take_turns(bench: Bench) -> None:
    first, second = make_task("one"), make_task("two")
    cells = [
        Cell(task, Case("fast"), make_target(bench.root, name=task.name))
        for task in (first, second)
    ]
    groups = make_groups(bench.orchestrator.prepare(cells), lambda _: fixed_blocks(3))
    bench.measure(groups, warmup=0)
    assert bench.language.ran == ["one", "two"] * 3


def test_no_block_but_the_first_is_begun_past_the_budget(bench: Bench) -> None:
    groups = bench.groups("a")
    assert [record.block for record in bench.measure(groups, budget_ns=0)] == [0]
    assert groups[0].stopped == "the budget is spent"


class Clock:
    """A monotonic clock that every trial moves on by a second."""

    def __init__(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("harness.running.orchestrator.time.monotonic_ns", lambda: self.now_ns)
        self.now_ns = 0
        for name in "ab":
            bench.language.behaves[name] = self.tick

    def tick(self, _: int) -> Trial:
        self.now_ns += 10**9
        return make_trial()


@pytest.mark.parametrize(("budget_s", "blocks"), [(1, 1), (5, 2), (6, 3)])
def test_no_block_is_begun_that_would_end_past_the_budget(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, budget_s: int, blocks: int
) -> None:
    Clock(bench, monkeypatch)
    groups = bench.groups("a", "b", blocks=100)
    bench.measure(groups, warmup=0, budget_ns=budget_s * 10**9)
    assert len(groups[0].blocks) == blocks


@pytest.mark.parametrize(
    ("budget_ns", "blocks", "words"), [(None, 8, "measuring"), (5 * 10**9, 2, "`budget=")]
)
def test_a_budget_holds_the_blocks_of_a_verdict_or_says_at_once_what_they_take(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, budget_ns: int | None, blocks: int, words: str
) -> None:
    Clock(bench, monkeypatch)
    told: list[str] = []
    monkeypatch.setattr(Quiet, "remark", lambda _, words: told.append(words))
    groups = bench.groups("a", "b", blocks=100)
    monkeypatch.setattr("harness.running.settings.DEFAULT_BUDGET_NS", 5 * 10**9)
    bench.measure(groups, warmup=0, budget_ns=budget_ns)
    assert len(groups[0].blocks) == blocks
    (said,) = told
    assert "8 blocks" in said
    assert words in said
    assert "18 s" in said


# ---- failures --------------------------------------------------------------------------------


def test_a_target_that_fails_is_given_up_and_the_others_finish(bench: Bench) -> None:
    bench.language.behaves["b"] = failing()
    groups = bench.groups("a", "b", blocks=6)
    bench.measure(groups, warmup=0)
    assert bench.language.ran.count("a") == 6
    assert bench.language.ran.count("b") == MAX_FAILURES
    assert groups[0].first_failure["b"].message == "it broke"


def test_a_target_that_fails_now_and_then_goes_on(bench: Bench) -> None:
    bench.language.behaves["b"] = failing(1)
    records = bench.measure(bench.groups("a", "b", blocks=5), warmup=0)
    assert [r.trial.ok for r in records if r.target == "b"] == [True, False, True, True, True]


def test_a_target_that_hangs_is_tried_once(bench: Bench) -> None:
    bench.language.behaves["b"] = failing(status=TrialStatus.TIMED_OUT)
    bench.measure(bench.groups("a", "b"), warmup=1)
    assert bench.language.ran.count("b") == 1


def test_a_group_without_a_running_target_stops(bench: Bench) -> None:
    bench.language.behaves["a"] = failing()
    groups = bench.groups("a", blocks=100)
    bench.measure(groups)
    assert groups[0].stopped == "no target is left that runs"


def test_an_adapter_that_raises_fails_its_own_target_alone(bench: Bench) -> None:
    bench.language.behaves["b"] = lambda _: PluginFailed("adapter x: harness_time: boom")
    records = bench.measure(bench.groups("a", "b"))
    assert all(record.trial.ok for record in records if record.target == "a")
    (record,) = {r.trial.message for r in records if r.target == "b"}
    assert record == "adapter x: harness_time: boom"


def test_a_full_disk_is_nobodys_failure(bench: Bench) -> None:
    bench.language.behaves["b"] = lambda _: StorageFailed("no space left")
    with pytest.raises(StorageFailed):
        bench.measure(bench.groups("a", "b"))
    bench.language.broken["a"] = StorageFailed("no space left")
    with pytest.raises(StorageFailed):
        bench.groups("a")


def test_a_target_that_cannot_be_built_keeps_its_reason_and_stops_nothing(bench: Bench) -> None:
    bench.language.broken["b"] = BuildFailed("no semicolon")
    groups = bench.groups("a", "b")
    bench.measure(groups)
    assert bench.language.ran.count("a") == 5
    assert "b" not in bench.language.ran
    failed = groups[0].members[1]
    assert isinstance(failed, Failed)
    assert failed.failure.message == "no semicolon"


# ---- outputs ---------------------------------------------------------------------------------


def test_an_output_unlike_the_references_is_wrong_in_every_trial(bench: Bench) -> None:
    bench.language.prints["b"] = "43"
    groups = bench.groups("a", "b")
    records = bench.measure(groups, warmup=0)
    statuses = {r.target: r.trial.status for r in records}
    assert statuses == {"a": TrialStatus.OK, "b": TrialStatus.WRONG_OUTPUT}
    assert all(r.disagreement for r in records if r.target == "b")


def test_an_output_unlike_the_targets_first_is_wrong_in_that_trial(bench: Bench) -> None:
    bench.language.behaves["a"] = lambda number: make_trial(
        output=bench.language.output("41" if number == 2 else "42")
    )
    records = bench.measure(bench.groups("a"), warmup=0)
    assert [record.output_ok for record in records] == [True, True, False, True]


def test_every_trials_files_are_discarded_and_the_first_ones_at_the_end(bench: Bench) -> None:
    groups = bench.groups("a", "b")
    with discarding(bench.runner, groups[0].members):
        bench.measure(groups)
        first = {m.expected.stdout.parent for m in groups[0].members if m.expected}
        assert len(bench.runner.discarded) == len(bench.language.ran)
        assert first.isdisjoint(bench.runner.discarded)
    assert first <= set(bench.runner.discarded)


# ---- interrupted and resumed -----------------------------------------------------------------


def interrupted_after(bench: Bench, trials: int, *names: str) -> None:
    """Measure until Ctrl-C in the trial after so many."""

    def count(_: int) -> Trial:
        if len(bench.language.ran) > trials:
            raise KeyboardInterrupt
        return make_trial()

    for name in names:
        bench.language.behaves.setdefault(name, count)
    with pytest.raises(KeyboardInterrupt):
        bench.measure(bench.groups(*names, blocks=10))
    bench.language.ran.clear()
    bench.language.behaves = {n: b for n, b in bench.language.behaves.items() if b is not count}


def resumed(bench: Bench, *names: str, blocks: int = 10) -> list[Group]:
    groups = bench.groups(*names, blocks=blocks)
    resume_groups(groups, list(bench.writer.earlier()), Design.PAIRED)
    return groups


def test_every_trial_is_stored_before_the_next_begins(bench: Bench) -> None:
    interrupted_after(bench, 7, "a", "b")
    assert len(list(bench.writer.earlier())) == 7


def test_a_resumed_run_tops_up_to_the_plan_and_leaves_the_torn_block_out(bench: Bench) -> None:
    interrupted_after(bench, 7, "a", "b")  # two to warm up, two whole blocks, half of the third
    groups = resumed(bench, "a", "b")
    assert len(groups[0].blocks) == 2
    records = bench.measure(groups)
    assert len(records) == 20
    assert bench.language.ran.count("a") == 8
    assert {r.block for r in records} == set(range(11)) - {2}


def test_a_resumed_run_that_was_complete_measures_nothing(bench: Bench) -> None:
    bench.measure(bench.groups("a", blocks=3))
    bench.language.ran.clear()
    groups = resumed(bench, "a", blocks=3)
    bench.measure(groups)
    assert bench.language.ran == []


def test_a_target_that_was_given_up_stays_so_and_its_blocks_count(bench: Bench) -> None:
    bench.language.behaves["b"] = failing()
    interrupted_after(bench, 2 + 2 * 2 + 3, "a", "b")
    groups = resumed(bench, "a", "b")
    assert groups[0].given_up("b")
    assert [sorted(block) for block in groups[0].blocks[:3]] == [["a", "b"], ["a", "b"], ["a"]]
    bench.measure(groups)
    assert len(groups[0].blocks) == 10
    assert "b" not in bench.language.ran


def test_a_target_built_anew_from_something_else_is_refused(bench: Bench) -> None:
    interrupted_after(bench, 7, "a", "b")
    bench.language.digests["b"] = "another-build"
    with pytest.raises(NotAllowed, match="b is not what it was when the run began"):
        resumed(bench, "a", "b")


# ---- set-up and clean-up ---------------------------------------------------------------------


def test_a_set_up_command_that_fails_fails_its_target(tmp_path: Path) -> None:
    from harness.system.process.runner import LocalRunner

    runner = LocalRunner(tmp_path / "scratch", tmp_path / "cache")
    adapter = Adapter("x", Language(tmp_path / "outputs"))
    orchestrator = Orchestrator(OneAdapter(adapter), runner, tmp_path / "builds")
    task = make_task()
    good = make_target(tmp_path, name="good", setup=(("sh", "-c", "echo made > made"),))
    bad = make_target(tmp_path, name="bad", setup=(("sh", "-c", "seq 50 >&2; exit 2"),))
    members = orchestrator.prepare([Cell(task, Case("fast"), target) for target in (good, bad)])
    assert (tmp_path / "made").read_text() == "made\n"
    assert isinstance(members[0], Ready)
    assert isinstance(members[1], Failed)
    failure = members[1].failure
    assert "setup command" in failure.message
    assert failure.exit_code is ExitCode.BUILD
    assert failure.message.splitlines()[-50:] == [str(n) for n in range(1, 51)]


def set_up(root: Path, *script: str, timeout_s: float = 0.5) -> None:
    from harness.system.process.runner import LocalRunner

    runner = LocalRunner(root.parent / "scratch", root.parent / "cache")
    orchestrator = Orchestrator(
        OneAdapter(Adapter("x", Language(root))), runner, root.parent / "builds"
    )
    target = make_target(
        root, setup=(("sh", "-c", *script),), setup_timeout_ns=round(timeout_s * 1e9)
    )
    try:
        orchestrator.set_up(target)
    finally:
        runner.close()


def test_a_set_up_command_past_its_time_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    for timeout_s in (0.5, 4, 32):  # as long as a busy machine needs to come so far
        with pytest.raises(BuildFailed, match=rf"still running after {timeout_s} s") as failed:
            set_up(project, "setsid sleep 99 & echo $! > new; mv new pid; sleep 99")
        assert "setup_timeout" in failed.value.hint
        if (project / "pid").exists():
            break
    state = Path(f"/proc/{(project / 'pid').read_text().strip()}/stat")
    assert not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z"


def test_a_set_up_command_that_removes_the_project_is_named(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    with pytest.raises(StorageFailed, match=r"setup command 'sh -c rm -r .* has removed"):
        set_up(project, f"rm -r {project}")


def test_long_words_of_a_set_up_command_tell_why_and_are_kept_whole() -> None:
    lines = ["error: no such galaxy", *(f"note {n} {'x' * 200}" for n in range(300))]
    said = words_of_command(Completed(("make",), 2, "", "\n".join(lines), 1))
    assert said.startswith("error: no such galaxy\n[200 lines left out]\n")
    whole = Path(said.rpartition("(the whole: ")[2].rstrip(")")).read_text()
    assert whole.splitlines() == lines


def test_long_words_of_any_compiler_tell_why_and_are_kept_whole(bench: Bench) -> None:
    lines = ["error: no such galaxy", *(f"note {n} {'x' * 200}" for n in range(300))]
    words = "\n".join(["the compiler refused target 'a':", *lines])
    bench.language.broken["a"] = BuildFailed(words, hint="Fix the sources.")
    (member,) = bench.orchestrator.prepare(bench.cells("a"))
    assert isinstance(member, Failed)
    failure = member.failure
    assert failure.hint == "Fix the sources."
    assert failure.message.splitlines()[:3] == [
        "the compiler refused target 'a':",
        "error: no such galaxy",
        "[200 lines left out]",
    ]
    whole = Path(failure.message.rpartition("(the whole: ")[2].rstrip(")")).read_text()
    assert whole.splitlines() == lines
