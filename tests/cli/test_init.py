"""`harness init`: a configuration that runs at once, for a project that has none."""

from __future__ import annotations

from pathlib import Path

import pytest

C = "#include <stdio.h>\nint main(int n, char **a) {{ {} }}\n"
PROGRAMS = {
    "one.c": C.format('puts("1"); return 0;'),
    "one.py": "print(1)\n",
    "two.c": C.format('puts("1"); return 0;'),
    "two.py": "print(2)\n",
    "needs.c": C.format('if (n < 3) { fputs("usage: needs A B\\n", stderr); return 2; } return 0;'),
    "size.py": "import sys\nprint(2 * int(sys.argv[1]))\n",
    "clock.py": "import time\nprint(time.time_ns())\n",
    "reads.py": "print(open('data/in.txt').read())\n",
    "broken.c": "int main(void) { return nothing; }\n",
}


@pytest.fixture
def project(folder: Path) -> Path:
    for name, text in PROGRAMS.items():
        (folder / name).write_text(text)
    (folder / "data").mkdir()
    (folder / "data/in.txt").write_text("5")
    return folder


def test_what_it_writes_runs_at_once(harness, project: Path) -> None:
    said = harness("init", "--json")
    assert said.code == 0
    left_out = said.result["left_out"]
    assert said.result["targets"] == ["one-c", "one-python", "reads", "size", "two-c", "two-python"]
    assert "usage: needs A B" in left_out["needs"]
    assert "prints something else each time" in left_out["clock"]
    assert "nothing" in left_out["broken"]
    text = (project / "harness.toml").read_text()
    assert "# Left out:" in text
    assert '\nargs = ["1000"]\n' in text
    assert '\nsources = ["reads.py"]\ninputs = ["data"]\n' in text
    assert "since it wants arguments (" in text
    assert "It does not print what others of task two do." in text
    ran = harness("run", "--trials", "2", "--json")
    assert ran.code == 0
    assert {m["target"]: m["task"] for m in ran.result["measurements"]} == {
        "one-c": "one",
        "one-python": "one",
        "reads": "reads",
        "size": "size",
        "two-c": "two",
        "two-python": "two-python",
    }


def test_without_trying_all_that_is_found_stands_in_it(harness, project: Path) -> None:
    said = harness("init", "--not-tried", "--json")
    assert said.code == 0
    assert len(said.result["targets"]) == len(PROGRAMS)
    assert harness("config", "check").code == 0


def test_nothing_is_written_over(harness, project: Path) -> None:
    (project / "harness.toml").write_text("# mine\n")
    said = harness("init")
    assert said.code == 2
    assert "is there already" in said.err
    assert (project / "harness.toml").read_text() == "# mine\n"


def test_a_folder_without_programs_is_said(harness, folder: Path) -> None:
    said = harness("init")
    assert said.code == 2
    assert "no program was found" in said.err
    assert not (folder / "harness.toml").exists()


def test_where_none_runs_the_answer_is_no_and_the_file_says_why(harness, folder: Path) -> None:
    (folder / "needs.c").write_text(PROGRAMS["needs.c"])
    said = harness("init")
    assert said.code == 1
    assert "usage: needs A B" in said.out
    assert "Left out:" in (folder / "harness.toml").read_text()


def test_a_script_of_a_shell_is_not_run_to_try_it(harness, folder: Path) -> None:
    (folder / "deploy.sh").write_text(f"#!/bin/sh\ntouch {folder}/hit\n")
    (folder / "deploy.sh").chmod(0o755)
    said = harness("init")
    assert said.code == 1
    assert "was not run to try it" in said.out
    assert not (folder / "hit").exists()
    assert "# [targets.deploy]" in (folder / "harness.toml").read_text()


SUITE = r"""#!/bin/sh
case "$1" in
--benchmark_list_tests=true) echo BM_fine; echo 'BM_gives up'; exit;;
*gives*) echo '{
  "context": {}, "benchmarks": [{"error_occurred": true, "error_message": "no data"}]}'; exit;;
esac
echo '{
  "context": {}, "benchmarks": [
{"iterations": 10, "real_time": 2.5, "cpu_time": 2.0, "time_unit": "us"}]}'
"""


def test_a_suite_is_one_target_without_the_benchmarks_that_do_not_run(
    harness, folder: Path
) -> None:
    (folder / "suite.sh").write_text(SUITE)
    (folder / "a.cpp").write_text("#include <benchmark/benchmark.h>\nBENCHMARK(BM_fine);\n")
    (folder / "Makefile").write_text("bench: a.cpp\n\tinstall suite.sh $@ # $(CXX) -o $@ a.cpp\n")
    said = harness("init", "--json")
    assert said.result["targets"] == ["bench"]
    text = (folder / "harness.toml").read_text()
    assert 'skip = ["BM_gives up"]' in text
    assert "Those of `skip` did not run (" in text
    ran = harness("run", "--trials", "2", "--json")
    assert ran.code == 0
    assert [m["case"] for m in ran.result["measurements"]] == ["BM_fine"]
