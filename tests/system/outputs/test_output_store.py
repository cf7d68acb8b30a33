"""Stored outputs come back as they were, or are said to be damaged."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from harness.correctness import PrintedFloat
from harness.correctness.printed import printed_array
from harness.errors import DataDamaged, StorageFailed
from harness.model import OutputValue
from harness.system.outputs import stored as output_store
from harness.system.outputs.stored import StoredOutput, load_outputs, metrics, save_outputs


def stored(value: OutputValue, name: str = "o", case: str = "fast") -> StoredOutput:
    return StoredOutput("task", case, "target", 42, name, value)


def round_trip(path, value: OutputValue) -> OutputValue:
    save_outputs(path, [stored(value)])
    (found,) = load_outputs(path)
    assert (found.task, found.case, found.target, found.seed, found.output) == (
        *("task", "fast", "target"),
        *(42, "o"),
    )
    return found.value


@pytest.mark.parametrize(
    "value",
    ["text\nü", "", b"\x00\xff", b"", True, 0, -(2**70), 1.5, float("inf")],
)
def test_scalars_and_texts_come_back(tmp_path, value):
    back = round_trip(tmp_path / "o.parquet", value)
    assert back == value
    assert type(back) is type(value)


def test_storing_outputs_imports_no_pandas(tmp_path):
    script = (
        "import sys; from pathlib import Path; import numpy as np\n"
        "from harness.system.outputs.stored import StoredOutput, save_outputs\n"
        "values = ('text', b'1', np.zeros((2, 0)))\n"
        "kept = [StoredOutput('t', 'c', 'x', 1, 'o', value) for value in values]\n"
        "save_outputs(Path(sys.argv[1]), kept)\n"
        "sys.exit('pandas' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script, tmp_path / "o.parquet"], check=True, timeout=60)


def test_nan_comes_back(tmp_path):
    assert np.isnan(round_trip(tmp_path / "o.parquet", float("nan")))


def test_a_printed_number_keeps_its_characters(tmp_path):
    back = round_trip(tmp_path / "o.parquet", PrintedFloat("-38.083950"))
    assert isinstance(back, PrintedFloat)
    assert back.token == "-38.083950"


def test_a_printed_array_keeps_characters_and_shape(tmp_path):
    array = printed_array(["1.50", "2.5", "3", "4e3"], (2, 2))
    assert array is not None
    back = round_trip(tmp_path / "o.parquet", array)
    assert back.tokens.tolist() == [b"1.50", b"2.5", b"3", b"4e3"]
    assert back.shape == (2, 2)


@pytest.mark.parametrize("dtype", ["<f8", ">f4", "i2", "u8", "c16", "bool", "S3", "U2", "M8[s]"])
def test_arrays_of_every_kind_come_back_bit_for_bit(tmp_path, dtype):
    array = np.zeros((3, 2), dtype=dtype)
    array.reshape(-1)[:4] = np.arange(4).astype(dtype)
    back = round_trip(tmp_path / "o.parquet", array)
    assert (back.dtype, back.shape, back.tobytes()) == (array.dtype, array.shape, array.tobytes())


def test_a_structured_array_comes_back(tmp_path):
    array = np.array([(1, 2.5), (3, 4.5)], dtype=[("id", "<i4"), ("x", "<f8")])
    assert (round_trip(tmp_path / "o.parquet", array) == array).all()


def test_an_array_that_is_not_contiguous_comes_back(tmp_path):
    array = np.arange(12.0).reshape(3, 4).T
    assert (round_trip(tmp_path / "o.parquet", array) == array).all()


def test_an_empty_array_keeps_its_shape(tmp_path):
    assert round_trip(tmp_path / "o.parquet", np.zeros((0, 3))).shape == (0, 3)


def test_a_large_array_is_cut_into_parts_and_mapped_when_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(output_store, "PART_BYTES", 1000)
    array = np.random.default_rng(1).normal(size=(50, 10))
    back = round_trip(tmp_path / "o.parquet", array)
    assert isinstance(back, np.memmap)
    assert (back == array).all()


def test_several_outputs_keep_their_order(tmp_path, monkeypatch):
    monkeypatch.setattr(output_store, "PART_BYTES", 64)
    values = [stored(np.arange(50.0), "a"), stored("t", "b"), stored(np.arange(30), "c")]
    save_outputs(tmp_path / "o.parquet", values)
    assert [o.output for o in load_outputs(tmp_path / "o.parquet")] == ["a", "b", "c"]


def test_the_outputs_of_one_case_are_read_alone(tmp_path):
    save_outputs(tmp_path / "o.parquet", [stored(1, case="fast"), stored(2, case="full")])
    assert [o.value for o in load_outputs(tmp_path / "o.parquet", "full")] == [2]


def test_objects_are_refused(tmp_path):
    with pytest.raises(TypeError):
        save_outputs(tmp_path / "o.parquet", [stored(np.array([{}], dtype=object))])
    assert list(tmp_path.iterdir()) == []


def test_a_missing_file_is_damage(tmp_path):
    with pytest.raises(DataDamaged, match="cannot be read"):
        load_outputs(tmp_path / "none.parquet")


def test_a_foreign_parquet_file_is_damage(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"x": [1]}), tmp_path / "x.parquet")
    with pytest.raises(DataDamaged, match="harness_outputs_version"):
        load_outputs(tmp_path / "x.parquet")


def test_flipped_bits_never_give_other_values_silently(tmp_path):
    path = tmp_path / "o.parquet"
    array = np.random.default_rng(2).normal(size=2000)
    save_outputs(path, [stored(array)])
    content = path.read_bytes()
    damaged = 0
    for position in range(4, len(content), max(1, len(content) // 60)):
        broken = bytearray(content)
        broken[position] ^= 0x10
        path.write_bytes(broken)
        try:
            values = [o.value for o in load_outputs(path)]
        except DataDamaged:
            damaged += 1
        else:
            assert len(values) == 1
            assert np.array_equal(np.asarray(values[0]), array)
    assert damaged > 30


def test_a_folder_that_is_not_there_is_said_in_words(tmp_path):
    with pytest.raises(StorageFailed, match="cannot write"):
        save_outputs(tmp_path / "none" / "o.parquet", [stored(1)])


class TestMetrics:
    def test_an_array_has_its_statistics_and_digest(self):
        found = metrics({"x": np.array([3.0, 4.0])})["x"]
        assert (found["mean"], found["min"], found["max"]) == (3.5, 3.0, 4.0)
        assert found["norm"] == pytest.approx(5.0)
        assert len(str(found["sha256"])) == 64

    def test_the_digest_is_of_the_values_not_of_the_memory(self):
        array = np.arange(12.0).reshape(3, 4)
        copy = np.asfortranarray(array)
        assert metrics({"x": array})["x"]["sha256"] == metrics({"x": copy})["x"]["sha256"]

    def test_numbers_that_are_not_finite_are_words(self):
        assert metrics({"x": np.array([np.nan, 1.0])})["x"]["mean"] == "nan"
        assert metrics({"x": float("inf")})["x"]["value"] == "inf"

    def test_a_text_has_lines_and_a_digest(self):
        found = metrics({"t": "a\nb"})["t"]
        assert (found["type"], found["lines"], found["bytes"]) == ("text", 2, 3)

    def test_bytes_have_a_length(self):
        assert metrics({"b": b"123"})["b"]["bytes"] == 3
