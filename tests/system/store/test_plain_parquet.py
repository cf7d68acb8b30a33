"""What is written without pyarrow is what pyarrow reads, to the last cell."""

import random
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from harness.errors import DataDamaged
from harness.system.store.parquet import read_parquet, write_parquet
from harness.system.store.rows import COLUMNS, KINDS, NESTED, trials_schema

NUMBERS = {"int32": 31, "int64": 63}


def cell(kind: str, rng: random.Random):
    """A cell of a kind: the ends of its range, the empty one and ordinary ones."""
    if kind in NUMBERS:
        bits = NUMBERS[kind]
        return rng.choice([0, 1, -1, 2**bits - 1, -(2**bits), rng.randrange(2**bits)])
    if kind == "bool":
        return rng.random() < 0.5
    if kind == "string":
        return rng.choice(["", "ok", "\0 und \U0001f40d", f"{rng.random()}", "x" * 300])
    if kind == "figures":
        values = (0.0, -0.0, 1.5e308, -5e-324, rng.random())
        return {f"m{n}": rng.choice(values) for n in range(rng.randrange(3))}

    def field(inner: str):
        return None if kind == "ranks" and rng.random() < 0.3 else cell(inner, rng)

    return [{n: field(k) for n, k in NESTED[kind].items()} for _ in range(rng.randrange(4))]


def rows_of(count: int, seed: int, constant: bool = False):
    rng = random.Random(seed)

    def row():
        return {
            column.name: None if column.nullable and rng.random() < 0.3 else cell(column.kind, rng)
            for column in COLUMNS
        }

    return [row()] * count if constant else [row() for _ in range(count)]


@pytest.mark.parametrize("count", [0, 1, 2, 7, 8, 9, 300, 2000])
@pytest.mark.parametrize("constant", [True, False])
def test_every_cell_is_read_as_it_was_written(tmp_path: Path, count: int, constant: bool):
    rows = rows_of(count, seed=count, constant=constant)
    facts = write_parquet(tmp_path / "t.parquet", rows)
    read = read_parquet(tmp_path / "t.parquet", facts)
    assert read == rows
    signs = [[str(value) for value in row["metrics"].values()] for row in rows]
    assert [[str(value) for value in row["metrics"].values()] for row in read] == signs


def test_row_groups_follow_one_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("harness.system.store.parquet.GROUP_ROWS", 7)
    rows = rows_of(50, seed=1)
    write_parquet(tmp_path / "t.parquet", iter(rows), unknown={})
    assert pq.ParquetFile(tmp_path / "t.parquet").num_row_groups == 8
    assert read_parquet(tmp_path / "t.parquet") == rows


def test_the_types_are_those_of_the_schema(tmp_path: Path):
    write_parquet(tmp_path / "t.parquet", rows_of(3, seed=1))
    schema = pq.read_schema(tmp_path / "t.parquet")
    assert schema.names == trials_schema().names
    assert schema.types == trials_schema().types
    assert schema.metadata[b"harness_schema_version"] == b"2"


def test_a_flipped_bit_in_any_page_is_found(tmp_path: Path):
    path = tmp_path / "t.parquet"
    write_parquet(path, rows_of(40, seed=2))
    whole = path.read_bytes()
    chunks = pq.ParquetFile(path).metadata.row_group(0)
    for at in range(chunks.num_columns):
        chunk = chunks.column(at)
        end = chunk.data_page_offset + chunk.total_compressed_size
        if chunk.dictionary_page_offset is not None:
            end = chunk.dictionary_page_offset + chunk.total_compressed_size
        damaged = bytearray(whole)
        damaged[end - 1] ^= 4
        path.write_bytes(damaged)
        with pytest.raises(DataDamaged):
            read_parquet(path)


def test_pandas_reads_it_as_documented(tmp_path: Path):
    import pandas as pd

    rows = rows_of(20, seed=3)
    write_parquet(tmp_path / "t.parquet", rows)
    table = pd.read_parquet(tmp_path / "t.parquet")
    assert table["wall_ns"].tolist() == [row["wall_ns"] for row in rows]
    assert table["task"].tolist() == [row["task"] for row in rows]


def test_sealing_imports_no_pyarrow(tmp_path: Path):
    import subprocess

    script = (
        "import sys; from pathlib import Path\n"
        "from harness.system.store.parquet import write_parquet\n"
        f"write_parquet(Path({str(tmp_path / 't.parquet')!r}), [], unknown={{}})\n"
        "print([n for n in ('pyarrow', 'numpy') if n in sys.modules])"
    )
    said = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == "[]"


def test_every_kind_of_column_was_written_here():
    assert {column.kind for column in COLUMNS} == set(KINDS)
