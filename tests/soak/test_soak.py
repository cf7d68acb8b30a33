"""The short form of `make soak`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def soak(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(HERE), *arguments], capture_output=True, text=True, timeout=600
    )


def test_no_corruption_of_a_kept_file_is_silent():
    done = soak("--corruptions", "600", "--kills", "0")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 silent in 600 corruptions" in done.stdout


@pytest.mark.slow
def test_no_kill_loses_doubles_or_leaves_anything():
    done = soak("--corruptions", "1", "--kills", "5")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 problems in 5 kills" in done.stdout, done.stdout


def test_a_long_form_that_is_told_to_stop_says_how_far_it_is():
    script = (
        "import os, signal, sys; sys.path.insert(0, sys.argv[1]); from tally import Tally\n"
        "done = 0\n"
        "with Tally(lambda: f'{done} done') as tally:\n"
        "    while tally.look():\n"
        "        done += 1\n"
        "        if done == 3: os.kill(os.getpid(), signal.SIGTERM)\n"
        "        assert done < 5\n"
        "print('ended')"
    )
    argv = [sys.executable, "-c", script, str(HERE)]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "ended\n"
    assert "SIGTERM: ending after this attempt" in done.stderr
    assert "s: 3 done" in done.stderr


@pytest.mark.slow
def test_following_the_advice_ends_what_was_meddled_with_and_killed():
    argv = [sys.executable, str(HERE / "following.py"), "--commands", "1", "--seed", "3"]
    done = subprocess.run(
        [*argv, "--turns", "3", "--iterations", "1"],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 problems" in done.stdout


def test_the_soak_finds_what_is_silent(tmp_path):
    """A reader that believes everything is found out."""
    script = (
        "import sys, pathlib; sys.path.insert(0, sys.argv[1]); import corruptions\n"
        "path = pathlib.Path(sys.argv[2]); path.write_bytes(bytes(range(200)))\n"
        "kept = corruptions.Kept(path, path.read_bytes)\n"
        "print(len(corruptions.corrupt([kept], 50, 1).silent))"
    )
    argv = [sys.executable, "-c", script, str(HERE), str(tmp_path / "file")]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60)
    assert int(done.stdout) > 40
