"""Runs on disk: nothing lost, nothing believed that is damaged."""

import errno
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import DataDamaged, DataUnreadable, NotAllowed, StorageFailed, UsageError
from harness.model import Mode, Phase, Sample, Trial, TrialRecord, TrialStatus
from harness.system.store.at_work import is_being_written
from harness.system.store.parquet import read_parquet
from harness.system.store.rows import from_row, to_row, trials_schema
from harness.system.store.run_file import find_run, read_run, run_folders
from harness.system.store.runs import RunWriter, stored_rows
from harness.system.store.stream import read_frames


def load_rows(folder: Path) -> list[dict]:
    """All stored trials of a run, finished or not."""
    return list(stored_rows(read_run(folder)))


def record(block: int, wall_ns: int = 1000) -> TrialRecord:
    trial = Trial(
        TrialStatus.OK,
        wall_ns,
        user_ns=700,
        sys_ns=200,
        max_rss_bytes=4096,
        exit_code=0,
        phases=(Phase("a", 1, 400), Phase("a/b", 2, 300)),
        samples=(Sample(0, 4, 900, 890, calibration=True),),
        metrics={"joules": 1.5, "a/b:c": -5e-324},
    )
    return TrialRecord(
        run_id="r1",
        task="sum",
        case="fast",
        target="sum-c",
        adapter="c",
        language="C",
        build_digest="d",
        mode=Mode.COLD,
        block=block,
        position=0,
        warmup=block < 0,
        started_at_ns=5,
        trial=trial,
        output_ok=True,
    )


def write(folder: Path, blocks: int, *, finish: bool = True) -> None:
    with RunWriter(folder, {"seed": 1}, "host") as writer:
        for block in range(blocks):
            writer.append(record(block))
        if finish:
            writer.finish({"x": 1}, frozenset({("sum", "fast", 1), ("other", "fast", 0)}))


def test_a_row_and_a_record_are_each_other_s_inverse():
    assert from_row(to_row(record(3), "host")) == record(3)


def test_every_column_of_a_row_is_in_the_schema():
    assert set(to_row(record(0), "host")) == set(trials_schema().names)


def test_what_is_stored_comes_back_as_it_was(tmp_path):
    odd = 'a "b" \\ \n\r\t\0 \u2028 \N{MATHEMATICAL BOLD CAPITAL A} {"block": 7}'
    samples = tuple(Sample(i, 1, 2**62 + i, 2**53 + 1, calibration=False) for i in range(20_000))
    trial = replace(record(2).trial, message=odd, exit_code=None, phases=(), samples=samples)
    stored = [replace(record(2), trial=trial, task=odd, output_ok=None), record(3)]
    with RunWriter(tmp_path / "r1", {}, "host") as writer:
        for one in stored:
            writer.append(one)
        assert [from_row(row) for row in load_rows(tmp_path / "r1")] == stored
        writer.finish({}, frozenset())
    assert [from_row(row) for row in read_parquet(tmp_path / "r1" / "trials.parquet")] == stored


def test_no_rows_are_a_table_too(tmp_path):
    write(tmp_path / "r1", 0)
    assert read_parquet(tmp_path / "r1" / "trials.parquet") == []


def test_storing_imports_no_pandas(tmp_path):
    script = (
        "import sys; from pathlib import Path; from harness.system.store.runs import RunWriter\n"
        "with RunWriter(Path(sys.argv[1]), {}, 'host') as writer:\n"
        "    writer.finish({}, frozenset())\n"
        "sys.exit('pandas' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script, tmp_path / "r1"], check=True, timeout=60)


def test_a_finished_run_is_parquet_with_all_rows_and_the_summary(tmp_path):
    write(tmp_path / "r1", 3)
    rows = read_parquet(tmp_path / "r1" / "trials.parquet")
    assert [r["block"] for r in rows] == [0, 1, 2]
    assert [r["disturbed"] for r in rows] == [False, True, False]
    assert rows[0]["host_id"] == "host"
    run = read_run(tmp_path / "r1")
    assert run.finished
    assert run.summary == {"x": 1}
    assert not (tmp_path / "r1" / "trials.stream").exists()


def test_an_unfinished_run_keeps_every_trial_that_was_stored(tmp_path):
    write(tmp_path / "r1", 4, finish=False)
    assert len(load_rows(tmp_path / "r1")) == 4
    assert not read_run(tmp_path / "r1").finished


@pytest.mark.parametrize("lost", [1, 50, 150])
def test_a_stream_cut_off_in_its_last_row_loses_that_row_alone(tmp_path, lost):
    with RunWriter(tmp_path / "r1", {}, "host") as writer:
        for block in range(5):
            writer.append(record(block))
        stream = tmp_path / "r1" / "trials.stream"
        content = stream.read_bytes()
    stream.write_bytes(content[:-lost])
    assert [r["block"] for r in load_rows(tmp_path / "r1")] == [0, 1, 2, 3]


@pytest.mark.parametrize("finished", [True, False])
def test_a_run_opened_again_goes_on_with_all_earlier_rows(tmp_path, finished):
    write(tmp_path / "r1", 3, finish=finished)
    with RunWriter(tmp_path / "r1", {"seed": 1}, "host") as writer:
        writer.append(record(3))
    assert [r["block"] for r in load_rows(tmp_path / "r1")] == [0, 1, 2, 3]


def test_a_damaged_parquet_file_is_named(tmp_path):
    write(tmp_path / "r1", 3)
    path = tmp_path / "r1" / "trials.parquet"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(DataDamaged, match=r"trials\.parquet"):
        load_rows(tmp_path / "r1")


def test_a_parquet_file_of_another_program_is_refused(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"x": [1]}), tmp_path / "other.parquet")
    with pytest.raises(DataDamaged, match="harness_schema_version"):
        read_parquet(tmp_path / "other.parquet")


