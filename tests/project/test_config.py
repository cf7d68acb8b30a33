"""harness.toml: what it means, and what its errors say."""

import json
import os
import re
from pathlib import Path

import pytest

from harness.errors import ConfigError
from harness.model import FileFormat, OutputKind, OutputSource
from harness.model.declaring import share_or_number
from harness.model.durations import parse_duration_ns
from harness.project.config import find_config, load_config, schema_json

GOOD = """
[tasks.sum]
reference = "sum-c"
[tasks.sum.cases.fast]
params = { n = 10 }
seed = 3
[tasks.sum.cases.full]
params = { n = 1000 }
[tasks.sum.outputs.total]
pattern = "total: (\\\\S+)"
kind = "deterministic"
rtol = 1e-9
[tasks.sum.outputs.table]
from = "file"
path = "table.csv"
key = "x"

[targets.sum-c]
task = "sum"
adapter = "c"
sources = ["sum.c"]
flags = ["-O2"]
args = ["{n}"]
timeout = "20s"

[campaigns.sum]
target = "sum-c"
case = "fast"
"""


@pytest.fixture
def write(tmp_path: Path):
    (tmp_path / "sum.c").write_text("int main(void) { return 0; }\n")

    def write(text: str) -> Path:
        path = tmp_path / "harness.toml"
        path.write_text(text)
        return path

    return write


def complaint(path: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    return f"{caught.value.message} | {caught.value.hint}"


def test_a_good_file_becomes_tasks_targets_and_campaigns(write, tmp_path):
    config = load_config(write(GOOD))
    target = config.target("sum-c")
    assert target.sources == (tmp_path / "sum.c",)
    assert target.options == {"flags": ["-O2"]}
    assert target.timeout_ns == 20_000_000_000
    task = config.task("sum")
    assert target.arguments(task.case()) == ("10",)
    assert task.case("full").seed is None
    assert config.campaigns["sum"].target == "sum-c"


def test_the_first_case_is_the_default_one(write):
    assert load_config(write(GOOD)).task("sum").case().name == "fast"


def test_outputs_take_their_format_from_the_file_name(write):
    total, table = load_config(write(GOOD)).task("sum").outputs
    assert (total.source, total.format) == (OutputSource.STDOUT, FileFormat.TEXT)
    assert total.tolerance.kind is OutputKind.DETERMINISTIC
    assert total.tolerance.rtol == 1e-9
    assert (table.source, table.format, table.key) == (OutputSource.FILE, FileFormat.CSV, "x")


@pytest.mark.parametrize("allowed", ["5", '"0.1%"'])
def test_a_few_elements_may_differ_where_that_is_declared(write, allowed):
    config = load_config(write(GOOD.replace("rtol = 1e-9", f"max_differing = {allowed}")))
    total, table = config.task("sum").outputs
    assert str(total.tolerance.max_differing) == allowed.strip('"')
    assert table.tolerance.max_differing == 0


@pytest.mark.parametrize("name", ["table.jsonl", "table.NDJSON"])
def test_lines_of_json_are_known_by_their_suffix(write, name):
    config = load_config(write(GOOD.replace("table.csv", name)))
    assert config.task("sum").outputs[1].format is FileFormat.JSONL


def test_it_is_found_from_a_folder_below(write, tmp_path):
    path = write(GOOD)
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert find_config(below) == path


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("reference =", "referense ="), ["tasks.sum", "'referense'", "'reference'"]),
        (('task = "sum"', 'task = "smu"'), ["targets.sum-c.task", "'smu'", "'sum'"]),
        (("sources =", "source ="), ["targets.sum-c", "'source'", "'sources'"]),
        (('"deterministic"', '"determinist"'), ["outputs.total.kind", "'exact'", "determinist"]),
        (('"20s"', '"soon"'), ["targets.sum-c.timeout", "'soon'"]),
        (("seed = 3", 'seed = "x"'), ["cases.fast.seed", "'x'"]),
        (("n = 10 ", "n = inf "), ["cases.fast.params", "finite", "inf"]),
        (('args = ["{n}"]', 'args = ["{m}"]'), ["targets.sum-c.args", "'m'", "n"]),
        (("(\\\\S+)", "(\\\\S+"), ["outputs.total.pattern", "regular expression"]),
        (('reference = "sum-c"', 'reference = "sum-d"'), ["tasks.sum.reference", "'sum-c'"]),
        (('target = "sum-c"', 'target = "sum-d"'), ["campaigns.sum", "'sum-c'"]),
        (('case = "fast"', 'case = "fats"'), ["campaigns.sum.case", "'fast'"]),
        (('case = "fast"', 'cases = ["fast", "fats"]'), ["campaigns.sum.cases", "'fast'"]),
        (('case = "fast"', 'cases = ["fast", "fast"]'), ["campaigns.sum", "fast is named twice"]),
        (('case = "fast"', 'case = "fast"\nfull_case = "fast"'), ["full_case: fast", "itself"]),
        (('case = "fast"', 'case = "fast"\ncases = ["fast"]'), ["campaigns.sum", "want one of"]),
        (("rtol = 1e-9", "rtol = -1"), ["outputs.total", "rtol", "-1"]),
        (("rtol = 1e-9", 'max_differing = "5"'), ["outputs.total", "max_differing", "'5'"]),
        (("rtol = 1e-9", "max_differing = -1"), ["outputs.total", "max_differing", "-1"]),
        (('"deterministic"', '"stochastic"\nmax_differing = 2'), ["outputs.total", "stochastic"]),
        (('path = "table.csv"', ""), ["outputs.table", "path"]),
        (('adapter = "c"', ""), ["targets.sum-c", "'adapter'"]),
    ],
)
def test_an_error_names_the_key_the_value_and_the_remedy(write, change, words):
    assert change[0] in GOOD
    path = write(GOOD.replace(*change, 1))
    said = complaint(path)
    for word in (str(path), *words):
        assert word in said or word.strip("'") in said


