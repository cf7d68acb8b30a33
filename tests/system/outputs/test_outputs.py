"""What programs leave becomes values; whatever is wrong with it is said in words."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness.correctness import PrintedArray, PrintedFloat, agree
from harness.errors import TrialFailed
from harness.model import FileFormat, Output, OutputKind, OutputSource, OutputSpec, Tolerance
from harness.system.outputs.reading import read_outputs, words_to_value


class Left:
    """What a trial left: standard output and files."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "work"
        self.folder.mkdir()
        self.stdout = root / "stdout"
        self.stdout.write_text("")

    def read(self, spec: OutputSpec):
        output = Output(self.folder, self.stdout, self.stdout, "digest")
        return read_outputs(output, [spec])[spec.name]

    def text(self, content: str | bytes, **fields):
        data = content if isinstance(content, bytes) else content.encode()
        self.stdout.write_bytes(data)
        return self.read(OutputSpec("o", **fields))

    def file(self, name: str, content: str | bytes, form: FileFormat, **fields):
        data = content if isinstance(content, bytes) else content.encode()
        (self.folder / name).write_bytes(data)
        return self.path(name, form, **fields)

    def path(self, name: str, form: FileFormat, **fields):
        spec = OutputSpec("o", source=OutputSource.FILE, path=name, format=form, **fields)
        return self.read(spec)


@pytest.fixture
def left(tmp_path):
    return Left(tmp_path)


def failure(call, *arguments, **fields) -> TrialFailed:
    with pytest.raises(TrialFailed) as caught:
        call(*arguments, **fields)
    return caught.value


class TestText:
    def test_with_nothing_declared_all_of_standard_output_counts(self, left):
        left.stdout.write_text("a 1\nb 2\n")
        output = Output(left.folder, left.stdout, left.stdout, "digest")
        assert read_outputs(output, ()) == {"stdout": "a 1\nb 2\n"}

    def test_what_is_not_utf8_is_bytes(self, left):
        assert left.text(b"\xff\xfe\x00") == b"\xff\xfe\x00"

    def test_a_pattern_gives_its_first_group_as_a_number(self, left):
        value = left.text("energy: -38.083958 J\n", pattern=r"energy: (\S+)")
        assert isinstance(value, PrintedFloat)
        assert (float(value), value.token) == (-38.083958, "-38.083958")

    def test_several_matches_are_an_array(self, left):
        value = left.text("x 1.5\nx 2.5\n", pattern=r"^x (\S+)$")
        assert isinstance(value, PrintedArray)
        assert value.tolist() == [1.5, 2.5]

    def test_a_pattern_without_a_group_gives_the_whole_match(self, left):
        assert left.text("n=42;", pattern=r"\d+") == 42

    def test_a_pattern_that_is_not_found_shows_what_there_is(self, left):
        problem = failure(left.text, "nothing here\n", pattern="energy")
        assert "pattern 'energy' is not found" in problem.message
        assert "nothing here" in problem.message

    @pytest.mark.parametrize(
        "line",
        ["sum: 3.25", "sum = 3.25", "  sum=3.25 (J)", '"sum": 3.25,', "total-sum: 1\nsum: 3.25"],
    )
    def test_a_key_is_found_however_it_is_written(self, left, line):
        assert left.text(f"{line}\n", key="sum") == 3.25

    def test_a_key_with_several_numbers_is_an_array(self, left):
        assert left.text("p: [1.5, 2.5, -3]\n", key="p").tolist() == [1.5, 2.5, -3.0]

    def test_a_key_with_words_is_a_text(self, left):
        assert left.text("state: all done\n", key="state") == "all done"

    def test_a_key_is_no_part_of_another_word(self, left):
        assert "key 'sum' is not found" in failure(left.text, "checksum: 1\n", key="sum").message

    def test_whole_numbers_stay_whole_however_long(self):
        assert words_to_value(["123456789012345678901234567890"]) == 123456789012345678901234567890

    def test_a_comma_behind_a_number_is_not_a_part_of_it(self):
        assert words_to_value(["3.5,"]) == 3.5