def test_a_run_json_that_is_no_json_is_named(tmp_path):
    write(tmp_path / "r1", 1)
    (tmp_path / "r1" / "run.json").write_text("{")
    with pytest.raises(DataDamaged, match=r"run\.json"):
        read_run(tmp_path / "r1")


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageFailed, match="cannot write to"):
        RunWriter(tmp_path / "file" / "r1", {}, "host")


def test_runs_are_found_by_a_beginning_of_their_id(tmp_path):
    for name in ("20260101-a", "20260102-b"):
        write(tmp_path / name, 1)
    assert [f.name for f in run_folders(tmp_path)] == ["20260101-a", "20260102-b"]
    assert find_run(tmp_path, None).name == "20260102-b"
    assert find_run(tmp_path, "20260101").name == "20260101-a"
    with pytest.raises(UsageError, match="2 runs"):
        find_run(tmp_path, "2026")
    with pytest.raises(UsageError, match="no run"):
        find_run(tmp_path, "1999")


def test_a_stream_that_cannot_be_opened_is_damaged_and_not_empty(tmp_path):
    write(tmp_path / "r1", 2, finish=False)
    (tmp_path / "r1" / "trials.stream").write_bytes(b"nothing that we ever wrote")
    with pytest.raises(DataDamaged, match=r"trials\.stream: damaged"):
        load_rows(tmp_path / "r1")


def test_a_full_disk_is_said_in_words_and_leaves_the_stream_as_it_was(tmp_path, monkeypatch):
    """The kernel takes a part of a frame and refuses the rest."""
    with RunWriter(tmp_path / "r1", {}, "host") as writer:
        writer.append(record(0))
        real, calls = os.pwrite, []

        def full(handle, content, offset):
            calls.append(offset)
            if len(calls) > 1:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return real(handle, content[:20], offset)

        monkeypatch.setattr("harness.system.store.stream.os.pwrite", full)
        with pytest.raises(StorageFailed, match="No space left"):
            writer.append(record(1))
        monkeypatch.undo()
        writer.append(record(2))
    assert [row["block"] for row in load_rows(tmp_path / "r1")] == [0, 2]


def test_a_run_that_is_being_measured_cannot_be_opened_by_another(tmp_path):
    with RunWriter(tmp_path / "r1", {}, "host") as writer:
        writer.append(record(0))
        assert is_being_written(tmp_path / "r1")
        with pytest.raises(NotAllowed, match="r1 is being measured by another process"):
            RunWriter(tmp_path / "r1", {}, "host")
    assert not is_being_written(tmp_path / "r1")
    assert len(load_rows(tmp_path / "r1")) == 1


# -- killed -----------------------------------------------------------------------------------


DIE = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_store import record, write
from harness.system.store.runs import RunWriter

CALLS = ("open", "pwrite", "fsync", "rename", "replace", "mkdir", "unlink", "rmdir", "fchmod")

def die_after(count):
    def dying(original):
        def call(*arguments, **more):
            nonlocal count
            count -= 1
            if count < 0:
                os._exit(9)
            return original(*arguments, **more)
        return call

    for name in CALLS:
        setattr(os, name, dying(getattr(os, name)))