def test_broken_toml_names_the_file_and_the_line(write):
    assert "line 1" in complaint(write("[tasks\n"))


def test_a_file_that_is_no_text_is_an_error(write, tmp_path):
    path = tmp_path / "harness.toml"
    path.write_bytes(b"\xff\xfe\x00")
    assert "cannot be read" in complaint(path)


@pytest.mark.parametrize(
    ("text", "ns"), [("20s", 20_000_000_000), ("500ms", 500_000_000), (1.5, 1_500_000_000)]
)
def test_durations_are_read_with_their_unit(text, ns):
    assert parse_duration_ns(text, "here") == ns


@pytest.mark.parametrize("text", ["", "-1s", "0", "1 day", "inf", "nan"])
def test_a_duration_that_is_none_is_refused(text):
    with pytest.raises(ConfigError, match="here"):
        parse_duration_ns(text, "here")


def test_the_schema_is_json_and_knows_the_tables():
    schema = json.loads(schema_json())
    tables = {"tasks", "targets", "campaigns", "defaults", "matrix", "metrics", "jail"}
    tables.add("executors")
    assert set(schema["$defs"]["ConfigFile"]["properties"]) == tables


MINIMAL = """
[tasks.t]
[targets.a]
task = "t"
adapter = "command"
args = ["echo"]
"""


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("setup = [[]]", "targets.a.setup: the command [] is empty"),
        ('cleanup = [[""]]', "targets.a.cleanup: the command [''] names no program"),
        ('cleanup = [["a", "b\\u0000"]]', "targets.a.cleanup: no text here can hold a NUL"),
        ("max_output_bytes = 0", "targets.a.max_output_bytes: want at least 1, got 0"),
        ('env = { "A=B" = "x" }', "targets.a.env: no environment can hold 'A=B' = 'x'"),
        ('env = { A = "\\u0000" }', "targets.a.env.A: no text here can hold a NUL"),
    ],
)
def test_what_no_process_can_be_given_is_refused_with_its_key(write, more, said):
    assert said in complaint(write(MINIMAL + more))


def test_an_argument_that_cannot_be_passed_is_refused(write):
    text = MINIMAL.replace('"echo"', '"a\\u0000"')
    assert "targets.a.args: no text here can hold a NUL" in complaint(write(text))


def test_a_lonely_brace_says_how_braces_are_written(write):
    assert "{{ and }} stand for braces" in complaint(write(MINIMAL.replace('"echo"', '"{"')))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('sources = ["gone.c"]', "targets.a.sources: source not found: "),
        ('inputs = ["gone.csv"]', "targets.a.inputs: input not found: "),
        ('stdin = "gone.txt"', "targets.a.stdin: no such file: "),
    ],
)
def test_a_missing_file_is_named_when_its_target_is_asked_for_and_not_before(write, more, said):
    other = MINIMAL[MINIMAL.index("[targets") :].replace("targets.a", "targets.b")
    config = load_config(write(MINIMAL + more + "\n" + other))
    assert config.target("b").args == ("echo",)
    with pytest.raises(ConfigError, match=re.escape(said)):
        config.target("a")


def test_a_setup_may_make_the_files_of_its_target(write):
    text = MINIMAL + 'inputs = ["stars.csv"]\nsetup = [["sh", "make_stars.sh"]]\n'
    assert load_config(write(text)).target("a").inputs[0].name == "stars.csv"


