"""Files of other versions: read with columns missing, more, or in another order; newer refused."""

import json
import shutil
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import DataDamaged, ExitCode, MadeByNewer
from harness.model import (
    Better,
    BuildFacts,
    MetricInfo,
    Mode,
    Phase,
    Sample,
    Trial,
    TrialRecord,
    TrialStatus,
)
from harness.system.store.described import Described
from harness.system.store.parquet import join_parquet, read_described, read_parquet, write_parquet
from harness.system.store.rows import COLUMNS, NAMES, from_row, to_row, trials_schema
from harness.system.store.run_file import read_run
from harness.system.store.runs import RunWriter, stored_rows, whereabouts_of
from harness.system.store.stream import MAGIC, Heading, StreamWriter, _frame

OPTIONAL = [column for column in COLUMNS if not column.needed]
NEEDED = [column.name for column in COLUMNS if column.needed]

EXTRAS = {
    "joules": [1.5, 2.5, None],
    "note": ["a", None, "ü \N{GREEK SMALL LETTER ALPHA}"],
    "seen": [True, False, None],
    "cores": [[1, 2], [], None],
    "where": [{"x": 1, "y": "a"}, {"x": 2, "y": None}, None],
    "nothing": [None, None, None],
}


def load_rows(folder: Path) -> list[dict]:
    """All stored trials of a run, finished or not."""
    return list(stored_rows(read_run(folder)))


def record(block: int) -> TrialRecord:
    trial = Trial(
        TrialStatus.OK,
        1000 + block,
        user_ns=700,
        exit_code=0,
        phases=(Phase("a", 1, 400),),
        samples=(Sample(0, 4, 900, 890),),
        threads=2,
        metrics={"joules": 0.1 * block},
    )
    place = ("r1", "sum", "fast", "sum-c", "c", "C", "d")
    return TrialRecord(*place, Mode.COLD, block, 0, warmup=False, started_at_ns=5, trial=trial)


def varied(table: pa.Table, draw: st.DataObject) -> pa.Table:
    """The table with some columns gone, some more, in any order."""
    gone = draw.draw(st.sets(st.sampled_from([c.name for c in OPTIONAL])))
    more = draw.draw(st.sets(st.sampled_from(sorted(EXTRAS))))
    table = table.drop_columns(sorted(gone & set(table.column_names)))
    for name in sorted(more):
        table = table.append_column(f"x_{name}", pa.array(EXTRAS[name]))
    return table.select(draw.draw(st.permutations(table.column_names)))


def table_of(rows: list[dict], version: int) -> pa.Table:
    names = [name for name in NAMES if version > 1 or name != "metrics"]
    kinds = trials_schema()
    columns = {
        name: pa.array(
            [list(r[name].items()) if name == "metrics" else r[name] for r in rows],
            kinds.field(name).type,
        )
        for name in names
    }
    return pa.table(columns).replace_schema_metadata({"harness_schema_version": str(version)})


def expected(rows: list[dict], table: pa.Table) -> list[dict]:
    """The rows with the default of each column that the table lacks."""
    lacking = {c.name: c.default for c in COLUMNS if c.name not in table.column_names}
    more = {n: table.column(n).to_pylist() for n in table.column_names if n not in NAMES}
    return [
        {**row, **lacking, **{name: values[at] for name, values in more.items()}}
        for at, row in enumerate(rows)
    ]


@pytest.mark.parametrize("version", [1, 2])
@settings(derandomize=True, max_examples=12)
@given(draw=st.data())
def test_columns_may_be_gone_more_and_moved_in_a_file_of_any_version(
    tmp_path_factory, version, draw
):
    path = tmp_path_factory.mktemp("run") / "trials.parquet"
    rows = [to_row(record(block), "host") for block in range(3)]
    table = varied(table_of(rows, version), draw)
    pq.write_table(table, path)
    found = read_parquet(path)
    assert found == expected(rows, table)
    assert [from_row(row).trial.wall_ns for row in found] == [1000, 1001, 1002]
    again = path.with_name("again.parquet")
    write_parquet(again, found)
    assert read_parquet(again) == found


@pytest.mark.parametrize("finished", [True, False])
@settings(derandomize=True, max_examples=6)
@given(draw=st.data())
def test_columns_that_are_not_known_go_through_resuming(tmp_path_factory, finished, draw):
    """A finished run has them in Parquet, an unfinished one in the stream of another harness."""
    folder = tmp_path_factory.mktemp("results") / "r1"
    rows = [to_row(record(block), "host") for block in range(3)]
    table = varied(table_of(rows, 2), draw)
    wanted = expected(rows, table)
    with RunWriter(folder, {}, "host") as writer:
        writer.finish({}, frozenset())
    if finished:
        pq.write_table(table, folder / "trials.parquet")
        plain = {"schema_version": 1, "plan": {}, "finished": True}
    else:
        (folder / "trials.parquet").unlink()
        foreign_stream(folder / "trials.stream", table, wanted)
        plain = {"schema_version": 1, "plan": {}, "finished": False}
    (folder / "run.json").write_text(json.dumps(plain))
    assert load_rows(folder) == wanted
    last = to_row(record(3), "host", whereabouts_of({}))
    more = {name: None for name in table.column_names if name not in NAMES}
    with RunWriter(folder, {}, "host") as writer:
        writer.append(record(3))
    assert load_rows(folder) == [*wanted, {**last, **more}]
    with RunWriter(folder, {}, "host") as writer:
        writer.finish({}, frozenset())
    at_last = [{**row, "disturbed": False} for row in [*wanted, {**last, **more}]]
    assert load_rows(folder) == at_last