class TestFiles:
    def test_a_missing_file_lists_what_was_left(self, left):
        (left.folder / "other.txt").touch()
        problem = failure(left.path, "result.txt", FileFormat.TEXT)
        assert "wrote no file 'result.txt'; it left other.txt" in problem.message

    def test_a_path_out_of_the_folder_is_refused(self, left):
        (left.folder.parent / "secret").write_text("1")
        assert "leads out" in failure(left.path, "../secret", FileFormat.TEXT).message

    def test_a_link_out_of_the_folder_is_refused(self, left):
        (left.folder / "link").symlink_to("/etc/hostname")
        assert "leads out" in failure(left.path, "link", FileFormat.TEXT).message

    def test_a_pipe_is_not_waited_for(self, left):
        os.mkfifo(left.folder / "pipe")
        assert "pipe, socket or device" in failure(left.path, "pipe", FileFormat.TEXT).message

    def test_a_folder_is_no_file(self, left):
        (left.folder / "d").mkdir()
        assert "is a folder" in failure(left.path, "d", FileFormat.TEXT).message


class TestJson:
    def test_a_path_leads_to_a_number_as_it_was_printed(self, left):
        text = '{"result": {"energy": [1.0, -38.083958]}}'
        value = left.file("r.json", text, FileFormat.JSON, json_path="result.energy[1]")
        assert isinstance(value, PrintedFloat)
        assert value.token == "-38.083958"

    def test_a_star_takes_all_elements(self, left):
        text = '{"bodies": [{"x": 1.5}, {"x": 2.5}]}'
        value = left.file("r.json", text, FileFormat.JSON, json_path="bodies[*].x")
        assert value.tolist() == [1.5, 2.5]

    def test_nested_lists_keep_their_shape(self, left):
        value = left.file("r.json", "[[1, 2, 3], [4, 5, 6]]", FileFormat.JSON)
        assert value.shape == (2, 3)
        assert value.dtype.kind == "i"

    def test_order_and_layout_of_an_object_mean_nothing(self, left):
        one = left.file("r.json", '{"b": 1, "a": [true, null]}', FileFormat.JSON)
        other = left.file("r.json", '{\n"a" : [true,null],\n"b":1}', FileFormat.JSON)
        assert one == other

    def test_a_number_keeps_its_characters_within_an_object(self, left):
        value = left.file("r.json", '{"a": 1.50}', FileFormat.JSON)
        assert value == '{"a": 1.50}'

    def test_a_step_that_leads_nowhere_says_what_is_there(self, left):
        problem = failure(left.file, "r.json", '{"a": 1}', FileFormat.JSON, json_path="b")
        assert "there is no 'b' in an object with a" in problem.message

    def test_a_cut_off_document_is_named(self, left):
        problem = failure(left.file, "r.json", '{"a": [1, 2', FileFormat.JSON)
        assert "cannot be read as json" in problem.message
        assert "It begins with" in problem.hint

    def test_nan_is_read_as_a_number(self, left):
        assert np.isnan(left.file("r.json", "[1.0, NaN]", FileFormat.JSON)[1])


class TestCsv:
    def test_a_column_by_name(self, left):
        text = "t,x\n0,1.5\n1,2.5\n"
        assert left.file("r.csv", text, FileFormat.CSV, key="x").tolist() == [1.5, 2.5]

    def test_a_column_of_one_row_is_an_array(self, left):
        assert left.file("r.csv", "x\n3\n", FileFormat.CSV, key="x").shape == (1,)

    def test_without_a_header_columns_are_counted(self, left):
        assert left.file("r.csv", "1;2\n3;4\n", FileFormat.CSV, key="1").tolist() == [2, 4]

    def test_a_whole_table_of_numbers_is_an_array(self, left):
        assert left.file("r.csv", "a\tb\n1\t2\n3\t4\n", FileFormat.CSV).shape == (2, 2)

    def test_a_ragged_row_is_named(self, left):
        problem = failure(left.file, "r.csv", "a,b\n1,2\n3\n", FileFormat.CSV)
        assert "row 3 has 1 cells, the first 2" in problem.message

    def test_an_unknown_column_lists_the_known_ones(self, left):
        problem = failure(left.file, "r.csv", "a,b\n1,2\n", FileFormat.CSV, key="c")
        assert "no column 'c'; it has a, b" in problem.message

    def test_an_empty_file_has_no_rows(self, left):
        assert "has no rows" in failure(left.file, "r.csv", "", FileFormat.CSV).message

    def test_a_header_alone_is_an_empty_column(self, left):
        assert left.file("r.csv", "x\n", FileFormat.CSV, key="x").size == 0


