"""The fixture `harness` in other people's tests."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

TESTS = """
import functools
import pytest

def slow(n=3000):
    return sum([i * i for i in range(n)])

def fast(n=3000):
    return (n - 1) * n * (2 * n - 1) // 6

def wrong(n=3000):
    return 3

HERE = {"in_process": True, "budget": "5s"}

@pytest.mark.parametrize("n", [1000, 3000])
def test_faster(harness, n):
    new, old = functools.partial(fast, n), functools.partial(slow, n)
    assert harness(new).not_slower_than(old, by="5%", **HERE).verdict.value == "faster"
    harness(new).faster_than(old, **HERE)

def test_slower(harness):
    with pytest.raises(AssertionError, match="slower by more than 5%"):
        harness(slow).not_slower_than(fast, **HERE)
    with pytest.raises(AssertionError, match="not shown to be faster"):
        harness(slow).faster_than(fast, **HERE)

def test_wrong(harness):
    with pytest.raises(AssertionError, match="give different results"):
        harness(wrong).not_slower_than(fast, **HERE)
    assert harness.compare(wrong, fast, check=False, **HERE).comparison is not None

def test_wrong_output(harness):
    with pytest.raises(AssertionError, match="wrong output"):
        harness.compare(["echo", "1"], ["echo", "2"], trials=1)
    with pytest.raises(AssertionError, match="wrong output"):
        harness(["echo", "1"]).not_slower_than(["echo", "2"], trials=1)

def test_mixed(harness):
    with pytest.raises(Exception, match="a function and a program are not compared"):
        harness.compare(slow, ["true"])

@pytest.mark.harness
def test_only_a_benchmark(harness):
    assert harness.compare(slow, fast, trials=2, mode="cold").comparison.blocks == 2
    assert str(harness.compare(slow, fast, trials=1))  # steady: one process may not settle
    assert harness.compare(["true"], ["/bin/echo"], trials=2, ignore_output=True).comparison
"""


@pytest.fixture
def tests(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makepyfile(test_speed=TESTS)
    return pytester


def test_tests_compare_functions_and_a_table_says_what_came_of_them(tests: pytest.Pytester) -> None:
    done = tests.runpytest_subprocess("-q")
    done.assert_outcomes(passed=6, deselected=1)
    done.stdout.fnmatch_lines(
        [
            "*harness: comparisons*",
            "test_speed.py::test_faster?1000?*fast is faster than slow: *(in one process)",
        ]
    )


def test_what_is_only_a_benchmark_runs_when_it_is_asked_for(tests: pytest.Pytester) -> None:
    done = tests.runpytest_subprocess("-q", "--harness", "-k", "only_a_benchmark")
    done.assert_outcomes(passed=1, deselected=6)
    done.stdout.fnmatch_lines(["*test_only_a_benchmark*fast is*slow*"])


def test_workers_of_xdist_send_home_what_was_measured(tests: pytest.Pytester) -> None:
    done = tests.runpytest_subprocess("-q", "-n", "2", "-k", "faster")
    done.assert_outcomes(passed=2)
    done.stdout.fnmatch_lines(["*test_faster?3000?*fast is faster than slow*"])


def test_a_failure_shows_the_test_s_own_line_and_what_to_do(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        "def test_it(harness):\n    harness(lambda: 1).not_slower_than(lambda: 2)\n"
        "def test_here(harness):\n"
        "    harness(lambda: 1).not_slower_than(lambda: 2, in_process=True)\n"
    )
    done = pytester.runpytest_subprocess("-q", "-v", "--log-cli-level=INFO")
    done.assert_outcomes(failed=2)
    done.stdout.fnmatch_lines(
        ["E  *UsageError*it is a lambda*Define it with `def`*in_process=True*"]
    )
    done.stdout.fnmatch_lines(["E  *AssertionError*give different results*"])
    done.stdout.no_fnmatch_line("*held_against.py*")
    done.stdout.no_fnmatch_line("*callables.py*")


def test_what_goes_on_is_told_to_the_live_log(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        "def test_it(harness):\n    harness.compare(['true'], ['test', '1'], trials=1)\n"
    )
    done = pytester.runpytest_subprocess("-q", "--log-cli-level=INFO")
    done.assert_outcomes(passed=1)
    done.stdout.fnmatch_lines(["*INFO*checking true*"])


def test_without_the_fixture_the_harness_is_not_imported(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        "import sys\n\ndef test_it():\n    assert 'harness.analysis' not in sys.modules\n"
    )
    pytester.runpytest_subprocess("-q").assert_outcomes(passed=1)


def test_the_functions_of_the_page_are_compared(pytester: pytest.Pytester) -> None:
    page = (Path(__file__).parents[2] / "docs/pytest.md").read_text(encoding="utf-8")
    first = re.findall(r"^```python\n(.*?)^```$", page, flags=re.MULTILINE | re.DOTALL)[0]
    pytester.makepyfile(test_page=first.replace('by="5%")', 'by="5%", in_process=True)'))
    (pytester.path / "big.txt").write_text("2\n1\n")
    done = pytester.runpytest_subprocess("-q", "-k", "formula")
    done.assert_outcomes(passed=1, deselected=1)