for deaths in range(1000):
    run = Path(sys.argv[1]) / str(deaths) / "r1"
    if sys.argv[3] == "True":
        write(run, 2, finish=False)
    run.parent.mkdir(exist_ok=True)
    told = os.open(run.parent.with_suffix(".told"), os.O_CREAT | os.O_WRONLY)
    if not os.fork():
        die_after(deaths)
        with RunWriter(run, {"seed": 1}, "host") as writer:
            for block in range(3):
                writer.append(record(block))
                os.write(told, b".")
            writer.finish({"x": 1}, frozenset())
        os._exit(0)
    os.close(told)
    if os.wait()[1] == 0:
        break
"""


@pytest.mark.parametrize("resumed", [False, True])
def test_a_writer_that_dies_at_any_call_leaves_a_run_that_can_be_read_or_none(tmp_path, resumed):
    """At every call by which it changes a file, of a new run and of one that is gone on with."""
    argv = [sys.executable, "-c", DIE, str(tmp_path), str(Path(__file__).parent), str(resumed)]
    subprocess.run(argv, check=True, timeout=300)
    deaths = [path for path in tmp_path.iterdir() if path.is_dir()]
    assert len(deaths) > 20
    earlier = 2 if resumed else 0
    for results in deaths:
        run, told = results / "r1", results.with_suffix(".told").stat().st_size
        assert run.exists() or told == 0
        if run.exists():
            blocks = [row["block"] for row in load_rows(run)]
            assert len(blocks) - earlier in (told, told + 1), results
            assert blocks[earlier:] == list(range(len(blocks) - earlier))
        write(results / "r2", 0, finish=False)
        left = {path.name for path in results.rglob("*") if path.is_file()}
        assert left <= {"run.json", "trials.stream", "trials.parquet"}, results
        assert {path.name for path in results.iterdir()} <= {"r1", "r2"}, results
        if run.exists() and read_run(run).finished:
            assert not (run / "trials.stream").exists(), results


def test_a_run_that_prepares_can_be_read(tmp_path):
    with RunWriter(tmp_path / "r1", {"seed": 1}, "host"):
        run = read_run(tmp_path / "r1")
        assert (run.plan, run.finished) == ({"seed": 1}, False)
        assert load_rows(tmp_path / "r1") == []


def test_a_run_of_an_older_harness_goes_on(tmp_path):
    """With an Arrow stream whose last row is torn, and a `run.json` without a digest."""
    import pyarrow as pa

    folder = tmp_path / "r1"
    folder.mkdir()
    plan = {"schema_version": 1, "plan": {"seed": 1}, "finished": False}
    (folder / "run.json").write_text(json.dumps(plan))
    with (
        (folder / "trials.arrows").open("wb") as file,
        pa.ipc.new_stream(file, trials_schema()) as out,
    ):
        for block in range(3):
            row = pa.Table.from_pylist([to_row(record(block), "host")], schema=trials_schema())
            out.write_table(row)
            whole = file.tell()
    content = (folder / "trials.arrows").read_bytes()
    (folder / "trials.arrows").write_bytes(content[: whole - 100])
    assert [row["block"] for row in load_rows(folder)] == [0, 1]
    with RunWriter(folder, {"seed": 1}, "host") as writer:
        writer.append(record(2))
    assert [from_row(row) for row in load_rows(folder)] == [record(n) for n in range(3)]
    assert {path.name for path in folder.iterdir()} == {"run.json", "trials.stream"}


def test_a_run_that_an_older_harness_prepared_is_no_damage(tmp_path):
    folder = tmp_path / "r1"
    folder.mkdir()
    plan = {"schema_version": 1, "plan": {"seed": 1}, "finished": False}
    (folder / "run.json").write_text(json.dumps(plan))
    (folder / "trials.arrows").touch()
    assert load_rows(folder) == []


# -- damage -----------------------------------------------------------------------------------


def flips(content: bytes, step: int):
    """The content with one bit flipped, here and there."""
    for at in range(0, len(content) * 8, step):
        changed = bytearray(content)
        changed[at // 8] ^= 1 << at % 8
        yield at, bytes(changed)


@pytest.mark.parametrize("name", ["run.json", "trials.stream", "trials.parquet"])
def test_no_flipped_bit_is_silent(tmp_path, name):
    """A bit of `run.json` that means nothing there (a space) may be flipped."""
    folder = tmp_path / "r1"
    write(folder, 3, finish=name != "trials.stream")
    before, rows = read_run(folder), load_rows(folder)
    path = folder / name
    content = path.read_bytes()
    for at, changed in flips(content, 29 if name == "trials.parquet" else 7):
        path.write_bytes(changed)
        try:
            assert (read_run(folder), load_rows(folder)) == (before, rows), f"bit {at} is silent"
        except DataUnreadable:  # a flipped version may be that of a newer harness
            continue
        assert name == "run.json", f"bit {at} is silent"


def test_a_stream_that_is_gone_is_no_empty_one(tmp_path):
    write(tmp_path / "r1", 2, finish=False)
    (tmp_path / "r1" / "trials.stream").unlink()
    with pytest.raises(DataDamaged, match=r"trials\.stream"):
        load_rows(tmp_path / "r1")
    with pytest.raises(DataDamaged, match=r"trials\.stream"):
        RunWriter(tmp_path / "r1", {"seed": 1}, "host")


def test_a_damaged_stream_is_not_written_anew(tmp_path):
    write(tmp_path / "r1", 3, finish=False)
    path = tmp_path / "r1" / "trials.stream"
    content = bytearray(path.read_bytes())
    content[-250] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataDamaged, match="checksum"):
        RunWriter(tmp_path / "r1", {"seed": 1}, "host")
    assert path.read_bytes() == content
    assert not (tmp_path / ".making").exists()


def test_frames_of_another_run_or_in_another_order_are_found(tmp_path):
    for name in ("r1", "r2"):
        write(tmp_path / name, 3, finish=False)
    path = tmp_path / "r1" / "trials.stream"
    content, other = path.read_bytes(), (tmp_path / "r2" / "trials.stream").read_bytes()
    ends = [frame.end for frame in frames_of(path)]
    a, b = content[ends[0] : ends[1]], content[ends[1] : ends[2]]
    for wrong in (
        content[: ends[0]] + b + a + content[ends[2] :],
        content[: ends[1]] + content[ends[2] :],
        content[: ends[1]] + a + content[ends[1] :],
        content[: ends[1]] + other[ends[1] :],
    ):
        path.write_bytes(wrong)
        with pytest.raises(DataDamaged, match="checksum"):
            load_rows(tmp_path / "r1")


def frames_of(path):
    with path.open("rb") as file:
        return list(read_frames(file))


def test_a_tail_of_zeros_is_what_a_machine_that_went_down_leaves(tmp_path):
    write(tmp_path / "r1", 3, finish=False)
    path = tmp_path / "r1" / "trials.stream"
    path.write_bytes(path.read_bytes() + b"\0" * 4000)
    assert len(load_rows(tmp_path / "r1")) == 3
    with RunWriter(tmp_path / "r1", {"seed": 1}, "host") as writer:
        writer.append(record(3))
    assert len(load_rows(tmp_path / "r1")) == 4


def test_columns_that_are_not_known_are_kept_and_missing_ones_are_damage(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    write(tmp_path / "r1", 2)
    path = tmp_path / "r1" / "trials.parquet"
    table = pq.read_table(path)
    pq.write_table(table.append_column("joules", pa.array([1.5, 2.5])), tmp_path / "more.parquet")
    rows = read_parquet(tmp_path / "more.parquet")
    assert [row["joules"] for row in rows] == [1.5, 2.5]
    assert from_row(rows[1]) == replace(record(1), disturbed=True)
    pq.write_table(table.drop_columns("wall_ns"), tmp_path / "fewer.parquet")
    with pytest.raises(DataDamaged, match="no column wall_ns, without which a trial means nothing"):
        read_parquet(tmp_path / "fewer.parquet")


def test_a_figure_that_no_column_holds_is_the_adapter_s(tmp_path):
    with RunWriter(tmp_path / "r1", {}, "host") as writer:
        trial = replace(record(0).trial, wall_ns=1.5)
        with pytest.raises(StorageFailed, match="cannot be stored") as refused:
            writer.append(replace(record(0), trial=trial))
        assert "adapter 'c'" in refused.value.hint
        writer.append(replace(record(0), trial=replace(trial, wall_ns=1, message="\udc80")))
    (row,) = load_rows(tmp_path / "r1")
    assert row["message"] == "\\udc80"


def test_a_writer_keeps_no_rows_in_memory(tmp_path):
    """Ten times the trials, and no more memory."""
    import tracemalloc

    def peak(count):
        with RunWriter(tmp_path / f"r{count}", {}, "host") as writer:
            one = record(0)
            writer.append(one)
            tracemalloc.start()
            for _ in range(count):
                writer.append(one)
            _, most = tracemalloc.get_traced_memory()
            tracemalloc.stop()
        return most

    assert peak(3000) < peak(300) + 50_000


@pytest.mark.parametrize("figure", [float("nan"), float("inf"), "12"])
def test_a_metric_that_is_no_finite_number_is_the_adapter_s(tmp_path, figure):
    with RunWriter(tmp_path / "r1", {}, "host") as writer:
        trial = replace(record(0).trial, metrics={"joules": figure})
        with pytest.raises(StorageFailed, match="cannot be stored"):
            writer.append(replace(record(0), trial=trial))
