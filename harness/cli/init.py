"""`harness init`: a first `harness.toml` for a project."""

from __future__ import annotations

from pathlib import Path

import click

from harness.api.initial import initialise
from harness.cli.shared.base import Answer, command
from harness.cli.shared.measuring import progress, told_options
from harness.errors import ExitCode
from harness.running.listening import Told


@command(epilog="Example: harness init && harness run")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), required=False)
@click.option(
    "--tried/--not-tried",
    default=True,
    show_default=True,
    help="Build and run each program, and leave out as comments those that do not run.",
)
@told_options
def init_command(folder: Path | None, tried: bool) -> Answer:
    """Look for programs in a project, and write a harness.toml that runs at once.

    It knows Makefiles, CMake, Meson, cargo and Go modules, sources with a main function or scripts
    in every language that there is an adapter for, and suites of benchmarks (asv, Catch2,
    criterion, Go, google-benchmark, pytest-benchmark, BenchmarkTools). Each target says why it is
    there. A script of a shell is run only where it is named after benchmarks. Nothing is asked and
    nothing written over. Exit code 1 where none of them runs.
    """
    with progress() as listener:
        made = initialise(folder, tried=tried, progress=Told(listener))
    return Answer(
        result=made.to_dict(),
        text=str(made),
        exit_code=ExitCode.FINE if made.targets else ExitCode.ANSWER_IS_NO,
        error=None if made.targets else f"no program that was found runs as it is: see {made.path}",
        hint=None if made.targets else "Give them their arguments in `args`, and take the # away.",
        next_actions=("harness run",) if made.targets else (),
    )
