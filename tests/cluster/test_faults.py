"""What goes wrong on nodes and between them: each fault is said in clear words, and nothing is lost
or doubled. The nodes are this machine, by the example executor."""

from __future__ import annotations

import errno
import json
import os
import signal
import threading
from pathlib import Path

import pytest

import harness
from harness.api import on_clusters as clusters
from harness.cluster import node
from harness.cluster.folder import find_cluster
from tests.waiting import until


def run(project: Path, *names: str) -> harness.RunResult:
    return harness.run(
        *names, config=project / "harness.toml", executor="ssh", trials=2, warmup=0, seed=1
    )


def forget_gathered(project: Path, run_id: str) -> None:
    """As if nobody had gathered the run yet."""
    (project / ".harness/results" / run_id).rename(project / f"{run_id}-before")


@pytest.mark.soak
def test_a_job_that_is_killed_for_its_memory_loses_its_shard_alone_and_is_resumed(ssh):
    gate = ssh / "gate"
    gate.touch()
    config = ssh / "harness.toml"
    waits = f"while [ -e {gate} ]; do sleep 0.05; done; echo {{n}}"
    config.write_text(config.read_text().replace('"echo {n}"]\n', f'"{waits}"]\n'))
    kept = Path(os.environ["XDG_CACHE_HOME"]) / "harness-ssh"

    def kill() -> None:
        # What the kernel does to all processes of a job that has no memory left.
        begun = until(lambda: [*(ssh / ".harness/results/.cluster").glob("*/attempts/*")], 120)
        (path,) = until(lambda: [*kept.glob(f"harness-{begun[0].parts[-3]}.*.json")], 120)
        os.killpg(json.loads(path.read_text())["group"], signal.SIGKILL)
        gate.unlink()

    killer = threading.Thread(target=kill)
    killer.start()
    lost = run(ssh, "three")
    killer.join()
    assert "its job ended without a result" in lost.failures["three"]
    assert lost.exit_code == 5
    again = harness.resume(lost.id, config=config)
    assert again.ok, again.failures
    assert len(harness.load(again)) == 2


def test_a_node_without_a_compiler_is_that_targets_failure(ssh):
    config = ssh / "harness.toml"
    (ssh / "a.c").write_text("int main(void) { return 0; }\n")
    config.write_text(
        config.read_text()
        + '[tasks.c.cases.x]\n[targets.built]\ntask = "c"\nadapter = "c"\nsources = ["a.c"]\n'
        'compiler = "no-such-compiler"\n'
    )
    result = run(ssh, "built", "three")
    assert "no-such-compiler" in result.failures["built"]
    assert {m.target: m.trials for m in result.measurements} == {"built": 0, "three": 2}


def test_another_python_on_the_node_is_refused_with_both(ssh, monkeypatch):
    monkeypatch.setattr("harness.cluster.running.python_version", lambda: "2.7")
    result = run(ssh, "three")
    assert "was submitted with 2.7" in result.failures["three"]


def test_a_file_that_is_seen_too_late_counts_at_a_later_look_whatever_its_nodes_clock_says(ssh):
    first = run(ssh, "three")
    folder = find_cluster(ssh / ".harness/results", first.id)
    assert folder is not None
    (only,) = folder.attempts()
    hidden = ssh / "not-seen-yet"
    only.path.rename(hidden)
    forget_gathered(ssh, first.id)
    lost = clusters.attach(first.id, config=ssh / "harness.toml")
    assert "its job ended without a result" in lost.failures["three"]
    # A later attempt by a node whose clock is an hour behind the first one's.
    an_hour_ago = hidden.stat().st_mtime - 3600
    later = only.path.with_name("s0000000-a2-ffffffffffff.parquet")
    later.write_bytes(hidden.read_bytes())
    os.utime(later, (an_hour_ago, an_hour_ago))
    hidden.rename(only.path)
    again = clusters.attach(first.id, config=ssh / "harness.toml")
    assert set(harness.load(again).attempt) == {1}
    assert again.table() == first.table()


class Disk:
    """A shared disk that is full for some tries."""

    def __init__(self, tries: int) -> None:
        self.left = tries

    def write(self) -> None:
        if self.left:
            self.left -= 1
            raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_shared_disk_is_tried_again_and_then_said(tmp_path, monkeypatch):
    slept, said = [], []
    monkeypatch.setattr(node.time, "sleep", slept.append)
    job = node._Job(None, None, tmp_path, tmp_path, said.append)
    job._patiently(Disk(2).write)
    assert len(slept) == 2
    assert all("No space left on device" in words for words in said)
    with pytest.raises(OSError, match="No space left"):
        job._patiently(Disk(9).write)
    assert sum(slept[2:]) >= 20
