"""What outlives a forger: the witness, the tag of the end, and git's own objects."""

from __future__ import annotations

import re
import shutil
import subprocess
import zlib
from pathlib import Path

import pytest

from harness.campaign.events import Event, Kind, next_event
from harness.campaign.logs import optimization_log
from harness.campaign.witness import Seen
from harness.errors import DataDamaged, UsageError
from harness.optimise import (
    BenchOptions,
    bench_candidate,
    check_candidate,
    decide,
    finish,
    log,
    run_profile,
    start,
    think,
)
from harness.optimise.keeping import close
from harness.optimise.verify import verify
from harness.optimise.witnessing import bear_witness, read_witness


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def forge(world, from_event: int) -> None:
    """Write the chain anew from an event on, in the journal and in this machine's copy."""
    events = world.campaign.events
    made = list(events[: from_event - 1])
    for event in events[from_event - 1 :]:
        made.append(next_event(made, event.kind, event.data, event.at_ns + 1))
    text = "".join(f"{event.line}\n" for event in made)
    for path in (world.campaign.journal.path, world.campaign.journal.copy):
        path.write_text(text)


def test_every_event_is_seen_outside_of_the_tree(started, tmp_path: Path) -> None:
    path = started.campaign.witness
    assert path.is_relative_to(tmp_path / "state")
    assert [one.digest for one in read_witness(path)] == [e.digest for e in started.campaign.events]
    found = verify(started.campaign, started.bench)
    assert found.ok
    assert found.checked["events that the witness has seen"] == len(started.campaign.events)


@pytest.mark.parametrize("from_event", [1, 2])
def test_a_chain_that_was_written_anew_is_found(started, tmp_path: Path, from_event: int) -> None:
    elsewhere = tmp_path / "elsewhere.txt"
    shutil.copy(started.campaign.witness, elsewhere)
    forge(started, from_event)
    started.campaign.witness.unlink()
    assert verify(started.campaign, started.bench).ok  # the chain alone tells nothing
    found = verify(started.campaign, started.bench, elsewhere)
    assert any(re.search("written anew", problem) for problem in found.problems)


