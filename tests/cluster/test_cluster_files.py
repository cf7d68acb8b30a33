"""What a run on a cluster keeps in files, which attempt counts, and how it is waited for."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from harness.cluster.awaiting import Cluster, RunWatch
from harness.cluster.folder import (
    AttemptFile,
    ClusterFolder,
    ClusterShard,
    attempt_path,
    folders_of,
    those_that_count,
    with_options,
    without_trials,
)
from harness.cluster.packing import packed, shard_seconds, shards_per_job
from harness.cluster.spreading import ClusterOptions
from harness.cluster.tree import KeptTree, keep_tree, unpack_tree
from harness.errors import ConfigError, DataDamaged, NotAllowed, UsageError
from harness.model.engines import JobPhase, JobState, Limits
from harness.running.settings import Settings


def options(**table) -> ClusterOptions:
    return ClusterOptions.of("fake", table)


def shards(count: int) -> list[ClusterShard]:
    return [
        ClusterShard(index=n, task="t", case=str(n), targets=["a"], words=["run", str(n)])
        for n in range(count)
    ]


# -- packing ---------------------------------------------------------------------------------------


def test_shards_are_spread_evenly_over_as_few_jobs_as_hold_them():
    assert [len(job) for job in packed(range(10), 4)] == [4, 3, 3]
    assert [n for job in packed(range(10), 4) for n in job] == list(range(10))
    assert packed([], 4) == []


def test_a_job_lasts_as_long_as_is_said_and_stays_within_its_limit():
    short = shard_seconds(Settings(budget_ns=10_000_000_000))
    assert short == 20
    assert shards_per_job(options(), short) == 30
    assert shards_per_job(options(time="5m"), short) == 9
    assert shards_per_job(options(shards_per_job=2), short) == 2
    assert shards_per_job(options(job_time="1s"), short) == 1


@pytest.mark.parametrize("table", [{"shards_per_job": 0}, {"poll": "soon"}, {"scratch": 3}])
def test_a_key_of_no_use_is_named(table):
    with pytest.raises(ConfigError, match=r"executors\.fake"):
        options(**table)


# -- the folder ------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path) -> ClusterFolder:
    made = ClusterFolder(tmp_path / "20260101-000000-00000000")
    for name in ("attempts", "logs", "submitted"):
        (made.path / name).mkdir(parents=True)
    return made


def test_jobs_are_read_one_by_one_and_numbered_on(folder):
    assert folder.add_jobs([shards(2), shards(1)]) == (0, 2)
    assert folder.add_jobs([shards(3)]) == (2, 1)
    assert folder.ranges() == [(0, 2), (2, 1)]
    assert [len(folder.job(number)) for number in range(3)] == [2, 1, 3]
    assert dict(folder.jobs_of(folder.ranges())) == {0: [0, 1], 1: [0], 2: [0, 1, 2]}
    with pytest.raises(UsageError, match="no job 3"):
        folder.job(3)


def test_further_options_come_before_the_words_of_a_program():
    assert with_options(["test", "a"], ["--json"]) == ["test", "a", "--json"]
    words = ["profile", "a.py", "--", "--", "5"]
    assert with_options(words, ["--json"]) == ["profile", "a.py", "--json", "--", "--", "5"]


def put(folder: ClusterFolder, shard: int, attempt: int, kind: str = "parquet") -> AttemptFile:
    made = attempt_path(folder, shard, attempt)
    path = without_trials(made, kind)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{}")
    return made


def test_the_earliest_finished_attempt_counts_and_the_others_are_there(folder):
    put(folder, 0, 2)
    first = put(folder, 0, 1)
    put(folder, 1, 1, "failed.json")
    put(folder, 1, 2, "stream")
    put(folder, 2500, 1)
    found = folder.attempts()
    assert len(found) == 5
    assert those_that_count(found)[0].unique == first.unique
    assert sorted(those_that_count(found)) == [0, 2500]
    assert {each.shard for each in folder.attempts(folders_of([2500]))} == {2500}


def test_of_two_with_one_number_the_name_decides_whatever_comes_first(folder):
    one, other = put(folder, 0, 1), put(folder, 0, 1)
    found = folder.attempts()
    names = {those_that_count(found)[0].unique, those_that_count(reversed(found))[0].unique}
    assert names == {min(one.unique, other.unique)}


# -- the tree --------------------------------------------------------------------------------------


def test_a_tree_is_what_it_was_when_it_was_kept(tmp_path):
    project, trees = tmp_path / "project", tmp_path / "trees"
    (project / "src").mkdir(parents=True)
    (project / ".harness").mkdir()
    (project / ".harness" / "old").write_text("x")
    program = project / "src" / "a.sh"
    program.write_text("echo 1")
    program.chmod(0o755)
    (project / "link").symlink_to("src/a.sh")
    tree = keep_tree(project, (), trees)
    assert keep_tree(project, (), trees).digest == tree.digest
    program.write_text("echo 2")
    assert keep_tree(project, (), trees).digest != tree.digest
    unpack_tree(tree, trees, tmp_path / "node")
    made = tmp_path / "node" / "src" / "a.sh"
    assert (made.read_text(), made.stat().st_mode & 0o111) == ("echo 1", 0o111)
    assert (tmp_path / "node" / "link").resolve() == made.resolve()
    assert not (tmp_path / "node" / ".harness").exists()
    with pytest.raises(DataDamaged):
        unpack_tree(KeptTree("0" * 64, project), trees, tmp_path / "other")


def test_of_a_repository_ignored_files_stay_unless_a_target_names_them(tmp_path):
    def git(*words: str, at: Path) -> str:
        who = ["-c", "user.name=a", "-c", "user.email=a@b"]
        done = subprocess.run(
            ["git", *who, *words], cwd=at, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    project, trees = tmp_path / "project", tmp_path / "trees"
    project.mkdir()
    git("init", "-q", "-b", "trunk", at=project)
    (project / ".gitignore").write_text("*.dat\n")
    (project / "kept").write_text("1")
    git("add", ".", at=project)
    git("commit", "-qm", "first", at=project)
    (project / "kept").write_text("2")
    for name in ("input.dat", "noise.dat", "new"):
        (project / name).write_text(name)
    tree = keep_tree(project, [project / "input.dat"], trees, with_history=True)
    node = tmp_path / "node"
    unpack_tree(tree, trees, node)
    assert sorted(p.name for p in node.iterdir() if p.name != ".git") == [
        *(".gitignore", "input.dat", "kept", "new")
    ]
    assert git("rev-parse", "HEAD", "trunk", at=node).split() == [tree.head] * 2
    assert git("status", "--porcelain", at=node).split() == ["M", "kept", "??", "new"]


# -- waiting ---------------------------------------------------------------------------------------


class Scheduler:
    """A scheduler that takes so many jobs at once and answers when it likes; time is a number."""

    def __init__(self, folder: ClusterFolder, at_once: int = 10, waiting: int = 10) -> None:
        self.folder, self.most = folder, Limits(at_once, waiting)
        self.live: list[int] = []
        self.calls: list[tuple[int, int]] = []
        self.away = self.dead = False
        self.clock_s = 0.0
        self.asked: list[float] = []

    def jobs(self, *_):
        self.asked.append(self.clock_s)
        return None if self.away else [JobState(n, JobPhase.RUNNING) for n in self.live]

    def submit(self, work, *_) -> bool:
        if len(self.live) + work.count > self.most.waiting:
            return False
        self.calls.append((work.first, work.count))
        self.live += range(work.first, work.first + work.count)
        return True

    def limits(self, *_) -> Limits:
        return self.most

    def script(self, *_) -> str:
        return ""

    def sleep(self, wait_s: float) -> None:
        """Time goes on; one job ends, with its files unless the cluster is dead."""
        self.clock_s += wait_s
        if self.live and not self.away:
            for shard in self.folder.job(self.live.pop(0)):
                if not self.dead:
                    put(self.folder, shard.index, 1)


def watch(folder: ClusterFolder, scheduler: Scheduler, count: int) -> RunWatch:
    folder.add_jobs([[shard] for shard in shards(count)])
    return RunWatch(
        folder,
        Cluster(scheduler, options(), None),
        lambda: ("true",),
        lambda _: None,
        count,
        now=lambda: scheduler.clock_s,
        sleep=scheduler.sleep,
    )


def test_more_jobs_than_the_limit_go_in_parts_and_all_are_done(folder):
    scheduler = Scheduler(folder, at_once=4, waiting=6)
    done = watch(folder, scheduler, 23).until_over()
    assert sorted(done) == list(range(23))
    assert max(count for _, count in scheduler.calls) <= 4
    handed = [n for first, count in scheduler.calls for n in range(first, first + count)]
    assert sorted(handed) == list(range(23))


def test_the_scheduler_is_asked_no_more_often_than_is_said(folder):
    scheduler = Scheduler(folder)
    watch(folder, scheduler, 30).until_over()
    pauses = [b - a for a, b in zip(scheduler.asked, scheduler.asked[1:], strict=False)]
    assert min(pauses) >= 5


def test_what_no_job_can_write_any_more_is_not_waited_for(folder):
    scheduler = Scheduler(folder)
    scheduler.dead = True
    assert watch(folder, scheduler, 3).until_over() == {}
    assert 15 <= scheduler.clock_s < 60


def test_a_file_that_is_seen_late_is_found(folder):
    scheduler = Scheduler(folder)
    scheduler.dead = True
    looked = watch(folder, scheduler, 1)

    def late(wait_s: float) -> None:
        scheduler.sleep(wait_s)
        if scheduler.clock_s > 12 and not folder.attempts():
            put(folder, 0, 1)

    looked.sleep = late
    assert list(looked.until_over()) == [0]


def test_a_controller_that_is_away_for_a_minute_is_waited_for(folder):
    scheduler = Scheduler(folder)
    looked = watch(folder, scheduler, 2)

    def away(wait_s: float) -> None:
        scheduler.away = 5 < scheduler.clock_s < 65
        scheduler.sleep(wait_s)

    looked.sleep = away
    assert sorted(looked.until_over()) == [0, 1]


def test_a_controller_that_stays_away_is_left(folder):
    scheduler = Scheduler(folder)
    scheduler.away = True
    with pytest.raises(NotAllowed, match="has not answered for 600 s"):
        watch(folder, scheduler, 2).until_over()


def test_a_job_that_is_held_is_not_waited_for(folder):
    scheduler = Scheduler(folder)
    scheduler.jobs = lambda *_: [JobState(0, JobPhase.HELD, "held") for _ in scheduler.calls]
    scheduler.sleep = lambda wait_s: setattr(scheduler, "clock_s", scheduler.clock_s + wait_s)
    assert watch(folder, scheduler, 1).until_over() == {}
    assert scheduler.clock_s < 60


def test_a_single_job_that_is_never_taken_is_not_offered_for_ever(folder):
    scheduler = Scheduler(folder)
    scheduler.submit = lambda *_: False
    with pytest.raises(UsageError, match="has not taken a single job"):
        watch(folder, scheduler, 1).until_over()


def test_a_run_that_is_cancelled_is_not_waited_for(folder):
    scheduler = Scheduler(folder)
    looked = watch(folder, scheduler, 9)
    looked.sleep = lambda wait_s: (scheduler.sleep(wait_s), folder.cancel())
    assert len(looked.until_over()) == 1