def foreign_stream(path: Path, table: pa.Table, rows: list[dict]) -> None:
    """The table's columns, in its order, as another harness of this schema would stream them."""
    columns = [(name, "any") for name in table.column_names]
    heading = msgspec.msgpack.encode(Heading(schema_version=2, run="r1", columns=columns))
    frames, seed = [_frame(heading, 0, 0)], msgspec_crc(heading)
    for number, row in enumerate(rows, 1):
        cells = msgspec.msgpack.encode([row[name] for name in table.column_names])
        frames.append(_frame(cells, number, seed))
    path.write_bytes(MAGIC + b"".join(frames))


def msgspec_crc(payload: bytes) -> int:
    from zlib import crc32

    return crc32(payload)


@pytest.mark.parametrize("name", NEEDED)
def test_a_column_without_which_a_trial_means_nothing_is_asked_for_by_name(tmp_path, name):
    table = table_of([to_row(record(0), "host")], 1).drop_columns(name)
    pq.write_table(table, tmp_path / "trials.parquet")
    with pytest.raises(DataDamaged, match=f"no column {name}, without which"):
        read_parquet(tmp_path / "trials.parquet")


def test_values_that_make_no_column_together_are_kept_as_text(tmp_path):
    rows = [{**to_row(record(n), "host"), "odd": odd} for n, odd in enumerate([1, "a", [2, "b"]])]
    write_parquet(tmp_path / "t.parquet", rows)
    assert [r["odd"] for r in read_parquet(tmp_path / "t.parquet")] == ["1", "a", '[2, "b"]']


# -- newer ------------------------------------------------------------------------------------


def newer(folder: Path, name: str) -> None:
    """A run of which one file is of schema 3."""
    with RunWriter(folder, {}, "host") as writer:
        writer.append(record(0))
        if name == "trials.parquet":
            writer.finish({}, frozenset())
    path = folder / name
    if name == "run.json":
        path.write_text(json.dumps({"schema_version": 3, "plan": [], "more": 1}))
    elif name == "trials.stream":
        path.unlink()
        heading = msgspec.msgpack.encode(
            {"schema_version": 3, "run": "r1", "columns": [["a", "b"]]}
        )
        path.write_bytes(MAGIC + _frame(heading, 0, 0))
    else:
        table = pq.read_table(path)
        pq.write_table(table.replace_schema_metadata({"harness_schema_version": "3"}), path)
        plain = {"schema_version": 1, "plan": {}, "finished": True}
        (folder / "run.json").write_text(json.dumps(plain))


@pytest.mark.parametrize("name", ["run.json", "trials.stream", "trials.parquet"])
def test_a_newer_file_is_refused_with_what_to_do_and_is_not_called_damaged(tmp_path, name):
    newer(tmp_path / "r1", name)
    for attempt in (load_rows, lambda folder: RunWriter(folder, {}, "host")):
        with pytest.raises(
            MadeByNewer, match=r"made by a newer harness \(schema 3; this one knows 2\)"
        ) as no:
            attempt(tmp_path / "r1")
        assert "damaged" not in no.value.message
        assert "Upgrade" in no.value.hint
        assert no.value.exit_code is ExitCode.USAGE


# -- what a file says of itself ---------------------------------------------------------------


def test_metrics_and_builds_are_said_by_each_file_alone(tmp_path):
    joules = MetricInfo("joules", "J", Better.LOWER, 0.001, "rapl")
    build = BuildFacts("d", "c", "C", "gcc 13.2", "f", {"flags": ["-O3"]}, {"libc": "2.38"}, 5)
    folder = tmp_path / "r1"
    with RunWriter(folder, {}, "host") as writer:
        writer.describe(metrics=[joules])
        writer.append(record(0))
    assert read_run(folder).described.metrics == (joules,)
    with RunWriter(folder, {}, "host") as writer:
        writer.describe(builds=[build])
        writer.describe(builds=[build])
        writer.finish({}, frozenset())
    assert read_run(folder).described == writer.described
    shutil.move(folder / "trials.parquet", tmp_path / "alone.parquet")
    alone = read_described(tmp_path / "alone.parquet")
    assert (alone.metrics, alone.builds) == ((joules,), (build,))


def test_files_that_are_joined_keep_what_each_says(tmp_path):
    parts = []
    for number, name in enumerate(["joules", "volts"]):
        rows = [{**to_row(record(number), "host"), name: number}]
        build = BuildFacts(name, "c", "C", "gcc 13.2")
        parts.append(tmp_path / f"{name}.parquet")
        write_parquet(parts[-1], rows, Described((MetricInfo(name),), (build,)))
    join_parquet(tmp_path / "both.parquet", parts)
    both = read_described(tmp_path / "both.parquet")
    assert [m.name for m in both.metrics] == ["joules", "volts"]
    assert [b.digest for b in both.builds] == ["joules", "volts"]
    found = read_parquet(tmp_path / "both.parquet")
    assert [(r["block"], r["joules"], r["volts"]) for r in found] == [(0, 0, None), (1, None, 1)]


def test_a_file_of_schema_1_declares_nothing(tmp_path):
    pq.write_table(table_of([to_row(record(0), "host")], 1), tmp_path / "t.parquet")
    assert read_described(tmp_path / "t.parquet").metrics == ()


def test_a_stream_that_goes_on_keeps_its_unknown_columns(tmp_path):
    path = tmp_path / "trials.stream"
    StreamWriter(path, "r1", ("odd",)).close()
    writer = StreamWriter(path, "r1")
    assert writer.unknown == ("odd",)
    writer.close()
