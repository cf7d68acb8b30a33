"""Runs on disk: nothing lost, nothing believed that is damaged."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from harness.edge.rows import from_row, schema, to_row
from harness.edge.store import (
    RunWriter,
    find_run,
    is_being_written,
    load_rows,
    read_parquet,
    read_run,
    run_folders,
)
from harness.errors import DataDamaged, NotAllowed, StorageFailed, UsageError
from harness.model import Mode, Phase, Sample, Trial, TrialRecord, TrialStatus


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
    assert set(to_row(record(0), "host")) == set(schema().names)


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
        "import sys; from pathlib import Path; from harness.edge.store import RunWriter, schema\n"
        "with RunWriter(Path(sys.argv[1]), {}, 'host') as writer:\n"
        "    writer.rows.append(dict.fromkeys(schema().names)); writer.finish({}, frozenset())\n"
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
    assert not (tmp_path / "r1" / "trials.arrows").exists()


def test_an_unfinished_run_keeps_every_trial_that_was_stored(tmp_path):
    write(tmp_path / "r1", 4, finish=False)
    assert len(load_rows(tmp_path / "r1")) == 4
    assert not read_run(tmp_path / "r1").finished


@pytest.mark.parametrize("lost", [1, 50, 300])
def test_a_stream_cut_off_in_its_last_row_loses_that_row_alone(tmp_path, lost):
    with RunWriter(tmp_path / "r1", {}, "host") as writer:
        for block in range(5):
            writer.append(record(block))
        stream = tmp_path / "r1" / "trials.arrows"
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
    (tmp_path / "r1" / "trials.arrows").write_bytes(b"nothing that Arrow ever wrote")
    with pytest.raises(DataDamaged, match=r"trials\.arrows: damaged"):
        load_rows(tmp_path / "r1")


def test_a_disk_that_is_full_at_the_very_end_is_said_in_words(tmp_path):
    writer = RunWriter(tmp_path / "r1", {}, "host")
    writer.append(record(0))
    with Path("/dev/full").open("wb", buffering=0) as full:
        os.dup2(full.fileno(), writer._file.fileno())
    with pytest.raises(StorageFailed, match="No space left"):
        writer.close()
    writer.close()  # nothing is left to be closed


def test_a_run_that_is_being_measured_cannot_be_opened_by_another(tmp_path):
    with RunWriter(tmp_path / "r1", {}, "host") as writer:
        writer.append(record(0))
        assert is_being_written(tmp_path / "r1")
        with pytest.raises(NotAllowed, match="r1 is being measured by another process"):
            RunWriter(tmp_path / "r1", {}, "host")
    assert not is_being_written(tmp_path / "r1")
    assert len(load_rows(tmp_path / "r1")) == 1
