"""The empty programs of each adapter: what they import, read and link, and that they run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.errors import BuildFailed
from harness.model import Build, Command, Trial, TrialPlan
from harness_julia.floor import packages
from harness_python.floor import import_text

PYTHON = """\
from __future__ import annotations
import json, os.path
from typing import TYPE_CHECKING
try:
    import tomllib
except ImportError:
    tomllib = None
if TYPE_CHECKING:
    import email
import helper
from helper import twice as t

def work():
    import decimal
    return t(21)

if __name__ == "__main__":
    print(work())
"""

JULIA = """\
module Own
using Printf
end
using .Own
using Random,
    Statistics
import Dates # for the log
# using Unused
println(sum(1:10))
"""


def ran(shop: Any, build: Build) -> dict[str, Trial]:
    """A trial of each empty program, by what it adds."""
    found = {}
    for program in shop.adapter.floor(build, shop_case(), shop.runner):
        found[program.adds] = shop.runner.trial(program.command, TrialPlan())
    return found


def shop_case() -> Any:
    from harness.model import Case

    return Case("only", seed=1)


def test_python_imports_what_its_files_import_of_others(workshop_of: Any) -> None:
    shop = workshop_of("python")
    shop.write("helper.py", "import csv\n\ndef twice(n):\n    return 2 * n\n")
    shop.write("main.py", PYTHON)
    build = shop.build("main.py")
    said = {line.strip() for line in import_text(build).splitlines() if "import" in line}
    assert said == {
        "import json",
        "import os.path",
        "from typing import TYPE_CHECKING",
        "import tomllib",
        "import csv",  # what the program's own module imports
    }
    trials = ran(shop, build)
    assert list(trials) == ["start-up", "imports"]
    assert all(trial.ok for trial in trials.values())


def test_a_python_program_without_imports_has_start_up_alone(workshop_of: Any) -> None:
    shop = workshop_of("python")
    shop.write("main.py", "print(1)\n")
    assert list(ran(shop, shop.build("main.py"))) == ["start-up"]


@pytest.mark.parametrize(
    ("language", "name", "text"),
    [
        ("python", "main.py", "print(1)\n"),
        ("c", "main.c", "int main(void) { return 0; }\n"),
        ("julia", "main.jl", "println(1)\n"),
    ],
)
def test_declared_inputs_are_read_once(
    workshop_of: Any, language: str, name: str, text: str, tmp_path: Path
) -> None:
    shop = workshop_of(language)
    shop.write(name, text)
    data = shop.write('data/a "$b".txt', "1 2 3\n")
    build = shop.build(name, inputs=(data,), stdin=data)
    programs = shop.adapter.floor(build, shop_case(), shop.runner)
    assert [program.adds for program in programs][-1] == "input"
    whole = " ".join(programs[-1].command.argv)
    if language == "julia":
        whole = Path(programs[-1].command.argv[-1]).read_text()
        assert r'"data/a \"\$b\".txt"' in whole
    else:
        assert 'data/a "$b".txt' in whole
    assert all(trial.ok for trial in ran(shop, build).values())


def test_the_empty_c_program_has_the_target_s_flags_and_libraries(workshop_of: Any) -> None:
    shop = workshop_of("c")
    shop.write("main.c", "int main(void) { return 0; }\n")
    options = {
        "flags": ["-O2", "-std=c89", "-pedantic-errors", "-Wall", "-Wextra", "-Werror"],
        "link_flags": ["-ldl"],
    }
    build = shop.build("main.c", **options)
    (program,) = shop.adapter.floor(build, shop_case(), shop.runner)
    assert program.command.target == build.target
    needed = shop.runner.tool(["ldd", program.command.argv[0]]).stdout
    assert "libm.so" in needed  # nothing of it is called, but it is loaded as the target's is
    assert ran(shop, build)["start-up"].ok


def test_flags_that_no_empty_program_links_with_are_said(workshop_of: Any) -> None:
    shop = workshop_of("c")
    shop.write(
        "main.c",
        "void *__wrap_malloc(unsigned long n) { return 0; }\nint main(void) { return 0; }\n",
    )
    build = shop.build(
        "main.c", link_flags=["-Wl,--wrap=fopen", "-Wl,--require-defined=__wrap_malloc"]
    )
    with pytest.raises(BuildFailed, match="an empty program does not build"):
        shop.adapter.floor(build, shop_case(), shop.runner)


def test_julia_loads_the_packages_that_its_files_load(workshop_of: Any) -> None:
    shop = workshop_of("julia")
    shop.write("main.jl", JULIA)
    build = shop.build("main.jl")
    assert packages(build) == ("using Printf", "using Random, Statistics", "import Dates")
    trials = ran(shop, build)
    assert list(trials) == ["start-up", "imports"]
    assert all(trial.ok for trial in trials.values())


def test_the_floor_of_a_command_is_the_start_of_a_process(workshop_of: Any) -> None:
    shop = workshop_of("command")
    shop.write("run.sh", "#!/bin/sh\necho 1\n", 0o755)
    trials = ran(shop, shop.build("run.sh"))
    assert [(adds, trial.ok) for adds, trial in trials.items()] == [("start-up", True)]


HELD_ALIKE = {
    "python": ("main.py", "import random\nprint(1)\n", {}),
    "c": ("main.c", "int main(void) { return 0; }\n", {"library_dirs": ["libraries"]}),
    "julia": ("main.jl", "println(1)\n", {}),
    "javascript": ("main.js", "console.log(1)\n", {}),
    "lua": ("main.lua", "print(1)\n", {}),
}


@pytest.mark.parametrize("language", HELD_ALIKE)
def test_an_empty_program_has_the_caches_of_the_target_s_trials(
    workshop_of: Any, language: str
) -> None:
    shop = workshop_of(language)
    name, text, options = HELD_ALIKE[language]
    shop.write(name, text)
    shop.write("libraries/none.txt", "")
    build = shop.build(name, caches_last=False, **options)
    asked: list[Command] = []

    class Asked:
        def trial(self, command: Command, plan: TrialPlan) -> Trial:
            asked.append(command)
            return shop.runner.trial(command, plan)

        def __getattr__(self, name: str) -> Any:
            return getattr(shop.runner, name)

    shop.adapter.time(build, shop_case(), TrialPlan(), Asked())
    programs = shop.adapter.floor(build, shop_case(), shop.runner)
    assert programs
    for program in programs:
        empty = program.command
        assert (empty.env, empty.fresh, empty.reads) == (
            asked[0].env,
            asked[0].fresh,
            asked[0].reads,
        )