class TestNumpy:
    def test_npy_keeps_dtype_and_shape(self, left):
        np.save(left.folder / "a.npy", np.arange(6, dtype=">i2").reshape(2, 3))
        value = left.path("a.npy", FileFormat.NPY)
        assert (value.dtype, value.shape) == (np.dtype(">i2"), (2, 3))

    def test_npz_by_key_and_alone(self, left):
        np.savez(left.folder / "a.npz", x=np.arange(3))
        assert left.path("a.npz", FileFormat.NPZ).tolist() == [0, 1, 2]
        assert left.path("a.npz", FileFormat.NPZ, key="x").tolist() == [0, 1, 2]
        assert (
            "no array 'y'; it has x" in failure(left.path, "a.npz", FileFormat.NPZ, key="y").message
        )

    def test_npz_with_several_arrays_asks_which(self, left):
        np.savez(left.folder / "a.npz", x=np.arange(3), y=np.arange(2))
        assert "which of these" in failure(left.path, "a.npz", FileFormat.NPZ).message

    def test_python_objects_are_never_unpickled(self, left):
        np.save(left.folder / "a.npy", np.array([{}], dtype=object), allow_pickle=True)
        assert "cannot be read as npy" in failure(left.path, "a.npy", FileFormat.NPY).message

    def test_a_cut_off_array_is_named(self, left):
        np.save(left.folder / "a.npy", np.arange(100.0))
        content = (left.folder / "a.npy").read_bytes()
        problem = failure(left.file, "a.npy", content[:-8], FileFormat.NPY)
        assert "cannot be read as npy" in problem.message

    def test_a_large_array_is_mapped_not_read(self, left, monkeypatch):
        monkeypatch.setattr("harness.system.outputs.reading.MAPPED_BYTES", 800)
        np.save(left.folder / "a.npy", np.arange(100.0))
        assert isinstance(left.path("a.npy", FileFormat.NPY), np.memmap)
        np.save(left.folder / "a.npy", np.arange(99.0))
        assert not isinstance(left.path("a.npy", FileFormat.NPY), np.memmap)


