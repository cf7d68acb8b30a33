"""Functions called in turns within one process, from C, C++ and Julia."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

import harness_julia
from harness.adapterkit import INCLUDE
from harness.running.importing import import_file

C = """
#include "harness_compare.h"
static long calls[2], setups;
static void first(void *data) { calls[0] += *(long *)data; }
static void second(void *data) { calls[1] += *(long *)data; harness_keep(calls[1]); }
static void prepare(void *data) { setups += *(long *)data; }
int main(int count, char **words) {
    long one = 1;
    harness_comparison asked = {words[1], {{"first", first, &one, prepare, NULL},
                                           {"a \\"second\\"", second, &one, NULL, NULL}},
                                60, 30, 1, 7};
    if (count < 2 || harness_compare_with(&asked) != 0) return 1;
    printf("%ld %ld %ld\\n", calls[0], calls[1], setups);
    return 0;
}
"""
CPP = """
#include "harness_compare.h"
#include <vector>
struct Uncopied {
    double value;
    explicit Uncopied(double given) : value(given) {}
    Uncopied(const Uncopied &) = delete;
    Uncopied(Uncopied &&) = default;
};
int other(void (*call)(void *), void *data);
int main(int count, char **words) {
    const Uncopied kept(2.5);
    if (count > 2) return other(nullptr, words);
    std::vector<double> numbers(1000, 1.5);
    harness_hide(numbers);
    return harness_compare(
        words[1], "loop", [&] { return Uncopied(numbers[1] * numbers[2]); },
        "size", [&] { harness_keep(numbers); harness_keep(kept); }) != 0;
}
"""
OTHER = """
#include "harness_compare.h"
int other(void (*call)(void *), void *data) {
    return harness_compare("other.json", "one", call, "two", call, data);
}
"""


def compiled(folder: Path, source: str, *words: str) -> Path:
    suffix = "cc" if "c++" in words[0] else "c"
    (folder / f"a.{suffix}").write_text(source)
    strict = ["-Wall", "-Wextra", "-Werror", "-O2", f"-I{INCLUDE}"]
    subprocess.run([*words, *strict, f"a.{suffix}", "-o", "a"], cwd=folder, check=True)
    return folder / "a"


def written(program: Path, path: Path) -> tuple[dict[str, Any], str]:
    done = subprocess.run([program, path], capture_output=True, text=True, check=True)
    assert "`harness import" in done.stderr
    assert not path.with_name(path.name + ".part").exists()
    return json.loads(path.read_text()), done.stdout


@pytest.mark.toolchain
def test_the_header_of_c_calls_both_in_turns_in_a_random_order(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    made, said = written(compiled(tmp_path, C, "cc", "-std=c99"), path)
    assert [function["name"] for function in made["functions"]] == ["first", 'a "second"']
    assert [function["batch"] for function in made["functions"]] == [1, 1]
    assert len(made["blocks"]) == 30
    assert all(sorted(sample[0] for sample in block) == [0, 1] for block in made["blocks"])
    assert {block[0][0] for block in made["blocks"]} == {0, 1}
    first, second, setups = map(int, said.split())
    assert first == second == setups == 31  # the blocks, and one to warm up
    again, _ = written(tmp_path / "a", path)
    assert [b[0][0] for b in again["blocks"]] == [b[0][0] for b in made["blocks"]]  # the seed's
    report = import_file(path, None, None, tmp_path / "results")
    assert report.run.comparisons[0].blocks == 30


@pytest.mark.toolchain
def test_the_header_of_c_says_where_it_cannot_write(tmp_path: Path) -> None:
    program = compiled(tmp_path, C, "cc", "-std=c99")
    done = subprocess.run([program, tmp_path / "no/such"], capture_output=True, text=True)
    assert done.returncode == 1
    assert "No such file" in done.stderr


@pytest.mark.parametrize(("cpu_ns", "told"), [(500, True), (5000, False), (-1, False), (0, False)])
def test_a_call_that_takes_next_to_no_cpu_time_was_left_out_by_the_compiler(
    cpu_ns: int, told: bool, tmp_path: Path
) -> None:
    blocks = [[[0, 9000, cpu_ns], [1, 9000, 9000]]] * 7
    functions = [{"name": name, "batch": 1000} for name in ("a", "b")]
    document = {"harness_blocks": 1, "made_by": "x", "language": "C"}
    path = tmp_path / "a.json"
    path.write_text(json.dumps({**document, "functions": functions, "blocks": blocks}))
    report = import_file(path, None, None, tmp_path / "results")
    assert any("a: an execution takes less" in w for w in report.run.warnings) is told


@pytest.mark.toolchain
def test_in_c_plus_plus_anything_that_can_be_called_is_compared(tmp_path: Path) -> None:
    (tmp_path / "other.cc").write_text(OTHER)
    program = compiled(tmp_path, CPP, "c++", "-std=c++11", "-pedantic", "other.cc")
    made, _ = written(program, tmp_path / "cpp.json")
    assert made["language"] == "C++"
    assert all(wall_ns > 0 for block in made["blocks"] for _, wall_ns, *_ in block)


@pytest.mark.julia
def test_the_package_of_julia_passes_its_own_tests_and_its_files_are_read(tmp_path: Path) -> None:
    package = Path(harness_julia.__file__).parent / "HarnessCompare"
    julia = shutil.which("julia")
    assert julia is not None
    path = tmp_path / "a.json"
    script = tmp_path / "a.jl"
    tests = package / "test/runtests.jl"
    script.write_text(
        f"include({json.dumps(str(tests))})\n"
        f"@compare sum($[1, 2]) length($[1]) blocks = 12 batch = 2 file = {json.dumps(str(path))}\n"
    )
    words = [julia, "--startup-file=no", f"--project={package}", "-O1", str(script)]
    subprocess.run(words, cwd=tmp_path, check=True, capture_output=True, timeout=300)
    report = import_file(path, None, None, tmp_path / "results")
    assert report.run.comparisons[0].blocks == 12
    assert {metric.name for m in report.run.measurements for metric in m.metrics} <= {
        *("allocations", "allocated_bytes")
    }