def test_a_witness_that_is_not_there_is_said(started, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no witness at"):
        verify(started.campaign, started.bench, tmp_path / "none.txt")
    (tmp_path / "nonsense.txt").write_text("nonsense\n")
    with pytest.raises(DataDamaged, match="none of a witness"):
        verify(started.campaign, started.bench, tmp_path / "nonsense.txt")


def test_events_that_no_witness_has_seen_are_told(started) -> None:
    path = started.campaign.witness
    *earlier, last = path.read_text().splitlines(keepends=True)
    path.write_text(last)
    unseen = verify(started.campaign, started.bench).unchecked
    count = len(started.campaign.events)
    assert any(f"{len(earlier)} of {count} events against the witness" in u for u in unseen)
    path.unlink()
    unseen = verify(started.campaign, started.bench).unchecked
    assert unseen == [f"the chain against a witness: {path} has seen nothing of it"]


def test_a_witness_that_cannot_be_written_is_a_warning(
    world, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    campaign = world.campaign
    start(campaign, world.bench)
    assert any("witness of the campaign cannot be written" in w for w in campaign.warnings)


def overwrite(world, name: str, kind: str, content: bytes) -> None:
    path = world.root / ".git" / "objects" / name[:2] / name[2:]
    path.chmod(0o644)
    path.write_bytes(zlib.compress(f"{kind} {len(content)}\0".encode() + content))


def test_an_overwritten_object_of_the_baseline_is_found(started) -> None:
    blob = started.shell("rev-parse", "HEAD:work.txt").strip()
    overwrite(started, blob, "blob", b"time = 900\nfull = 9000\noutput = right\nforces = 0.8\n")
    problems = verify(started.campaign, started.bench).problems
    assert any(
        p.startswith(f"git's object {blob[:12]} was overwritten: work.txt") for p in problems
    )


@pytest.fixture
def finished(started, thought, planned, note):
    """The campaign after one kept iteration, finished and merged."""
    iterate(started, thought(), planned(), note)
    decide(started.campaign, exhausted="there is nothing more to try")
    finish(started.campaign, started.bench)
    return started


def iterate(world, idea, planned, note) -> None:
    think(world.campaign, idea, planned)
    world.write(time=50)
    check_candidate(world.campaign, world.bench, full=False)
    bench_candidate(world.campaign, world.bench, BenchOptions())
    log(world.campaign, note)
    close(world.campaign)


def test_the_tag_of_the_end_names_the_last_event(finished) -> None:
    message = finished.shell("tag", "-l", "--format=%(contents)", "post-optimization")
    assert f"chain: {len(finished.campaign.events)} " in message
    assert verify(finished.campaign, finished.bench).ok


def test_a_tag_of_the_end_that_was_moved_is_found(finished) -> None:
    base = finished.campaign.state.place.base_commit
    finished.shell("tag", "-f", "post-optimization", base)
    assert any("was moved" in p for p in verify(finished.campaign, finished.bench).problems)


def test_a_tag_of_the_end_that_names_another_chain_is_found(finished) -> None:
    message = f"End of campaign work\n\nchain: 3 {'0' * 64}\n"
    finished.shell("tag", "-f", "-a", "-m", message, "post-optimization")
    problems = verify(finished.campaign, finished.bench).problems
    assert any("says that the chain ends with event 3" in p for p in problems)


def test_the_tag_of_the_end_is_signed_where_a_key_is_given(
    world, thought, planned, note, tmp_path: Path
) -> None:
    key = tmp_path / "key"
    make = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)]
    subprocess.run(make, check=True)
    config = world.root / "harness.toml"
    config.write_text(f'{config.read_text()}signing_key = "{key}"\n')
    world.shell("commit", "-q", "-am", "sign")
    start(world.campaign, world.bench)
    run_profile(world.campaign, world.bench)
    iterate(world, thought(), planned(), note)
    decide(world.campaign, exhausted="there is nothing more to try")
    finish(world.campaign, world.bench)
    found = verify(world.campaign, world.bench)
    assert any("the signature of the tag post-optimization" in u for u in found.unchecked)
    allowed = tmp_path / "allowed"
    allowed.write_text(f"ada@example.org {key.with_suffix('.pub').read_text()}")
    world.shell("config", "gpg.ssh.allowedSignersFile", str(allowed))
    assert verify(world.campaign, world.bench).checked["signatures"] == 1


def test_attempts_at_nearly_the_same_change_are_told(started, thought, planned, note) -> None:
    for time in (100.1, 100.2):
        think(started.campaign, thought(), planned())
        started.write(time=time)
        check_candidate(started.campaign, started.bench, full=False)
        log(started.campaign, note, "it will not do")
        close(started.campaign)
    state = started.campaign.state
    assert [iteration.like for iteration in state.iterations] == [(), (1,)]
    assert "Nearly the same change as in iteration 1." in optimization_log(state)
    remarks = verify(started.campaign, started.bench).remarks
    assert "iterations 1, 2 tried nearly the same change" in remarks


@pytest.mark.parametrize("torn", ["2", "2 ", "2 abc", f"2 {'a' * 64} "])
def test_what_follows_a_line_that_was_torn_is_seen(tmp_path, torn: str) -> None:
    events: list[Event] = []
    for number in range(3):
        events.append(next_event(events, Kind.DECIDED, {}, number))
    first, _, third = events
    path = tmp_path / "witness"
    assert bear_witness(path, first) == ""
    with path.open("a") as file:
        file.write(torn)
    assert bear_witness(path, third) == ""
    assert read_witness(path) == [Seen(e.number, e.digest) for e in (first, third)]
