"""How the launcher is made and kept, and how its report is read."""

import hashlib
import platform
import struct
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import AdapterError
from harness.model import Sample, SteadyPlan
from harness.system.launcher import launching, made_of, protocol
from harness.system.launcher.launching import (
    FALLBACK,
    Launcher,
    LauncherFacts,
    fallback_command,
    get_launcher,
)
from harness.system.launcher.wire import Job, WrittenJob, decode_report


def program(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@pytest.fixture
def nothing_shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no launcher that was installed with the harness."""
    monkeypatch.setattr(launching, "SHIPPED", tmp_path / "none")


@pytest.fixture
def path_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that alone is on PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


@pytest.mark.usefixtures("nothing_shipped")
def test_it_is_compiled_once_and_kept(tmp_path: Path, path_with: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    program(path_with / "cc", f'echo called >> {tmp_path}/calls; PATH=/usr/bin:/bin exec cc "$@"')
    first, second = get_launcher(cache), get_launcher(cache)
    assert first == second
    assert first.compiled
    assert (tmp_path / "calls").read_text() == "called\n"
    assert [str(path) for path in cache.iterdir()] == list(first.command)


@pytest.mark.usefixtures("nothing_shipped")
def test_one_that_was_kept_but_does_not_run_is_made_anew(tmp_path: Path) -> None:
    first = get_launcher(tmp_path)
    kept = Path(first.command[0])
    whole = kept.read_bytes()
    program(kept, "echo made on another machine; exit 1")
    assert get_launcher(tmp_path) == first
    assert kept.read_bytes() == whole


@pytest.mark.parametrize("changed", ["launcher.c", "protocol.h"])
def test_another_source_is_another_launcher(
    tmp_path: Path, launcher_cache: Path, monkeypatch: pytest.MonkeyPatch, changed: str
) -> None:
    before = get_launcher(launcher_cache)
    for source in (*made_of.FOLDER.glob("*.c"), *made_of.FOLDER.glob("*.h")):
        text = source.read_text() + ("/* changed */\n" if source.name == changed else "")
        (tmp_path / source.name).write_text(text)
    monkeypatch.setattr(made_of, "FOLDER", tmp_path)
    after = get_launcher(launcher_cache)
    assert after != before
    assert after.compiled
    assert not after.shipped


def test_one_that_was_installed_serves_without_a_compiler(
    tmp_path: Path, path_with: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped, cache = tmp_path / "installed", tmp_path / "cache"
    shipped.mkdir()
    cache.mkdir()
    name = made_of.launcher_name(platform.machine())
    made = made_of.compile_command("/usr/bin/cc", made_of.FLAGS[-1], shipped / name)
    subprocess.run(made, check=True, env={"PATH": "/usr/bin:/bin"})
    monkeypatch.setattr(launching, "SHIPPED", shipped)
    launcher = get_launcher(cache)
    assert launcher.command == (str(shipped / name),)
    assert launcher.facts == LauncherFacts(
        "shipped", hashlib.sha256((shipped / name).read_bytes()).hexdigest()
    )
    assert list(cache.iterdir()) == []


def test_two_processes_may_make_it_at_once(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path;"
        "from harness.system.launcher import launching;"
        "launching.SHIPPED = Path('/nowhere');"
        "print(*launching.get_launcher(Path(sys.argv[1])).command)"
    )
    both = [
        subprocess.Popen([sys.executable, "-c", script, tmp_path], stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    answers = {process.communicate()[0].decode().strip() for process in both}
    assert answers == {str(path) for path in tmp_path.iterdir()}
    assert len(answers) == 1


@pytest.mark.usefixtures("nothing_shipped")
def test_without_a_static_library_it_is_linked_dynamically(tmp_path: Path, path_with: Path) -> None:
    program(
        path_with / "cc",
        'case "$*" in *-static*) echo no -lc >&2; exit 1;; esac; PATH=/usr/bin:/bin exec cc "$@"',
    )
    assert get_launcher(tmp_path).compiled


@pytest.mark.usefixtures("nothing_shipped")
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
    assert launcher.facts.kind == "python"
    assert launcher.facts.reason == launcher.fallback_reason
    assert list(cache.iterdir()) == []


@pytest.mark.usefixtures("nothing_shipped")
def test_a_second_compiler_is_tried_when_the_first_fails(tmp_path: Path, path_with: Path) -> None:
    program(path_with / "cc", "exit 1")
    program(path_with / "gcc", 'PATH=/usr/bin:/bin exec gcc "$@"')
    assert get_launcher(tmp_path).compiled


def test_a_launcher_that_has_gone_is_trouble_and_no_exception(tmp_path: Path) -> None:
    job = Job(("/bin/true",), {}, tmp_path, tmp_path, tmp_path, tmp_path, timeout_ns=0)
    report = Launcher((str(tmp_path / "gone"),)).launch(WrittenJob.of(job))
    assert "the launcher cannot be started" in report.trouble


# ---- the protocol ----------------------------------------------------------------------------

JOB = Job(
    argv=("/bin/echo", "", "caf\u00e9"),
    env={"A": "1", "EMPTY": ""},
    folder=Path("/work"),
    stdin=Path("/in"),
    stdout=Path("/out"),
    stderr=Path("/err"),
    timeout_ns=7,
    cpus=(0, 3),
    max_file_bytes=9,
    steady=SteadyPlan(5, 6, 8),
)


def test_a_job_is_its_numbers_and_then_its_texts() -> None:
    frame = WrittenJob.of(JOB).frame(ticket=4)
    assert struct.unpack_from("=I", frame) == (len(frame) - 4,)
    numbers = struct.unpack_from(f"={len(protocol.JOB_NUMBERS)}q", frame, 4)
    assert dict(zip(protocol.JOB_NUMBERS, numbers, strict=True)) == {
        "ticket": 4,
        "timeout_ns": 7,
        "max_file_bytes": 9,
        "arguments": 3,
        "samples": 5,
        "min_sample_ns": 6,
        "budget_ns": 8,
    }
    texts = frame[4 + 8 * len(numbers) :].decode().split("\0")
    assert texts.pop() == ""
    named = dict(zip(protocol.JOB_TEXTS, texts, strict=False))
    assert (named["cpus"], named["folder"], named["stdin_path"]) == ("0,3", "/work", "/in")
    assert texts[len(named) :] == ["/bin/echo", "", "caf\u00e9", "A=1", "EMPTY="]


def test_a_text_with_a_zero_byte_is_no_two_texts() -> None:
    for job in (replace(JOB, argv=("/bin/echo", "a\0b")), replace(JOB, env={"A": "\0"})):
        with pytest.raises(ValueError, match="null byte"):
            WrittenJob.of(job)


def report(
    ticket: int = 1, samples: tuple[int, ...] = (), words: bytes = b"", **more: int
) -> bytes:
    count = len(samples) // len(protocol.SAMPLE)
    figures = {**dict.fromkeys(protocol.FIGURES, protocol.UNKNOWN), **more}
    numbers = [*{**figures, "ticket": ticket, "samples": count, **more}.values(), *samples]
    return struct.pack(f"={len(numbers)}q", *numbers) + words


def test_a_report_is_figures_samples_and_words() -> None:
    found = decode_report(report(1, (1, 30, 20, 1, 4, 90, 80, 0), b"oh", wall_ns=12), 1)
    assert found is not None
    assert found.figures == {"wall_ns": 12, "ticket": 1, "samples": 2}
    assert found.samples == (
        Sample(0, 1, 30, 20, calibration=True),
        Sample(1, 4, 90, 80, calibration=False),
    )
    assert found.trouble == "oh"


@pytest.mark.parametrize(
    "payload",
    [
        b"sample x\n",
        bytes(8 * len(protocol.FIGURES)),
        report(ticket=2),
        report(samples=(0, 1, 1, 1)),
        report(samples=(1, 2, 3, 4))[:-1],
    ],
    ids=["words", "zeros", "another job's", "a batch of none", "cut off"],
)
def test_what_is_no_report_of_this_job_is_none(payload: bytes) -> None:
    assert decode_report(payload, 1) is None


def test_a_report_that_counts_more_than_it_holds_is_none() -> None:
    for count in (3, 2**62, -1):
        payload = bytearray(report(1))
        place = 8 * list(protocol.FIGURES).index("samples")
        struct.pack_into("=q", payload, place, count)
        assert decode_report(bytes(payload), 1) is None


def test_what_is_rendered_from_the_protocol_is_up_to_date() -> None:
    script = Path(__file__).parents[3] / "scripts/render_protocol.py"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("kind", ["compiled", "fallback"])
def test_both_launchers_say_which_protocol_they_speak(kind: str, launcher_cache: Path) -> None:
    command = get_launcher(launcher_cache).command if kind == "compiled" else fallback_command()
    said = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True)
    assert said.stdout == f"{protocol.VERSION}\n"


def test_another_system_than_linux_is_refused_with_what_works_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    with pytest.raises(AdapterError, match="measured on Linux only") as caught:
        get_launcher(tmp_path)
    assert "What is stored can be read here" in caught.value.hint
