"""How the launcher is made and kept, and how its report is read."""

import subprocess
import sys
from pathlib import Path

import pytest

from harness.model import Sample
from harness.system.launcher.launching import (
    FALLBACK,
    SOURCE,
    Job,
    Launcher,
    get_launcher,
    parse_report,
)


def program(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@pytest.fixture
def path_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that alone is on PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def test_it_is_compiled_once_and_kept(tmp_path: Path, path_with: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    program(path_with / "cc", f'echo called >> {tmp_path}/calls; PATH=/usr/bin:/bin exec cc "$@"')
    first, second = get_launcher(cache), get_launcher(cache)
    assert first == second
    assert first.compiled
    assert (tmp_path / "calls").read_text() == "called\n"
    assert [str(path) for path in cache.iterdir()] == list(first.command)


def test_one_that_was_kept_but_does_not_run_is_made_anew(tmp_path: Path) -> None:
    first = get_launcher(tmp_path)
    kept = Path(first.command[0])
    whole = kept.read_bytes()
    program(kept, "echo made on another machine; exit 1")
    assert get_launcher(tmp_path) == first
    assert kept.read_bytes() == whole


def test_another_source_is_another_launcher(
    tmp_path: Path, launcher_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = get_launcher(launcher_cache)
    changed = tmp_path / "launcher.c"
    changed.write_text(SOURCE.read_text() + "/* changed */\n")
    monkeypatch.setattr("harness.system.launcher.launching.SOURCE", changed)
    assert get_launcher(launcher_cache) != before


def test_two_processes_may_make_it_at_once(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path;"
        "from harness.system.launcher.launching import get_launcher;"
        "print(*get_launcher(Path(sys.argv[1])).command)"
    )
    both = [
        subprocess.Popen([sys.executable, "-c", script, tmp_path], stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    answers = {process.communicate()[0].decode().strip() for process in both}
    assert answers == {str(path) for path in tmp_path.iterdir()}
    assert len(answers) == 1


def test_without_a_static_library_it_is_linked_dynamically(tmp_path: Path, path_with: Path) -> None:
    program(
        path_with / "cc",
        'case "$*" in *-static*) echo no -lc >&2; exit 1;; esac; PATH=/usr/bin:/bin exec cc "$@"',
    )
    assert get_launcher(tmp_path).compiled


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo 'fatal: no headers' >&2; exit 1", "cc: fatal: no headers"),
        # What it makes does not run.
        ('while [ "$1" != -o ]; do shift; done; echo "exit 5" > "$2"', "cc: "),
    ],
)
def test_a_compiler_that_cannot_make_it_leads_to_the_fallback(
    tmp_path: Path, path_with: Path, script: str, reason: str
) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    program(path_with / "cc", script)
    launcher = get_launcher(cache)
    assert launcher.command[-1] == str(FALLBACK)
    assert launcher.fallback_reason.startswith(reason)
    assert list(cache.iterdir()) == []


def test_a_second_compiler_is_tried_when_the_first_fails(tmp_path: Path, path_with: Path) -> None:
    program(path_with / "cc", "exit 1")
    program(path_with / "gcc", 'PATH=/usr/bin:/bin exec gcc "$@"')
    assert get_launcher(tmp_path).compiled


def test_a_launcher_that_has_gone_is_trouble_and_no_exception(tmp_path: Path) -> None:
    job = Job(("/bin/true",), {}, tmp_path, tmp_path, tmp_path, tmp_path, timeout_ns=0)
    report = Launcher((str(tmp_path / "gone"),)).launch(job)
    assert "the launcher cannot be started" in report.trouble


def test_a_report_is_figures_and_samples() -> None:
    report = parse_report(b"wall_ns 12\nsample 1 30 20 1\nsample 4 90 80 0\nexit_code 0\nend 1\n")
    assert report.figures == {"wall_ns": 12, "exit_code": 0}
    assert report.samples == (
        Sample(0, 1, 30, 20, calibration=True),
        Sample(1, 4, 90, 80, calibration=False),
    )
    assert report.trouble == ""


@pytest.mark.parametrize("text", [b"", b"wall_ns 12\n", b"wall_ns 12\nexit_co", b"sample 4 90 8"])
def test_a_report_without_its_end_is_trouble(text: bytes) -> None:
    report = parse_report(text, -9)
    assert report.lost
    assert "the launcher itself was killed by signal SIGKILL" in report.trouble
    assert parse_report(text, 2).trouble == "the launcher itself ended early, with 2"


@pytest.mark.parametrize("line", ["sample 1 2", "sample a b c d", f"wall_ns {'9' * 5000}"])
def test_a_report_that_a_target_has_written_into_is_trouble(line: str) -> None:
    report = parse_report(f"{line}\nend 1\n".encode())
    assert report.lost
    assert "tampered with" in report.trouble
