"""`harness --help` says what click would say, without click."""

import os
import subprocess
import sys

import click
import pytest

from harness.cli import cli
from harness.cli.help_text import help_text


@pytest.mark.parametrize("columns", [20, *range(50, 106)])
def test_it_is_what_click_says_of_the_same_commands(columns: int):
    width = max(min(columns, 100) - 2, 50)
    context = click.Context(
        cli, info_name="harness", terminal_width=width, help_option_names=["-h", "--help"]
    )
    assert help_text(columns) == context.get_help() + "\n"


@pytest.mark.parametrize("flag", ["--help", "-h"])
@pytest.mark.parametrize("columns", ["60", "200", "none"])
def test_the_command_prints_it_for_the_width_of_the_terminal(flag: str, columns: str):
    env = {**os.environ, "COLUMNS": columns}
    script = f"import sys; sys.argv = ['harness', {flag!r}]\nfrom harness.cli import main\nmain()"
    said = subprocess.run(
        [sys.executable, "-c", script + "\n"], env=env, capture_output=True, text=True, check=True
    )
    assert said.stdout == help_text({"60": 60, "200": 200}.get(columns, 80))


def test_click_is_not_imported_for_it():
    script = (
        "import sys; sys.argv = ['harness', '--help']\nfrom harness.cli import main\n"
        "try: main()\nexcept SystemExit: print('click' in sys.modules, file=sys.stderr)"
    )
    said = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert said.stderr == "False\n"
