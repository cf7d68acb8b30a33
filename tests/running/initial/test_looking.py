"""What `harness init` finds in a project, without building or running anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.running.initial.found_program import FoundProgram
from harness.running.initial.looking import MOST_PROGRAMS, found_programs, named_targets

RECIPES = Path(__file__).parents[2] / "data/recipes"
CMAKE = [["cmake", "-B", "build", "-DCMAKE_BUILD_TYPE=Release"], ["cmake", "--build", "build"]]
GOOGLE = "#include <benchmark/benchmark.h>\nBENCHMARK(BM_a)->Arg(8);\n"
CATCH2 = '#include <catch2/catch.hpp>\nTEST_CASE("a") { BENCHMARK("b") { return 1; }; }\n'
MAIN = "int main(void) { return 0; }\n"


def options(root: Path) -> dict[str, tuple[str, dict[str, object]]]:
    """Target: its adapter and options."""
    return {
        n: (p.adapter, dict(p.options)) for n, (_, p) in named_targets(found_programs(root)).items()
    }


@pytest.mark.parametrize(
    ("recipe", "adapter", "found"),
    [
        ("make", "c", {"build": ["make", "-s", "build/app"], "program": "build/app"}),
        ("cmake", "c", {"build": CMAKE, "program": "build/app"}),
        (
            "meson",
            "c",
            {
                "build": [
                    ["meson", "setup", "build", "--buildtype=release"],
                    ["meson", "compile", "-C", "build"],
                ],
                "program": "build/app",
            },
        ),
        (
            "autotools",
            "c",
            {"build": [["autoreconf", "-i"], ["./configure"], ["make"]], "program": "src/app"},
        ),
        (
            "cargo",
            "rust",
            {
                "build": ["cargo", "build", "--release", "--bin", "app", "-p", "app"],
                "program": "target/release/app",
            },
        ),
        (
            "go",
            "go",
            {"build": ["go", "build", "-o", "build/app", "./cmd/app"], "program": "build/app"},
        ),
        ("julia", "julia", {"sources": ["main.jl"], "project": "."}),
        ("python_in_place", "python", {"sources": ["bin/main.py"], "path": ["."]}),
    ],
)
def test_each_build_system_says_what_it_makes(
    recipe: str, adapter: str, found: dict[str, object]
) -> None:
    assert list(options(RECIPES / recipe).values()) == [(adapter, found)]


def test_a_makefile_is_read_with_its_variables_and_without_objects_libraries_and_tests(
    tmp_path: Path,
) -> None:
    (tmp_path / "Makefile").write_text(
        "BIN = bin\nPROG := $(BIN)/solve\nOBJS = a.o b.o\nLOOP = $(LOOP) x\n\n"
        "all: $(PROG)\n\n$(PROG): $(OBJS)\n\t$(CXX) -o $@ $^\n\n"
        "%.o: %.cc\n\t$(CXX) -c $<\n\nlib.so: a.o\n\tcc -shared -o $@ $^\n\n"
        "test_solve: t.c\n\tcc -o $@ $<\n\nclean:\n\trm -f $(PROG)\n"
    )
    (tmp_path / "main.cc").write_text(MAIN)
    assert options(tmp_path) == {
        "solve": ("cpp", {"build": ["make", "-s", "bin/solve"], "program": "bin/solve"})
    }


@pytest.mark.parametrize(
    ("compiler", "adapter"), [("$(CC)", "c"), ("gcc", "c"), ("$(CXX)", "cpp"), ("$(FC)", "fortran")]
)
def test_a_program_that_a_makefile_links_of_objects_is_in_its_compiler_s_language(
    tmp_path: Path, compiler: str, adapter: str
) -> None:
    (tmp_path / "Makefile").write_text(f"app: main.o\n\t{compiler} -o $@ main.o\n")
    assert options(tmp_path) == {
        "app": (adapter, {"build": ["make", "-s", "app"], "program": "app"})
    }


@pytest.mark.parametrize(
    ("files", "found"),
    [
        (
            {
                "tests/test_join.py": "def test_join(words, benchmark):\n    benchmark(words)\n",
                "tests/test_other.py": "def test_other():\n    assert benchmark\n",
            },
            {"kind": "pytest-benchmark", "sources": ["tests/test_join.py"]},
        ),
        (
            {"Cargo.toml": '[dev-dependencies]\ncriterion = "0.5"\n[[bench]]\nname = "join"\n'},
            {"kind": "criterion", "name": "join"},
        ),
        ({"join_test.go": "func BenchmarkJoin(b *testing.B) {}\n"}, {"kind": "go"}),
        (
            {"text/a_test.go": "func BenchmarkJoin(b *testing.B) {}\n", "text/testdata/a": ""},
            {"kind": "go", "name": "./text", "inputs": ["text/testdata"]},
        ),
        (
            {
                "Cargo.toml": '[workspace]\nmembers = ["w"]\n',
                "w/Cargo.toml": '[package]\nname = "words"\n[dev-dependencies]\n'
                'criterion = { workspace = true }\n[[bench]]\nname = "join"\n',
            },
            {"kind": "criterion", "name": "join", "flags": ["-p", "words"]},
        ),
        (
            {
                "asv/asv.conf.json": '{\n// "benchmark_dir": "no",\n"benchmark_dir": "timed" }\n',
                "asv/timed/a.py": "def time_a():\n    pass\n",
                ".venv/bin/python": "",
            },
            {"kind": "asv", "sources": ["asv/timed"], "tool": ".venv/bin/python"},
        ),
        (
            {
                "CMakeLists.txt": 'option(W_BENCH "timings" OFF)\noption(W_X "x" OFF)\n',
                "b/CMakeLists.txt": "add_executable(timings\n  a.cc)\n",
                "b/a.cc": GOOGLE,
            },
            {
                "kind": "google-benchmark",
                "build": [[*CMAKE[0], "-DW_BENCH=ON"], CMAKE[1]],
                "program": "build/b/timings",
            },
        ),
        (
            {
                "CMakeLists.txt": "set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)\n",
                "tests/CMakeLists.txt": "set(S a.cpp)\nadd_executable(tests ${S})\n",
                "tests/a.cpp": CATCH2,
            },
            {"kind": "catch2", "build": CMAKE, "program": "build/bin/tests"},
        ),
        (
            {
                "Makefile": "bench: a.o\n\t$(CXX) -o $@ a.o -lbenchmark\n",
                "a.cpp": GOOGLE,
            },
            {"kind": "google-benchmark", "build": ["make", "-s", "bench"], "program": "bench"},
        ),
        (
            {"a.cpp": GOOGLE + "BENCHMARK_MAIN();\n", "include/a.h": ""},
            {
                "kind": "google-benchmark",
                "build": [
                    ["mkdir", "-p", "build"],
                    [
                        *("c++", "-O2", "-std=c++17", "-I.", "-Iinclude", "a.cpp"),
                        *("-o", "build/a", "-lbenchmark", "-lpthread"),
                    ],
                ],
                "program": "build/a",
            },
        ),
        (
            {"benchmark/benchmarks.jl": "const SUITE = BenchmarkGroup()\n"},
            {"kind": "benchmarktools", "sources": ["benchmark/benchmarks.jl"]},
        ),
    ],
)
def test_suites_that_a_project_has_are_found(
    tmp_path: Path, files: dict[str, str], found: dict[str, object]
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_text(text)
    assert list(options(tmp_path).values()) == [("suite", found)]


def test_a_suite_that_cannot_be_run_as_it_is_says_what_it_lacks(tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_text("app: main.c\n\tcc -o $@ main.c\n")
    (tmp_path / "main.c").write_text(MAIN)
    (tmp_path / "timed.cpp").write_text(GOOGLE)
    (tmp_path / "pom.xml").write_text("<groupId>org.openjdk.jmh</groupId>\n")
    lacks = {program.stem: program.lacks for program in found_programs(tmp_path)}
    assert not lacks["app"]
    assert "does not read what JMH says" in lacks["jmh"]
    assert "say by `build` and `program`" in lacks["timed"]


def test_unit_tests_without_benchmarks_are_no_suite(tmp_path: Path) -> None:
    (tmp_path / "CMakeLists.txt").write_text("add_executable(unit_tests a.cpp)\n")
    (tmp_path / "a.cpp").write_text('#include <catch2/catch.hpp>\nTEST_CASE("a") {}\n')
    assert options(tmp_path) == {}


def test_scripts_of_a_shell_are_taken_where_they_measure_or_there_is_nothing_else(
    tmp_path: Path,
) -> None:
    for name in ("deploy.sh", "tool", "bin/bench_all.sh"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    (tmp_path / "read.sh").write_text("#!/bin/sh\n")
    tried = {
        program.options["program"]: not program.untried for program in found_programs(tmp_path)
    }
    assert tried == {"./deploy.sh": False, "./tool": False, "bin/bench_all.sh": True}
    (tmp_path / "main.py").write_text("print(1)\n")
    assert set(options(tmp_path)) == {"main", "bench_all"}


def test_modules_tests_and_what_is_installed_are_no_programs(tmp_path: Path) -> None:
    for name, text in {
        "solve.c": MAIN,
        "tools/run.py": 'if __name__ == "__main__":\n    pass\n',
        "helper.c": "int helper(void) { return 1; }\n",
        "pkg/module.py": "def f():\n    return 1\n",
        "setup.py": "print(1)\n",
        "test_it.py": "print(1)\n",
        "tests/it.c": MAIN,
        "node_modules/x/index.js": "console.log(1)\n",
        ".hidden/it.c": MAIN,
        "a/b/c/d/deep.c": MAIN,
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "binary.c").write_bytes(b"\xff\xfe\x00")
    assert options(tmp_path) == {
        "solve": ("c", {"sources": ["solve.c"]}),
        "run": ("python", {"sources": ["tools/run.py"]}),
    }


def test_a_python_program_is_known_by_what_it_runs_when_it_is_loaded(tmp_path: Path) -> None:
    for name, text in {
        "scripts/tool.py": "import argparse\np = argparse.ArgumentParser();print(p)\n",
        "scripts/lines.py": "import sys\nfor line in sys.stdin: pass\nsys.exit(0)\n",
        "scripts/told.py": "def told():\n    p.parse_args()\n    x = 1; print(x)\n",
        "src/words/__init__.py": "",
        "src/words/__main__.py": "from . import core\ncore.run()\n",
        "src/words/core.py": "def run():\n    print(1)\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert options(tmp_path) == {
        "tool": ("python", {"sources": ["scripts/tool.py"], "path": ["src"]}),
        "lines": ("python", {"sources": ["scripts/lines.py"], "path": ["src"]}),
        "words": ("python", {"module": "words", "path": ["src"]}),
    }


def test_programs_of_one_name_in_several_languages_are_one_task() -> None:
    def program(stem: str, adapter: str, place: str = "") -> FoundProgram:
        return FoundProgram(stem, adapter, {}, "", place)

    found = named_targets(
        [
            program("nbody", "c", "c"),
            program("NBody", "java", "java"),
            program("nbody", "c", "c/plain"),
            program("a b", "lua"),
        ]
    )
    assert {name: task for name, (task, _) in found.items()} == {
        "nbody-c": "nbody",
        "nbody-java": "nbody",
        "c-plain-nbody": "c-plain-nbody",
        "a-b": "a-b",
    }


def test_a_folder_with_a_thousand_programs_gives_some_of_them(tmp_path: Path) -> None:
    for number in range(MOST_PROGRAMS + 5):
        (tmp_path / f"p{number}.c").write_text(MAIN)
    assert len(found_programs(tmp_path)) == MOST_PROGRAMS


@pytest.mark.parametrize(
    "text",
    [
        "[package\n",
        "package = 3\n",
        "[package]\nname = 3\n",
        '[workspace]\nmembers = ["/x", "a*"]\n',
    ],
)
def test_a_manifest_that_makes_no_sense_is_passed_over(tmp_path: Path, text: str) -> None:
    (tmp_path / "Cargo.toml").write_text(text)
    assert found_programs(tmp_path) == []