class TestParquet:
    def write(self, left, **columns):
        pq.write_table(pa.table(columns), left.folder / "t.parquet")

    def test_a_column_by_name(self, left):
        self.write(left, x=[1.5, 2.5], y=[1, 2])
        assert left.path("t.parquet", FileFormat.PARQUET, key="y").tolist() == [1, 2]

    def test_an_only_column_needs_no_name(self, left):
        self.write(left, x=[1.5])
        assert left.path("t.parquet", FileFormat.PARQUET).tolist() == [1.5]

    def test_strings_are_a_text(self, left):
        self.write(left, s=["a", "b"])
        assert left.path("t.parquet", FileFormat.PARQUET) == "a\nb"

    def test_nulls_are_no_numbers_and_agree_with_nulls_alone(self, left):
        exact, close = Tolerance(), Tolerance(kind=OutputKind.DETERMINISTIC, rtol=1e-9)
        for values in ([1, None, 3], [1.5, None, 2.5], [True, None, False]):
            self.write(left, x=values)
            value = left.path("t.parquet", FileFormat.PARQUET)
            assert value.split("\n")[1] == "null"
            assert agree(value, value, exact).ok
            assert agree(value, value, close).ok
            self.write(left, x=[values[0], values[2], values[2]])
            other = left.path("t.parquet", FileFormat.PARQUET)
            assert not agree(value, other, close).ok

    def test_a_null_is_not_a_nan(self, left):
        self.write(left, x=[1.5, None])
        null = left.path("t.parquet", FileFormat.PARQUET)
        self.write(left, x=[1.5, float("nan")])
        assert not agree(null, left.path("t.parquet", FileFormat.PARQUET), Tolerance()).ok

    def test_where_nan_is_equal_nulls_among_floats_are_nan(self, left):
        self.write(left, x=[1.5, None])
        tolerance = Tolerance(nan_equal=True)
        value = left.path("t.parquet", FileFormat.PARQUET, tolerance=tolerance)
        assert np.isnan(value[1])

    def test_categories_are_what_they_stand_for(self, left):
        words = pa.array(["b", "a", "b"]).dictionary_encode()
        numbers = pa.array([3, 1, 3]).dictionary_encode()
        self.write(left, s=words, n=numbers)
        assert left.path("t.parquet", FileFormat.PARQUET, key="s") == "b\na\nb"
        assert left.path("t.parquet", FileFormat.PARQUET, key="n").tolist() == [3, 1, 3]

    @pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
    def test_times_are_moments(self, left, zone):
        times = pa.array([0, 1_000_000], pa.timestamp("us", tz=zone))
        self.write(left, t=times)
        value = left.path("t.parquet", FileFormat.PARQUET)
        assert value.tolist() == np.array([0, 1_000_000], "datetime64[us]").tolist()
        assert agree(value, value.copy(), Tolerance()).ok
        assert not agree(value, value + np.timedelta64(1, "us"), Tolerance()).ok

    def test_days_durations_and_clock_times(self, left):
        self.write(
            left,
            d=pa.array([1, 2], pa.date32()),
            s=pa.array([5, 6], pa.duration("s")),
            c=pa.array([60, 61], pa.time32("s")),
        )
        assert str(left.path("t.parquet", FileFormat.PARQUET, key="d")[0]) == "1970-01-02"
        assert left.path("t.parquet", FileFormat.PARQUET, key="s").dtype.kind == "m"
        assert left.path("t.parquet", FileFormat.PARQUET, key="c") == "00:01:00\n00:01:01"

    def test_decimals_are_printed_numbers(self, left):
        self.write(left, x=pa.array([Decimal("1.500000"), Decimal("-2.250000")]))
        value = left.path("t.parquet", FileFormat.PARQUET)
        assert value.tolist() == [1.5, -2.25]
        assert value.tokens.tolist() == [b"1.500000", b"-2.250000"]

    def test_lists_of_one_length_are_a_table_and_others_json(self, left):
        self.write(
            left,
            even=[[1.5, 2.5], [3.5, 4.5]],
            fixed=pa.array([[1, 2], [3, 4]], pa.list_(pa.int64(), 2)),
            deep=[[[1], [2]], [[3], [4]]],
            ragged=[[1], [2, 3]],
            gaps=[[1, None], [2, 3]],
            parts=[{"b": 1, "a": "x"}, None],
        )
        read = {
            key: left.path("t.parquet", FileFormat.PARQUET, key=key)
            for key in ("even", "fixed", "deep", "ragged", "gaps", "parts")
        }
        assert read["even"].tolist() == [[1.5, 2.5], [3.5, 4.5]]
        assert read["fixed"].tolist() == [[1, 2], [3, 4]]
        assert read["deep"].shape == (2, 2, 1)
        assert read["ragged"] == "[1]\n[2, 3]"
        assert read["gaps"] == "[1, null]\n[2, 3]"
        assert read["parts"] == '{"a": "x", "b": 1}\nnull'

    def test_floats_with_nulls_in_lists_are_json(self, left):
        self.write(left, x=[[1.5, None], [2.5, 3.5]])
        assert left.path("t.parquet", FileFormat.PARQUET) == "[1.5, null]\n[2.5, 3.5]"

    def test_garbage_is_named(self, left):
        problem = failure(left.file, "t.parquet", b"PAR1 no", FileFormat.PARQUET)
        assert "cannot be read as parquet" in problem.message


