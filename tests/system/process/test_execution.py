"""The launcher's report in words, and phases from a file that is not to be trusted."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.model import Phase, TrialStatus
from harness.system.launcher.wire import Job, LaunchReport
from harness.system.process.execution import (
    how_it_ended,
    read_phases,
    signal_name,
    sum_phases,
)
from harness.system.process.telling import printable
from harness.system.process.trial_folder import Opened


@pytest.fixture
def job(tmp_path: Path) -> Job:
    for name in ("out", "err"):
        (tmp_path / name).touch()
    return Job(
        ("/usr/bin/prog",),
        {},
        tmp_path,
        stdin=tmp_path / "in",
        stdout=tmp_path / "out",
        stderr=tmp_path / "err",
        timeout_ns=2_500_000_000,
        max_file_bytes=100,
    )


@pytest.fixture
def printed(job: Job) -> Iterator[Opened]:
    """What the job printed, as the harness reads it."""
    made = Opened.at((job.stdout, job.stderr, job.folder / "phases"))
    yield made
    made.close()


@pytest.mark.parametrize(
    ("figures", "status", "words"),
    [
        ({"exit_code": 0}, TrialStatus.OK, ""),
        ({"exit_code": 1}, TrialStatus.FAILED, "prog ended with exit code 1; it printed nothing"),
        ({"signal": 6}, TrialStatus.CRASHED, "prog was killed by signal 6 (SIGABRT: Aborted)"),
        ({"signal": 9}, TrialStatus.CRASHED, "as the kernel does when memory runs out"),
        (
            {"signal": 9, "timed_out": 1},
            TrialStatus.TIMED_OUT,
            "its timeout of 2.5 s and was ended",
        ),
        (
            {"signal": 9, "timed_out": 1, "left_behind": 3},
            TrialStatus.TIMED_OUT,
            "with 3 of its child processes",
        ),
        ({"signal": 25}, TrialStatus.FAILED, "more than the 100 bytes that one file may have"),
    ],
)
def test_how_a_job_ended(
    job: Job, printed: Opened, figures: dict[str, int], status: TrialStatus, words: str
) -> None:
    found, message = how_it_ended(LaunchReport(figures, ()), job, printed)
    assert found is status
    assert words in message
    assert bool(message) == (status is not TrialStatus.OK)


def test_a_full_output_explains_a_failure_but_not_a_success(job: Job, printed: Opened) -> None:
    job.stdout.write_text("x" * 100)
    failed = how_it_ended(LaunchReport({"exit_code": 1}, ()), job, printed)
    assert "more than the 100 bytes" in failed[1]
    assert how_it_ended(LaunchReport({"exit_code": 0}, ()), job, printed)[0] is TrialStatus.OK


def test_the_last_words_are_those_of_standard_error_if_there_are_any(
    job: Job, printed: Opened
) -> None:
    job.stdout.write_text("step 1\nstep 2\n")
    said = how_it_ended(LaunchReport({"exit_code": 1}, ()), job, printed)[1]
    assert said.endswith("its standard output ends with\n  step 1\n  step 2")
    job.stderr.write_text("panic\n\n")
    said = how_it_ended(LaunchReport({"exit_code": 1}, ()), job, printed)[1]
    assert said.endswith("its standard error ends with\n  panic")


def test_a_long_line_is_cut(job: Job, printed: Opened) -> None:
    job.stderr.write_text("x" * 100_000)
    assert len(how_it_ended(LaunchReport({"exit_code": 1}, ()), job, printed)[1]) < 500


def test_an_unknown_signal_has_only_its_number() -> None:
    assert signal_name(40) == "signal 40"


def test_what_a_terminal_would_obey_is_not_printed() -> None:
    assert printable("a\tb\x1b[2Jc\rd é 星") == "a\tb\ufffd[2Jc\ufffdd é 星"


def test_phases_are_summed_by_path_and_anything_else_is_passed_over() -> None:
    lines = [
        "harness-phases 1",
        "2\t100\tfill",
        "4\t50\tfill/sort by\tkey",
        "1\t7\tfill",
        "-1\t5\tfill",
        "1\t1e9\tfill",
        "many\t1\tfill",
        "1\t1\t",
        "1\t1",
        "",
    ]
    assert sum_phases(lines) == (Phase("fill", 3, 107), Phase("fill/sort by\tkey", 4, 50))


def test_counts_that_no_program_reaches_are_passed_over() -> None:
    huge = "9" * 5000
    lines = [f"{huge}\t1\ta", f"1\t{huge}\ta", "1\t2\ta", f"1\t{2**63}\ta", f"1\t{2**63 - 1}\ta"]
    assert sum_phases(lines) == (Phase("a", 1, 2),)


def test_a_program_without_phases_has_none(job: Job, printed: Opened) -> None:
    assert read_phases(printed.phases) == ()
    (job.folder / "phases").write_bytes(b"\xff\xfe\x00")
    assert read_phases(printed.phases) == ()


def test_of_phases_without_end_the_beginning_is_read(job: Job, printed: Opened) -> None:
    with (job.folder / "phases").open("wb") as file:
        file.write(b"1\t2\ta\n" * 1_000_000)
        file.truncate(10**12)
    (phase,) = read_phases(printed.phases)
    assert 0 < phase.calls < 1_000_000
    assert phase.total_ns == 2 * phase.calls
