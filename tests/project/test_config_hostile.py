"""A harness.toml that means harm, or was written by a strange editor: words, and never a bug."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.errors import ConfigError
from harness.project.config import load_config
from harness.project.config_text import MOST_CONFIG_BYTES

BASE = """
[tasks.t]
[tasks.t.cases.x]
params = { n = 1 }
[tasks.t.outputs.o]
kind = "deterministic"
[targets.a]
task = "t"
adapter = "c"
sources = ["a.c"]
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "a.c").touch()
    return tmp_path / "harness.toml"


NESTED = "[" * 600 + "]" * 600
DIGITS = "9" * 5000


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (f"x = {NESTED}", "nested too deep"),
        (f"x = {'{a=' * 600}1{'}' * 600}", "nested too deep"),
        (f"x = {DIGITS}", "5000 digits"),
        ('sources = ["a\\u0000"]', "targets.a.sources: no text here can hold a NUL"),
        ('setup = [["true", "a\\u0000"]]', "targets.a.setup"),
        ('"a\\u0000" = 1', "NUL"),
        (f'sources = ["{"x" * 5000}"]', "source not found"),
        (f'timeout = "{DIGITS}"', "below 100 years"),
        ("timeout = inf", "below 100 years"),
        ("timeout = nan", "above 0"),
        ("timeout = 1e300", "below 100 years"),
        ('timeout = "101000h"', ""),
        ("max_output_bytes = 99999999999999999999", "less than 2^63"),
    ],
)
def test_it_is_refused_in_words(config: Path, line: str, words: str) -> None:
    text = BASE.replace('sources = ["a.c"]\n', "") if line.startswith("sources") else BASE
    config.write_text(text + line)
    if not words:
        load_config(config)
        return
    with pytest.raises(ConfigError) as caught:
        load_config(config).target("a")
    assert words in caught.value.message


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("(" * 600 + ")" * 600, "nested too deep"),
        ("a{99999999999999999999}", "repetition number"),
        ("(", "not a regular expression"),
    ],
)
def test_a_pattern_that_is_none_is_refused(config: Path, pattern: str, words: str) -> None:
    config.write_text(BASE.replace("kind =", f"pattern = '{pattern}'\nkind ="))
    with pytest.raises(ConfigError, match=words):
        load_config(config)


def test_a_mark_before_the_text_says_nothing(config: Path) -> None:
    config.write_bytes(b"\xef\xbb\xbf" + BASE.encode())
    assert load_config(config).target("a").adapter == "c"


def test_a_file_without_end_is_refused(config: Path) -> None:
    config.symlink_to("/dev/zero")
    with pytest.raises(ConfigError, match=f"more than {MOST_CONFIG_BYTES:,} bytes"):
        load_config(config)


FLAGS = """\ufeff# a comment
   # an indented one
-O3   # and one behind a flag
-DX=#1

-flto
"""


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ("", []),
        ('flags = ["-g"]', ["-g"]),
        ("flags = \"-g '-D A'\"", ["-g", "-D A"]),
    ],
)
def test_a_flags_file_has_comments_and_follows_what_flags_say(
    config: Path, flags: str, expected: list[str]
) -> None:
    (config.parent / "f").write_text(FLAGS)
    config.write_text(f'{BASE}flags_file = "f"\n{flags}')
    options = load_config(config).target("a").options
    assert options["flags"] == [*expected, "-O3", "-DX=#1", "-flto"]


@pytest.mark.parametrize("flags", ["3", "[1, 2]", "true", "{a = 1}", '"unbalanced \'"'])
def test_flags_beside_a_flags_file_are_words(config: Path, flags: str) -> None:
    (config.parent / "f").write_text("-O2\n")
    config.write_text(f'{BASE}flags_file = "f"\nflags = {flags}')
    with pytest.raises(ConfigError, match=r"targets\.a\.flags: "):
        load_config(config)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"\0" * (MOST_CONFIG_BYTES + 1)])
def test_a_flags_file_that_is_no_text_is_refused(config: Path, content: bytes) -> None:
    (config.parent / "f").write_bytes(content)
    config.write_text(f'{BASE}flags_file = "f"\n')
    with pytest.raises(ConfigError, match=r"targets\.a\.flags_file: .*cannot be read"):
        load_config(config)


KEYS = st.sampled_from(
    [
        *("task", "adapter", "sources", "entry", "args", "env", "flags_file", "inputs", "stdin"),
        *("setup", "cleanup", "timeout", "max_output_bytes", "working_folder", "flags", "cases"),
        *("target", "case", "full_case", "target_speedup", "max_iterations", "min_gain", "protect"),
        *("time_budget", "bench_budget", "threshold", "patience", "full_every", "paths"),
        *("from", "path", "format", "pattern", "key", "json", "dtype", "shape", "kind", "rtol"),
        *("atol", "ulp", "nan_equal", "margin", "confidence", "seeds", "statistics"),
        *("reference", "outputs", "params", "seed", "x"),
    ]
)
WORDS = st.sampled_from(
    [
        *(
            "''",
            "'a.c'",
            "'/dev/zero'",
            "'..'",
            "'{n'",
            "'{n.__class__}'",
            "'{}'",
            "'%s'",
            "'(((('",
        ),
        *(
            "'a\u202eb'",
            '"\\u0000"',
            '"\\U0010ffff"',
            "'[*]'",
            "'<f8'",
            "'O'",
            "'exact'",
            "'scratch'",
        ),
        *(
            "nan",
            "inf",
            "-inf",
            "0",
            "-1",
            "1e308",
            "1e-320",
            "9" * 30,
            "9" * 5000,
            "true",
            "false",
        ),
        *("1979-05-27T07:32:00Z", "07:32:00", "[]", "{}", "[[]]", "[['']]", "[['true']]", "'10m'"),
        *("{n = 1}", "{n = nan}", "{'' = 1}", "{a = {b = 1}}", "[1, 'a']", NESTED, "'''\n'''"),
        f"'{'x' * 5000}'",
    ]
)
PLACES = st.sampled_from(
    [
        *("tasks.t", "tasks.t.cases.x", "tasks.t.outputs.o", "targets.a", "campaigns.c", "tasks"),
        *("targets", "defaults.c", "matrix.m", "campaigns", "tasks.u.cases", "targets.b", ""),
    ]
)
SETTINGS = st.lists(st.tuples(PLACES, KEYS, WORDS), min_size=1, max_size=4)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SETTINGS)
def test_no_setting_whatever_is_a_bug(config: Path, chosen: list[tuple[str, str, str]]) -> None:
    tables: dict[str, list[str]] = {"targets.a": ["task = 't'", "adapter = 'c'"], "tasks.t": []}
    for place, key, word in chosen:
        if place:
            tables.setdefault(place, []).append(f"{key} = {word}")
    lines = [f"{key} = {word}" for place, key, word in chosen if not place]
    for place, inside in tables.items():
        lines += [f"[{place}]", *inside]
    config.write_text("\n".join(lines), encoding="utf-8")
    try:
        loaded = load_config(config)
        for name in loaded.targets:
            loaded.target(name)
    except ConfigError as problem:
        assert problem.message  # noqa: PT017
