"""The launcher's report in words, and phases from a file that is not to be trusted."""

from pathlib import Path

import pytest

from harness.edge.execution import judge, printable, read_phases, signal_name, sum_phases
from harness.edge.launcher import Job, LaunchReport
from harness.model import Phase, TrialStatus


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
    job: Job, figures: dict[str, int], status: TrialStatus, words: str
) -> None:
    found, message = judge(LaunchReport(figures, ()), job)
    assert found is status
    assert words in message
    assert bool(message) == (status is not TrialStatus.OK)


def test_a_full_output_explains_a_failure_but_not_a_success(job: Job) -> None:
    job.stdout.write_text("x" * 100)
    failed = judge(LaunchReport({"exit_code": 1}, ()), job)
    assert "more than the 100 bytes" in failed[1]
    assert judge(LaunchReport({"exit_code": 0}, ()), job)[0] is TrialStatus.OK


def test_the_last_words_are_those_of_standard_error_if_there_are_any(job: Job) -> None:
    job.stdout.write_text("step 1\nstep 2\n")
    said = judge(LaunchReport({"exit_code": 1}, ()), job)[1]
    assert said.endswith("its standard output ends with\n  step 1\n  step 2")
    job.stderr.write_text("panic\n\n")
    said = judge(LaunchReport({"exit_code": 1}, ()), job)[1]
    assert said.endswith("its standard error ends with\n  panic")


def test_a_long_line_is_cut(job: Job) -> None:
    job.stderr.write_text("x" * 100_000)
    assert len(judge(LaunchReport({"exit_code": 1}, ()), job)[1]) < 500


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


def test_a_program_without_phases_has_none(tmp_path: Path) -> None:
    assert read_phases(tmp_path / "phases") == ()
    (tmp_path / "phases").write_bytes(b"\xff\xfe\x00")
    assert read_phases(tmp_path / "phases") == ()
