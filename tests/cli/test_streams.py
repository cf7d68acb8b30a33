"""Standard output and error that are full, closed, or have no reader: every code stays its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

CONFIG = """
[tasks.t]
[targets.a]
task = "t"
adapter = "command"
program = "./a.sh"
[targets.b]
task = "t"
adapter = "command"
program = "./b.sh"
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "harness.toml").write_text(CONFIG)
    for name, word in (("a", "1"), ("b", "2")):
        (tmp_path / f"{name}.sh").write_text(f"#!/bin/sh\necho {word}\n")
        (tmp_path / f"{name}.sh").chmod(0o755)
    return tmp_path


def shell(project: Path, line: str, **env: str) -> subprocess.CompletedProcess[str]:
    """A line of bash, in which `harness` is this one."""
    return subprocess.run(
        ["bash", "-c", f'harness() {{ "{sys.executable}" -m harness "$@"; }}; {line}'],
        cwd=project,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


FULL = "standard output cannot be written: No space left on device"


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("--help", 0),
        ("run a --trials 2 --json", 0),
        ("run nosuch", 2),
        ("compare a b --trials 2", 1),
    ],
)
def test_the_code_is_the_commands_own_whatever_becomes_of_its_words(
    project: Path, command: str, code: int
) -> None:
    plain = shell(project, f"harness {command}")
    if "compare" not in command:  # its own answer needs no certain machine
        assert plain.returncode == code, plain.stderr
    for line in (
        f"harness {command} | true; exit ${{PIPESTATUS[0]}}",
        f"harness {command} 2>&-",
        f"harness {command} 2>/dev/full",
    ):
        said = shell(project, line)
        assert said.returncode == plain.returncode, (line, said.stderr)
        assert "bug" not in said.stderr

    for line in (f"harness {command} >&-", f"harness {command} <&- >&- 2>&-"):
        said = shell(project, line)
        assert said.returncode == (plain.returncode or 2), (line, said.stderr)
        told = bool(plain.stdout) and "2>" not in line
        assert ("standard output cannot be written" in said.stderr) == told


@pytest.mark.parametrize("command", ["--help", "run a --trials 2", "run a --trials 2 --json"])
def test_words_that_are_lost_on_a_full_disk_are_an_error(project: Path, command: str) -> None:
    said = shell(project, f"harness {command} >/dev/full")
    assert said.returncode == 2
    assert FULL in said.stderr


def test_a_failure_keeps_its_code_on_a_full_disk(project: Path) -> None:
    (project / "a.sh").write_text("#!/bin/sh\nexit 1\n")
    said = shell(project, "harness run a --json >/dev/full")
    assert said.returncode == 5
    assert FULL in said.stderr


def test_a_name_that_is_not_utf8_is_shown_as_its_escape(project: Path) -> None:
    said = shell(project, "harness run $'no\\xffsuch' --json", PYTHONIOENCODING="ascii")
    assert said.returncode == 2
    assert "nosuch" not in json.loads(said.stdout)["error"]
    assert "\\udcff" in said.stderr


def test_what_is_printed_goes_to_no_file_of_ours(project: Path) -> None:
    """With standard error closed, the next file that is opened must not become it."""
    said = shell(project, "harness run a --trials 2 2>&- >out; cat out")
    assert said.returncode == 0
    assert "ok" in said.stdout
    stored = list((project / ".harness").rglob("*.parquet"))
    assert stored
    assert all(path.read_bytes().startswith(b"PAR1") for path in stored)