class TestFlagsFile:
    """Words of a file that follow `flags`, split as a shell would."""

    OWN = 'flags_file = "f.flags"\n'

    def test_words_stand_on_lines_as_they_like(self, write):
        path = write(MINIMAL + self.OWN + 'flags = "-g -O1"\n')
        text = "\ufeff# best so far\n-O3 -march=native  # two\n\n'-DNAME=a b'\n"
        (path.parent / "f.flags").write_text(text, encoding="utf-8")
        flags = load_config(path).target("a").options["flags"]
        assert flags == ["-g", "-O1", "-O3", "-march=native", "-DNAME=a b"]

    def test_a_quotation_without_end_names_file_and_line(self, write):
        path = write(MINIMAL + self.OWN)
        (path.parent / "f.flags").write_text("-O3\n'-DX\n")
        with pytest.raises(ConfigError, match=r"f\.flags:2: no closing quotation"):
            load_config(path)

    def test_flags_that_are_no_list_are_refused(self, write):
        path = write(MINIMAL + self.OWN + "flags = 3\n")
        (path.parent / "f.flags").write_text("")
        with pytest.raises(ConfigError, match=r"targets\.a\.flags: want a list of strings, got 3"):
            load_config(path)


def test_a_project_whose_path_is_not_utf_8_is_refused_in_words(tmp_path):
    folder = tmp_path / os.fsdecode(b"nu\xff")
    folder.mkdir()
    (folder / "harness.toml").write_text("")
    with pytest.raises(ConfigError, match="is not UTF-8") as caught:
        load_config(folder / "harness.toml")
    assert "Rename the folder" in caught.value.hint


def test_a_project_whose_path_has_a_line_feed_is_refused_in_words(tmp_path):
    folder = tmp_path / "two\nlines"
    folder.mkdir()
    (folder / "harness.toml").write_text("")
    with pytest.raises(ConfigError, match="has a line feed in it") as caught:
        load_config(folder / "harness.toml")
    assert "Rename the folder" in caught.value.hint


DRAWN = """
[tasks.t.cases.fast]
params = {{ n = {n} }}
seed = {seed}
"""


def test_a_table_in_place_of_a_value_is_what_blocks_draw_from(write) -> None:
    path = write(DRAWN.format(n="{ from = 5, to = 9 }", seed="{ from = 0, to = 4294967295 }"))
    case = load_config(path).tasks["t"].cases[0]
    assert case.params == {"n": 5}
    assert case.seed == 0
    assert (case.ranges["n"].low, case.ranges["n"].high) == (5, 9)
    assert case.ranges["seed"].high == 4294967295


def test_values_and_files_to_choose_from(write, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for name in ("b.txt", "a.txt", "c.csv"):
        (tmp_path / "data" / name).touch()
    path = write(DRAWN.format(n='{ files = "data/*.txt" }', seed="{ any = [4, 5] }"))
    case = load_config(path).tasks["t"].cases[0]
    assert case.choices == {"n": ("data/a.txt", "data/b.txt"), "seed": (4, 5)}
    assert (case.params["n"], case.seed) == ("data/a.txt", 4)


@pytest.mark.parametrize(
    ("n", "seed", "words"),
    [
        ("{ from = 5 }", "1", "params.n: want `from` and `to`"),
        ("{ from = 9, to = 5 }", "1", "params.n: a range goes up"),
        ("{ from = 1, to = 5, any = [1] }", "1", "params.n: want `from` and `to`, or `any`"),
        ("{ up = 1 }", "1", "unknown field `up`"),
        ('{ files = "none/*" }', "1", "found 0"),
        ("{ any = [1] }", "1", "found 1"),
        ("1", "{ from = 0.5, to = 2 }", "want a whole number, or a range"),
        ("1", '{ any = ["a", "b"] }', "want a whole number, or a range"),
    ],
)
def test_what_cannot_be_drawn_is_refused_by_its_key(write, n: str, seed: str, words: str) -> None:
    told = complaint(write(DRAWN.format(n=n, seed=seed)))
    assert "tasks.t.cases.fast" in told
    assert words in told, told


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('objective = "a b"', "want wall, cpu or the name of a figure"),
        ('threshold = "two per cent"', "threshold: want a share such as 2% or 0.02"),
        ('guards = { max_rss = "x" }', "want a figure and how much worse it may get"),
        ('guards = { max_rss = "5%", memory = "6%" }', "memory has two limits"),
    ],
)
def test_an_objective_and_guards_that_make_no_sense_are_refused(tmp_path, line, words):
    path = tmp_path / "harness.toml"
    path.write_text(
        '[tasks.t.cases.fast]\n[targets.a]\ntask = "t"\nadapter = "command"\nprogram = "true"\n'
        f'[campaigns.a]\ntarget = "a"\n{line}\n'
    )
    with pytest.raises(ConfigError, match=words):
        load_config(path)


def test_a_campaign_s_shares_may_be_said_in_per_cent(tmp_path):
    path = tmp_path / "harness.toml"
    path.write_text(
        '[tasks.t.cases.fast]\n[targets.a]\ntask = "t"\nadapter = "command"\nprogram = "true"\n'
        '[campaigns.a]\ntarget = "a"\nthreshold = "2%"\nmin_gain = 0.1\nfalse_keep_rate = "4%"\n'
    )
    section = load_config(path).campaigns["a"]
    assert share_or_number(section.threshold, "threshold") == 0.02
    assert section.rate_of_false_keeps == 0.04
