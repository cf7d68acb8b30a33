"""The empty programs of a C target: compiled with its flags, linked with its libraries."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from harness.adapterkit import EMPTY
from harness.errors import BuildFailed
from harness.hookspecs import Runner
from harness.model import Build, Command, EmptyProgram
from harness_c.build import Recipe
from harness_c.options import Options

NAME = "empty"


def empty_programs(build: Build, runner: Runner) -> tuple[EmptyProgram, ...]:
    """One that starts and ends, and one that reads the inputs where the target has any."""
    target = build.target
    program = str(_made(build, runner))
    reads = Options.of(target).library_folders(target)
    start = Command((program,), target.env, target, reads=reads)
    found = [EmptyProgram("start-up", start)]
    read = (*target.input_names(), *(["-"] if target.stdin else []))
    if read:
        found.append(EmptyProgram("input", replace(start, argv=(program, *read))))
    return tuple(found)


def _made(build: Build, runner: Runner) -> Path:
    """The empty program beside the build; made where it is not there yet."""
    program = build.workdir / NAME / NAME
    if program.is_file():
        return program
    recipe = Recipe.of(build.target, build.toolchain, runner)
    program.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".building-", dir=program.parent) as folder:
        command = recipe.compile_command
        _call(runner, folder, *command, "-c", str(EMPTY), "-o", "empty.o")
        start = (command[0], *recipe.options.link_start(recipe.target))
        # A library is loaded when the program starts, also where nothing of it is called here.
        rest = [str(path) for path in recipe.linked if path.suffix == ".so"]
        told = recipe.options.link_arguments(recipe.target)
        libraries = ("-Wl,--no-as-needed", *rest, *recipe.packages.link, *told)
        _call(runner, folder, *start, "empty.o", *libraries, "-o", NAME)
        (Path(folder) / NAME).replace(program)
    return program


def _call(runner: Runner, folder: str, *words: str) -> None:
    said = runner.tool(words, cwd=Path(folder))
    if not said.ok:
        raise BuildFailed(
            f"an empty program does not build with the target's flags: {said.stderr.strip()}"
        )