class TestRaw:
    def test_bytes_become_an_array_of_the_declared_shape(self, left):
        data = np.arange(6.0).tobytes()
        value = left.file("a.bin", data, FileFormat.RAW, dtype="<f8", shape=(-1, 3))
        assert value.tolist() == [[0, 1, 2], [3, 4, 5]]

    def test_without_a_dtype_they_stay_bytes(self, left):
        assert left.file("a.bin", b"\x00\x01", FileFormat.RAW) == b"\x00\x01"

    def test_a_length_that_does_not_fit_is_named(self, left):
        problem = failure(left.file, "a.bin", b"12345", FileFormat.RAW, dtype="<f4")
        assert "5 bytes are no whole number of <f4" in problem.message

    def test_a_shape_that_does_not_fit_is_named(self, left):
        data = np.arange(5.0).tobytes()
        problem = failure(left.file, "a.bin", data, FileFormat.RAW, dtype="<f8", shape=(2, 3))
        assert "do not fill the shape [2, 3]" in problem.message

    def test_an_empty_file_is_an_empty_array(self, left):
        assert left.file("a.bin", b"", FileFormat.RAW, dtype="<f8").size == 0

    def test_raw_from_standard_output(self, left):
        data = np.arange(3, dtype="<i4").tobytes()
        value = left.text(data, format=FileFormat.RAW, dtype="<i4")
        assert value.tolist() == [0, 1, 2]


def test_a_pattern_that_backtracks_is_ended_and_said(left, monkeypatch):
    monkeypatch.setattr("harness.system.outputs.regexes.SECONDS", 0.5)
    problem = failure(left.text, "a" * 40, pattern="(a+)+b")
    assert "pattern '(a+)+b' takes longer than 0.5 s" in problem.message


def test_a_pattern_that_matches_without_end_is_said(left, monkeypatch):
    monkeypatch.setattr("harness.system.outputs.regexes.MOST_MATCHES", 10)
    problem = failure(left.text, "a" * 40, pattern="a")
    assert "more than 10 matches" in problem.message


def test_a_text_that_is_too_long_is_said(left, monkeypatch):
    monkeypatch.setattr("harness.system.outputs.reading.MOST_TEXT_BYTES", 10)
    assert "has 11 bytes, and at most 10 are read as text" in failure(left.text, "x" * 11).message


def test_json_with_too_many_values_is_said(left, monkeypatch):
    monkeypatch.setattr("harness.system.outputs.reading.MOST_JSON_VALUES", 3)
    assert (
        "more than 3 values" in failure(left.file, "r.json", "[1,2,3,4]", FileFormat.JSON).message
    )


def test_an_archive_that_unpacks_to_much_more_is_said(left, tmp_path, monkeypatch):
    monkeypatch.setattr("harness.system.outputs.reading.MOST_UNPACKED_BYTES", 1000)
    np.savez_compressed(tmp_path / "r.npz", x=np.zeros(1000))
    content = (tmp_path / "r.npz").read_bytes()
    assert "unpacks to 8,128 bytes" in failure(left.file, "r.npz", content, FileFormat.NPZ).message


class TestJsonLines:
    CONTENT = b'{"e": 1.5, "a.b": 1}\n\n{"a.b": 2, "e": 2.5}\n'

    def test_a_field_of_every_line(self, left):
        value = left.file("x.jsonl", self.CONTENT, FileFormat.JSONL, json_path="[*].e")
        assert value.tolist() == [1.5, 2.5]

    def test_a_name_with_dots(self, left):
        value = left.file("x.jsonl", self.CONTENT, FileFormat.JSONL, json_path='[*]["a.b"]')
        assert value.tolist() == [1, 2]

    def test_the_whole_is_one_layout_line_by_line(self, left):
        value = left.file("x.jsonl", self.CONTENT, FileFormat.JSONL)
        assert value == '{"a.b": 1, "e": 1.5}\n{"a.b": 2, "e": 2.5}'

    def test_a_broken_line_is_named(self, left):
        problem = failure(left.file, "x.jsonl", b"{}\n{", FileFormat.JSONL)
        assert "line 2 is not JSON" in problem.message
